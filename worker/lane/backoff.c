/* SPDX-License-Identifier: Apache-2.0
 *
 * Exponential back-off with jitter. */
#include "worker/lane/backoff.h"

#include "common/base/ensure.h"

uint32_t backoff_ms(uint32_t failures, struct prng *prng)
{
    ENSURE(failures >= 1);
    uint32_t longest = BACKOFF_FIRST_MS;
    for (uint32_t i = 1; i < failures && longest < BACKOFF_MAX_MS; i++) {
        longest *= 2;
    }
    if (longest > BACKOFF_MAX_MS) {
        longest = BACKOFF_MAX_MS;
    }
    return longest / 2 + prng_below(prng, longest / 2 + 1);
}
