/* SPDX-License-Identifier: Apache-2.0
 *
 * What to say of a failure that lasts: it is said once, not with each attempt. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"

struct trouble {
    const char *who;      /* whose log line it is */
    uint64_t said_ms;     /* 0: nothing, or that it works again */
    enum error_kind said; /* what kind */
};

void trouble_init(struct trouble *trouble, const char *who);

/* One more failure. Says it if it is new, or was not said for a minute. */
void trouble_note(struct trouble *trouble, const struct error *error, uint64_t now_ms);

/* It works again; says so if it was said that it did not. */
void trouble_over(struct trouble *trouble);

/* To draw waiting times from. */
uint64_t trouble_seed(void);

/* The clock that trouble is timed by: it only goes forward, and is never 0. */
uint64_t trouble_now_ms(void);
