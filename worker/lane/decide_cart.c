/* SPDX-License-Identifier: Apache-2.0
 *
 * Decides what a customer wants to have: checkout and reserve. All items or none. */
#include "common/base/ensure.h"
#include "worker/lane/deciding.h"
#include "worker/lane/movement.h"
#include "worker/lane/refusal.h"

static const int64_t second_us = 1000000;

/* The contract's order. */
static const struct refusal cart_refusals[] = {
    {sku_is_unknown, REASON_UNKNOWN_SKU},
    {sku_is_not_on_sale, REASON_NOT_ON_SALE},
    {sku_is_over_limit, REASON_OVER_LIMIT},
    {sku_is_sold_out, REASON_SOLD_OUT},
};

/* What a hold that is asked to be replaced answers, by its state. An expired or released one has
 * nothing to give back and is ignored. */
static const enum reason replace_refusals[] = {
    [HOLD_ACTIVE] = REASON_NONE,
    [HOLD_EXPIRED] = REASON_NONE,
    [HOLD_RELEASED] = REASON_NONE,
    [HOLD_COMMITTED] = REASON_ALREADY_COMMITTED,
    [HOLD_CANCELLED] = REASON_ALREADY_CANCELLED,
};

static void cart_describe(struct deciding *deciding)
{
    struct decision *decision = deciding->decision;
    decision->customer = deciding->job->customer;
    decision->store = deciding->job->store;
    decision->pool = state_pool(deciding->state, decision->store);
    wants_of_job(deciding, decision->pool);
}

static bool cart_is_refused(struct deciding *deciding)
{
    enum { COUNT = sizeof cart_refusals / sizeof cart_refusals[0] };
    return refused(deciding, cart_refusals, COUNT);
}

/* Units of a SKU with a limit are counted under its round of the moment. */
static struct counting counting_of(const struct stock *stock, int64_t qty)
{
    return stock->per_customer == 0 ? COUNTING_NONE : (struct counting){qty, stock->round};
}

static struct line line_of(const struct want *want)
{
    const bool counted = want->stock->per_customer != 0;
    return (struct line){.sku = want->sku,
                         .qty = want->qty,
                         .counted = counted,
                         .round = counted ? want->stock->round : SPAN_NONE};
}

void decide_checkout(struct deciding *deciding)
{
    cart_describe(deciding);
    if (is_late(deciding)) {
        refuse_late(deciding);
        return;
    }
    if (span_absent(deciding->decision->pool)) {
        refuse(deciding, REASON_UNKNOWN_STORE);
        return;
    }
    if (cart_is_refused(deciding)) {
        return;
    }
    struct line *lines = deciding_take(deciding, deciding->want_count * sizeof *lines);
    movements_begin(deciding, deciding->want_count);
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        lines[i] = line_of(want);
        stock_move(deciding, want->stock, -want->qty, 0, counting_of(want->stock, want->qty),
                   &deciding->items[i]);
        ENSURE(want->stock->held <= want->stock->unsold);
    }
    deciding->decision->outcome = OUTCOME_CONFIRMED;
    (void)sale_make(deciding, lines, deciding->want_count); /* found by the job's id */
}

/* The hold to be replaced: of the same customer and pool. NULL: there is none. */
static struct hold *replaced_hold(const struct deciding *deciding)
{
    struct hold *hold = deciding->named == NULL ? NULL : deciding->named->hold;
    const struct decision *decision = deciding->decision;
    if (hold == NULL || !span_equal(hold->customer, decision->customer) ||
        !span_equal(hold->pool, decision->pool)) {
        return NULL;
    }
    return hold;
}

/* Each SKU of the hold that comes free points to its line, so that wants can find it. */
static void credits_put(struct deciding *deciding, struct hold *hold)
{
    for (uint32_t i = 0; i < hold->line_count; i++) {
        struct stock *stock = state_stock(deciding->state, hold->pool, hold->lines[i].sku);
        ENSURE(stock != NULL); /* whoever loads a hold loads and locks its SKUs */
        stock->other = &hold->lines[i];
    }
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        struct want *want = &deciding->wants[i];
        want->credit = want->stock == NULL ? NULL : want->stock->other;
    }
}

static void credits_clear(const struct deciding *deciding, const struct hold *hold)
{
    for (uint32_t i = 0; i < hold->line_count; i++) {
        state_stock(deciding->state, hold->pool, hold->lines[i].sku)->other = NULL;
    }
}

static struct counting freed_of(const struct line *line)
{
    return line->counted ? (struct counting){-line->qty, line->round} : COUNTING_NONE;
}

/* One SKU of the new hold, netted with what the replaced one held of it: one change, one version.
 * What is counted may change twice, when the rounds differ: then also on the released line. */
