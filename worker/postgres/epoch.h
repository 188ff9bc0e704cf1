/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL counts microseconds from the year 2000, we from 1970. */
#pragma once

#include "common/base/instant.h"

#define EPOCH_2000 INT64_C(946684800000000) /* of an instant */

static inline int64_t epoch_from_instant(instant time)
{
    return time - EPOCH_2000;
}

/* Infinity, which only somebody else can have written, becomes the last or first of our times. */
static inline instant epoch_to_instant(int64_t value)
{
    if (value < INSTANT_MIN - EPOCH_2000) {
        return INSTANT_MIN;
    }
    return value > INSTANT_MAX - EPOCH_2000 ? INSTANT_MAX : value + EPOCH_2000;
}
