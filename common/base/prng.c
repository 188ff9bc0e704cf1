/* SPDX-License-Identifier: Apache-2.0
 *
 * SplitMix64: one word of state, every seed as good as any other. */
#include "common/base/prng.h"

#include "common/base/ensure.h"

void prng_init(struct prng *prng, uint64_t seed)
{
    prng->state = seed;
}

uint64_t prng_next(struct prng *prng)
{
    prng->state += 0x9e3779b97f4a7c15;
    uint64_t word = prng->state;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}

uint32_t prng_below(struct prng *prng, uint32_t bound)
{
    ENSURE(bound > 0);
    return (uint32_t)(((prng_next(prng) >> 32) * bound) >> 32);
}
