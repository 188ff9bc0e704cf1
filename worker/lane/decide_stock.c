/* SPDX-License-Identifier: Apache-2.0
 *
 * Decides what the stock keeper says: adjust, set, define. */
#include "common/base/ensure.h"
#include "worker/lane/deciding.h"
#include "worker/lane/movement.h"
#include "worker/lane/refusal.h"

/* Only a positive adjust makes a SKU known. */
static bool sku_stays_unknown(const struct deciding *deciding, const struct want *want,
                              struct fault *fault)
{
    return want->qty <= 0 && sku_is_unknown(deciding, want, fault);
}

static const struct refusal adjust_refusals[] = {
    {sku_stays_unknown, REASON_UNKNOWN_SKU},
    {sku_falls_below_held, REASON_BELOW_HELD},
    {sku_is_over_capacity, REASON_OVER_CAPACITY},
};

static const struct refusal set_refusals[] = {
    {sku_version_has_changed, REASON_VERSION_CHANGED},
    {sku_falls_below_held, REASON_BELOW_HELD},
    {sku_is_over_capacity, REASON_OVER_CAPACITY},
};

static void stock_describe(struct deciding *deciding)
{
    deciding->decision->pool = deciding->job->pool;
    wants_of_job(deciding, deciding->job->pool);
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        const bool needed = deciding->job->kind != KIND_ADJUST || want->qty > 0;
        ENSURE(want->stock != NULL || !needed); /* what may become known has a locked row */
    }
}

static void stock_make_known(struct stock *stock)
{
    if (!stock->known) {
        stock->known = true;
        stock->mark = MARK_CHANGED;
    }
}

void decide_adjust(struct deciding *deciding)
{
    enum { ADJUST_REFUSALS = sizeof adjust_refusals / sizeof adjust_refusals[0] };
    stock_describe(deciding);
    if (refused(deciding, adjust_refusals, ADJUST_REFUSALS)) {
        return;
    }
    movements_begin(deciding, deciding->want_count);
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        stock_move(deciding, want->stock, want->qty, 0, COUNTING_NONE, &deciding->items[i]);
        stock_make_known(want->stock);
    }
    deciding->decision->outcome = OUTCOME_STOCKED;
}

void decide_set(struct deciding *deciding)
{
    enum { SET_REFUSALS = sizeof set_refusals / sizeof set_refusals[0] };
    stock_describe(deciding);
    if (refused(deciding, set_refusals, SET_REFUSALS)) {
        return;
    }
    movements_begin(deciding, deciding->want_count);
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        stock_move(deciding, want->stock, want->qty - want->stock->unsold, 0, COUNTING_NONE,
                   &deciding->items[i]);
        stock_make_known(want->stock);
    }
    deciding->decision->outcome = OUTCOME_STOCKED;
}

static instant instant_changed(instant before, enum change change, instant value)
{
    switch (change) {
    case CHANGE_NONE:
        return before;
    case CHANGE_CLEAR:
        return INSTANT_NONE;
    case CHANGE_SET:
        break;
    }
    return value;
}

void decide_define(struct deciding *deciding)
{
    const struct definition *definition = &deciding->job->definition;
    stock_describe(deciding);
    ENSURE(deciding->want_count == 1);
    struct stock *stock = deciding->wants[0].stock;
    if (definition->per_customer_change != CHANGE_NONE) {
        const bool set = definition->per_customer_change == CHANGE_SET;
        stock->per_customer = set ? definition->per_customer : 0;
    }
    if (definition->round_change != CHANGE_NONE) {
        const bool set = definition->round_change == CHANGE_SET;
        stock->round = set ? definition->round : SPAN_NONE;
    }
    stock->opens_at =
        instant_changed(stock->opens_at, definition->opens_change, definition->opens_at);
    stock->closes_at =
        instant_changed(stock->closes_at, definition->closes_change, definition->closes_at);
    stock->known = true;
    stock->mark = MARK_CHANGED;
    deciding->decision->outcome = OUTCOME_STOCKED;
}
