/* SPDX-License-Identifier: Apache-2.0
 *
 * How long to wait before something that failed is tried again. */
#pragma once

#include <stdint.h>

#include "common/base/prng.h"

#define BACKOFF_FIRST_MS 10u
#define BACKOFF_MAX_MS   2000u

/* After so many failures in a row, 1 at least: twice as long each time, up to the maximum, less a
 * random half, so that those who failed together do not come again together. */
uint32_t backoff_ms(uint32_t failures, struct prng *prng);
