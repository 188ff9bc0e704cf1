/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of a port that is made up, one of which fails: in front of what it does, behind it, or with
 * its caller gone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

enum faulty_kind {
    FAULTY_NONE,
    FAULTY_BEFORE, /* it fails, and nothing was done */
    FAULTY_AFTER,  /* it fails, though it was done */
    FAULTY_GONE,   /* it was done, and who called is gone */
    FAULTY_KINDS,
};

struct faulty {
    uint32_t calls;
    uint32_t at; /* which call it is: 1, 2, 3 ...; 0: none */
    enum faulty_kind kind;
    bool gone; /* whoever called is to be thrown away */
};

static inline enum faulty_kind faulty_now(const struct faulty *faulty)
{
    return faulty->calls == faulty->at ? faulty->kind : FAULTY_NONE;
}

/* At the beginning of each call. False: it fails here. */
static inline bool faulty_begin(struct faulty *faulty, struct error *error)
{
    faulty->calls++;
    return faulty_now(faulty) != FAULTY_BEFORE ||
           error_set(error, ERROR_RETRY, "a connection is lost");
}

/* What the call answers when it is done. */
static inline bool faulty_end(struct faulty *faulty, struct error *error)
{
    faulty->gone |= faulty_now(faulty) == FAULTY_GONE;
    return faulty_now(faulty) != FAULTY_AFTER ||
           error_set(error, ERROR_UNKNOWN, "an answer is lost");
}
