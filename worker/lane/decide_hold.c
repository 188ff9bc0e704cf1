/* SPDX-License-Identifier: Apache-2.0
 *
 * Decides what becomes of a hold: commit, release, extend, expire. */
#include "common/base/ensure.h"
#include "worker/lane/deciding.h"
#include "worker/lane/movement.h"
#include "worker/lane/refusal.h"

static const int64_t second_us = 1000000;

/* In which states a hold refuses, and why; the contract's table. An active hold refuses nothing, be
 * it past its end or not. */
static const enum reason commit_refusals[] = {
    [HOLD_ACTIVE] = REASON_NONE,
    [HOLD_EXPIRED] = REASON_NONE,
    [HOLD_RELEASED] = REASON_HOLD_RELEASED,
    [HOLD_COMMITTED] = REASON_ALREADY_COMMITTED,
    [HOLD_CANCELLED] = REASON_ALREADY_CANCELLED,
};
static const enum reason release_refusals[] = {
    [HOLD_ACTIVE] = REASON_NONE,
    [HOLD_EXPIRED] = REASON_NONE,
    [HOLD_RELEASED] = REASON_NONE,
    [HOLD_COMMITTED] = REASON_ALREADY_COMMITTED,
    [HOLD_CANCELLED] = REASON_ALREADY_CANCELLED,
};
static const enum reason extend_refusals[] = {
    [HOLD_ACTIVE] = REASON_NONE,
    [HOLD_EXPIRED] = REASON_HOLD_EXPIRED,
    [HOLD_RELEASED] = REASON_HOLD_RELEASED,
    [HOLD_COMMITTED] = REASON_ALREADY_COMMITTED,
    [HOLD_CANCELLED] = REASON_ALREADY_CANCELLED,
};

/* A commit that takes an expired hold's units again. */
static const struct refusal retake_refusals[] = {
    {sku_is_over_limit, REASON_OVER_LIMIT},
    {sku_is_sold_out, REASON_SOLD_OUT},
};

static bool hold_matches(const struct hold *hold, const struct job *job)
{
    return (span_absent(job->customer) || span_equal(job->customer, hold->customer)) &&
           (span_absent(job->store) || span_equal(job->store, hold->store));
}

static struct hold *hold_named(const struct deciding *deciding)
{
    struct hold *hold = deciding->named == NULL ? NULL : deciding->named->hold;
    return hold != NULL && hold_matches(hold, deciding->job) ? hold : NULL;
}

static void hold_describe(struct deciding *deciding, struct hold *hold)
{
    struct decision *decision = deciding->decision;
    decision->hold = hold->id;
    decision->sale = hold->sale;
    decision->customer = hold->customer;
    decision->store = hold->store;
    decision->pool = hold->pool;
    decision->slot = hold->slot;
    if (span_absent(decision->ref)) {
        decision->ref = hold->ref;
    }
    wants_of_hold(deciding, hold);
}

/* Finds and describes the hold. NULL: the job is refused. */
static struct hold *hold_begin(struct deciding *deciding, const enum reason *refusals)
{
    struct hold *hold = hold_named(deciding);
    if (hold == NULL) {
        /* Another customer's hold stays untold: the decision repeats what the job said. */
        deciding->decision->hold = deciding->job->hold;
        deciding->decision->customer = deciding->job->customer;
        deciding->decision->store = deciding->job->store;
    } else {
        hold_describe(deciding, hold);
    }
    if (is_late(deciding)) {
        refuse_late(deciding);
        return NULL;
    }
    if (hold == NULL) {
        refuse(deciding, REASON_UNKNOWN_HOLD);
        return NULL;
    }
    const enum reason reason = refusals[hold->state];
    if (reason == REASON_NONE) {
        return hold;
    }
    const bool already = reason == REASON_ALREADY_COMMITTED || reason == REASON_ALREADY_CANCELLED;
    refuse_by(deciding, reason, already ? hold->ended_by : SPAN_NONE);
    return NULL;
}

/* The units are counted already, and stay so. */
static void commit_held(struct deciding *deciding)
{
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        stock_move(deciding, want->stock, -want->qty, -want->qty, COUNTING_NONE,
                   &deciding->items[i]);
    }
}

/* The units are counted anew, under the limit and round of the moment. */
static void commit_retaken(struct deciding *deciding)
{
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        const bool counted = want->stock->per_customer != 0;
        want->line->counted = counted;
        want->line->round = counted ? want->stock->round : SPAN_NONE;
        stock_move(deciding, want->stock, -want->qty, 0,
                   (struct counting){counted ? want->qty : 0, want->line->round},
                   &deciding->items[i]);
        ENSURE(want->stock->held <= want->stock->unsold);
    }
    deciding->decision->retaken = true;
}

/* The hold keeps its own lines: what is cancelled later comes off the sale's. */
static void commit_sell(struct deciding *deciding, struct hold *hold)
{
    struct line *lines = deciding_take(deciding, hold->line_count * sizeof *lines);
    for (uint32_t i = 0; i < hold->line_count; i++) {
        lines[i] = hold->lines[i];
    }
    deciding->decision->outcome = OUTCOME_CONFIRMED;
    deciding->named->sale = sale_make(deciding, lines, hold->line_count);
    hold->sale = deciding->job->id;
    hold_end(hold, HOLD_COMMITTED, deciding->job->id);
}

void decide_commit(struct deciding *deciding)
{
    enum { RETAKE_REFUSALS = sizeof retake_refusals / sizeof retake_refusals[0] };
    struct hold *hold = hold_begin(deciding, commit_refusals);
    if (hold == NULL) {
        return;
    }
    movements_begin(deciding, hold->line_count);
    if (hold->state == HOLD_ACTIVE) {
        commit_held(deciding);
    } else if (refused(deciding, retake_refusals, RETAKE_REFUSALS)) {
        return;
    } else {
        commit_retaken(deciding);
    }
    commit_sell(deciding, hold);
}

/* Held units become available, and come off what is counted, each off its own round. */
static void hold_free(struct deciding *deciding, struct hold *hold)
{
    movements_begin(deciding, hold->line_count);
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        const int64_t counted = want->line->counted ? -want->qty : 0;
        stock_move(deciding, want->stock, 0, -want->qty,
                   (struct counting){counted, want->line->round}, &deciding->items[i]);
    }
}

void decide_release(struct deciding *deciding)
{
    struct hold *hold = hold_begin(deciding, release_refusals);
    if (hold == NULL) {
        return;
    }
    if (hold->state == HOLD_ACTIVE) {
        hold_free(deciding, hold);
    }
    if (hold->state != HOLD_RELEASED) {
        hold_end(hold, HOLD_RELEASED, deciding->job->id);
    }
    deciding->decision->outcome = OUTCOME_RELEASED;
}

void decide_extend(struct deciding *deciding)
{
    struct hold *hold = hold_begin(deciding, extend_refusals);
    if (hold == NULL) {
        return;
    }
    hold->expires_at = deciding->state->now + deciding->job->ttl * second_us;
    if (hold->mark == MARK_SAME) {
        hold->mark = MARK_CHANGED;
    }
    deciding->decision->expires_at = hold->expires_at;
    deciding->decision->outcome = OUTCOME_EXTENDED;
}

void decide_expire(struct deciding *deciding)
{
    struct hold *hold = deciding->named->hold;
    ENSURE(hold->state == HOLD_ACTIVE && hold->expires_at <= deciding->state->now);
    hold_describe(deciding, hold);
    hold_free(deciding, hold);
    hold_end(hold, HOLD_EXPIRED, deciding->job->id);
    deciding->decision->outcome = OUTCOME_EXPIRED;
}
