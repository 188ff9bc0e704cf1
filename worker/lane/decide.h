/* SPDX-License-Identifier: Apache-2.0
 *
 * Decides the jobs of a batch, in order.
 *
 * Pure: no I/O, no clock, no allocation, no state of its own. All it may know is in its arguments,
 * so unit tests and simulator run what production runs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/contract/answer.h"
#include "common/contract/decision.h"
#include "common/contract/job.h"
#include "worker/lane/state.h"

/* A job as it came. */
struct entry {
    const struct job *job;
    uint64_t meaning; /* its digest: jobs of one id are the same if their digests are */
    uint32_t slot;    /* of its first SKU; of a job without one, of its routing key */
    bool from_stock_exchange;
};

/* What one decision changed of one SKU. At most one of a decision and SKU has a version. One of
 * version 0 moves no stock, only what is counted to the customer: where a replaced hold was counted
 * under another round than the new one, or only one of them was. */
struct movement {
    const struct stock *stock; /* pool and SKU; its figures are those at the end of the batch */

    /* The line that it belongs to, in the decision's items or released_items. No other movement
     * belongs to the same line. */
    const struct decision_item *item;
    int64_t version;
    int64_t unsold_delta;
    int64_t held_delta;
    int64_t taken_delta;  /* 0: nothing counted */
    struct span round;    /* if taken_delta is not 0: under which round; absent: under none */
    struct span customer; /* absent if taken_delta is 0 */
};

enum result_kind {
    RESULT_DECISION, /* new: to be recorded and published */
    RESULT_REPEAT,   /* decided before: to be published again */
    RESULT_ANSWER,   /* cannot be decided under its id */
    RESULT_NOTHING,  /* an expire of a hold that is not overdue */
};

struct result {
    enum result_kind kind;
    struct decision decision;
    const struct decision *repeat; /* a recorded one, or that of an earlier job of the batch */
    enum answer_reason answer;
    const struct movement *movements; /* of a decision */
    uint32_t movement_count;
};

/* Instead of a number: a hold or sale was loaded, and a SKU of it was not. A row that somebody has
 * made known while others were waited for is not locked, though it was asked for. */
#define DECIDE_TORN UINT32_MAX

/* Decides the first jobs of a batch and returns how many: all, or as many as the arena has room
 * for. Writes a result for each, and changes the state to what it is after them. To be called once
 * for what was loaded. */
uint32_t decide(struct state *state, const struct entry *entries, uint32_t count,
                struct arena *arena, struct result *results) MUST_CHECK;