static void hold_netted(struct deciding *deciding, const struct want *want,
                        struct decision_item *item, struct decision_item *released)
{
    struct counting counting = counting_of(want->stock, want->qty);
    struct counting freed = freed_of(want->credit);
    if (counting.delta == 0) {
        counting = freed;
        freed = COUNTING_NONE;
    } else if (freed.delta != 0 && span_equal(counting.round, freed.round)) {
        counting.delta += freed.delta;
        freed = COUNTING_NONE;
    }
    stock_move(deciding, want->stock, 0, want->qty - want->credit->qty, counting, item);
    stock_move(deciding, want->stock, 0, 0, freed, released);
    want->stock->other = NULL; /* settled */
}

/* The lines of the new hold. Replaced is NULL, or the hold that credits come from. */
static struct line *hold_units(struct deciding *deciding, const struct hold *replaced,
                               struct decision_item *released_items)
{
    struct line *lines = deciding_take(deciding, deciding->want_count * sizeof *lines);
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        lines[i] = line_of(want);
        if (want->credit == NULL) {
            stock_move(deciding, want->stock, 0, want->qty, counting_of(want->stock, want->qty),
                       &deciding->items[i]);
        } else {
            ENSURE(replaced != NULL); /* where credits come from */
            hold_netted(deciding, want, &deciding->items[i],
                        &released_items[want->credit - replaced->lines]);
        }
        ENSURE(want->stock->held <= want->stock->unsold);
    }
    return lines;
}

/* Releases what of the replaced hold is not settled with the new one. */
static void hold_replace(struct deciding *deciding, struct hold *replaced,
                         struct decision_item *released_items)
{
    for (uint32_t i = 0; i < replaced->line_count; i++) {
        const struct line *line = &replaced->lines[i];
        struct stock *stock = state_stock(deciding->state, replaced->pool, line->sku);
        if (stock->other != NULL) {
            stock_move(deciding, stock, 0, -line->qty, freed_of(line), &released_items[i]);
        }
    }
    hold_end(replaced, HOLD_RELEASED, deciding->job->id);
    deciding->decision->released_items = released_items;
    deciding->decision->released_count = replaced->line_count;
}

static void hold_make(struct deciding *deciding, struct line *lines)
{
    struct decision *decision = deciding->decision;
    struct hold *hold = deciding_take(deciding, sizeof *hold);
    decision->outcome = OUTCOME_HELD;
    decision->hold = decision->job;
    decision->expires_at = deciding->state->now + deciding->job->ttl * second_us;
    *hold = (struct hold){.id = decision->job,
                          .customer = decision->customer,
                          .store = decision->store,
                          .pool = decision->pool,
                          .ref = decision->ref,
                          .slot = decision->slot,
                          .state = HOLD_ACTIVE,
                          .expires_at = decision->expires_at,
                          .lines = lines,
                          .line_count = deciding->want_count};
    state_add_hold(deciding->state, hold);
    deciding->made_hold = hold;
}

static void reserve_grant(struct deciding *deciding, struct hold *replaced)
{
    const uint32_t released = replaced == NULL ? 0 : replaced->line_count;
    struct decision_item *items = deciding_take(deciding, released * sizeof *items);
    for (uint32_t i = 0; i < released; i++) {
        items[i] =
            (struct decision_item){.sku = replaced->lines[i].sku, .qty = replaced->lines[i].qty};
    }
    movements_begin(deciding, deciding->want_count + released);
    struct line *lines = hold_units(deciding, replaced, items);
    if (replaced != NULL) {
        hold_replace(deciding, replaced, items);
    }
    hold_make(deciding, lines);
}

void decide_reserve(struct deciding *deciding)
{
    cart_describe(deciding);
    deciding->decision->replaces = deciding->job->replaces;
    if (is_late(deciding)) {
        refuse_late(deciding);
        return;
    }
    if (span_absent(deciding->decision->pool)) {
        refuse(deciding, REASON_UNKNOWN_STORE);
        return;
    }
    struct hold *replaced = replaced_hold(deciding);
    if (replaced == NULL && !span_absent(deciding->job->replaces)) {
        refuse(deciding, REASON_UNKNOWN_HOLD);
        return;
    }
    if (replaced != NULL && replace_refusals[replaced->state] != REASON_NONE) {
        refuse_by(deciding, replace_refusals[replaced->state], replaced->ended_by);
        return;
    }
    if (replaced != NULL && replaced->state != HOLD_ACTIVE) {
        replaced = NULL;
    }
    if (replaced != NULL) {
        credits_put(deciding, replaced);
    }
    if (!cart_is_refused(deciding)) {
        reserve_grant(deciding, replaced);
    }
    if (replaced != NULL) {
        credits_clear(deciding, replaced);
    }
}
