/* SPDX-License-Identifier: Apache-2.0
 *
 * What to say of a failure that lasts, and how long to wait: it is said once, not with each
 * attempt. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/prng.h"

struct trouble {
    const char *who; /* whose log line it is */
    struct prng prng;
    uint32_t failures; /* in a row; 0: all is well */
    uint64_t since_ms;
    uint64_t said_ms;
    enum error_kind said; /* what kind */
};

void trouble_init(struct trouble *trouble, const char *who);

/* One more failure; returns how long to wait. Says it if it is new, or was not said for a minute.
 */
uint32_t trouble_note(struct trouble *trouble, const struct error *error, uint64_t now_ms);

/* It works again; says so if it was said that it did not. */
void trouble_over(struct trouble *trouble);

/* The clock that trouble is timed by: it only goes forward, and is never 0. */
uint64_t trouble_now_ms(void);
