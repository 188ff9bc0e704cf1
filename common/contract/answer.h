/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of a job that cannot be decided under its id: it is answered, put aside as a dead
 * letter, or both. */
#pragma once

#include <stdint.h>

#include "common/base/span.h"

enum answer_reason {
    ANSWER_MALFORMED,
    ANSWER_NOT_ALLOWED,
    ANSWER_ID_REUSED,
    ANSWER_PARKED,
};

enum dead_reason {
    DEAD_MALFORMED,
    DEAD_FAILED,         /* the database refused this one job */
    DEAD_CRASHING,       /* begun alone too often without an end */
    DEAD_DELIVERY_LIMIT, /* the broker gave up delivering it */
};

/* Absent: what could not be read of the job, and a pointer where none applies. */
struct answer {
    struct span job; /* its id: without one there is no answer */
    enum answer_reason reason;
    struct span kind; /* the text, of a kind that exists */
    struct span store;
    struct span pointer; /* JSON pointer to the offending member */
    struct span text;    /* what is wrong with it */
    uint32_t crc;        /* till_crc32() of the job's bytes */
};
