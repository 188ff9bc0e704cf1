/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers that look random and are the same for the same seed, on every machine and for ever: a
 * failure that a seed found is found by it again. Not for secrets. */
#pragma once

#include <stdint.h>

#include "common/base/ensure.h"

/* SplitMix64: one word of state, every seed as good as any other. */
struct prng {
    uint64_t state;
};

static inline void prng_init(struct prng *prng, uint64_t seed)
{
    prng->state = seed;
}

static inline uint64_t prng_next(struct prng *prng)
{
    prng->state += 0x9e3779b97f4a7c15;
    uint64_t word = prng->state;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}

/* 0 to bound - 1, all about equally often; bound > 0. */
static inline uint32_t prng_below(struct prng *prng, uint32_t bound)
{
    ENSURE(bound > 0);
    return (uint32_t)(((prng_next(prng) >> 32) * bound) >> 32);
}
