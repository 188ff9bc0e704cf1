/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulator's account of jobs as scripts need it: what was published and acknowledged is
 * written down, nothing is judged. It stands in for sim_account.c and sim_told.c. */
#pragma once

#include "tests/conformance/broker_side.h"
#include "tests/sim/sim_account.h"

enum { BOOK_MAX = 64 };

struct sim_book {
    bool listened; /* some subscriber has a queue */
    uint32_t published;
    char bodies[BOOK_MAX][BODY_MAX]; /* of all that was published */
    uint32_t heard_count;
    uint32_t heard[BOOK_MAX]; /* their numbers, in order */
    uint32_t dead;
    uint32_t acknowledged;
};

/* Nothing is written in it. */
struct sim_book *sim_book_begin(void);
