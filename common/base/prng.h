/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers that look random and are the same for the same seed, on every machine and for ever: a
 * failure that a seed found is found by it again. Not for secrets. */
#pragma once

#include <stdint.h>

struct prng {
    uint64_t state;
};

void prng_init(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);

/* 0 to bound - 1, all about equally often; bound > 0. */
uint32_t prng_below(struct prng *prng, uint32_t bound);
