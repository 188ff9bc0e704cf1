/* SPDX-License-Identifier: Apache-2.0
 *
 * Decides what comes back of a sale: cancel. */
#include "common/base/ensure.h"
#include "worker/lane/deciding.h"
#include "worker/lane/movement.h"
#include "worker/lane/refusal.h"

static const struct refusal cancel_refusals[] = {
    {sku_is_not_cancellable, REASON_NOT_CANCELLABLE},
    {sku_is_over_capacity, REASON_OVER_CAPACITY},
};

/* Whether the job may know of something of this customer and store. */
static bool sale_matches(const struct job *job, struct span customer, struct span store)
{
    return (span_absent(job->customer) || span_equal(job->customer, customer)) &&
           (span_absent(job->store) || span_equal(job->store, store));
}

static struct sale *sale_named(const struct deciding *deciding)
{
    struct sale *sale = deciding->named == NULL ? NULL : deciding->named->sale;
    return sale != NULL && sale_matches(deciding->job, sale->customer, sale->store) ? sale : NULL;
}

/* Something is known under the id, to this customer, and it is not a sale. */
static bool is_no_sale(const struct deciding *deciding)
{
    const struct known *named = deciding->named;
    if (named == NULL || named->sale != NULL) {
        return false;
    }
    if (named->hold != NULL) {
        return sale_matches(deciding->job, named->hold->customer, named->hold->store);
    }
    return named->decision != NULL &&
           sale_matches(deciding->job, named->decision->customer, named->decision->store);
}

/* Items that the job names find the sale's lines through their stock. */
static void wants_of_named_items(struct deciding *deciding, struct sale *sale)
{
    for (uint32_t i = 0; i < sale->line_count; i++) {
        struct stock *stock = state_stock(deciding->state, sale->pool, sale->lines[i].sku);
        ENSURE(stock != NULL); /* whoever loads a sale loads and locks its SKUs */
        stock->other = &sale->lines[i];
    }
    wants_of_job(deciding, sale->pool);
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        struct want *want = &deciding->wants[i];
        want->line = want->stock == NULL ? NULL : want->stock->other;
    }
    for (uint32_t i = 0; i < sale->line_count; i++) {
        state_stock(deciding->state, sale->pool, sale->lines[i].sku)->other = NULL;
    }
}

static void sale_describe(struct deciding *deciding, struct sale *sale)
{
    struct decision *decision = deciding->decision;
    decision->hold = sale->hold;
    decision->sale = sale->id;
    decision->customer = sale->customer;
    decision->store = sale->store;
    decision->pool = sale->pool;
    decision->slot = sale->slot;
    if (span_absent(decision->ref)) {
        decision->ref = sale->ref;
    }
    if (deciding->job->item_count > 0) {
        wants_of_named_items(deciding, sale);
    } else {
        wants_of_sale(deciding, sale);
    }
}

/* What is no sale is described by what the job said. */
static void job_describe(struct deciding *deciding)
{
    deciding->decision->sale = deciding->job->sale;
    deciding->decision->customer = deciding->job->customer;
    deciding->decision->store = deciding->job->store;
    wants_of_job(deciding, SPAN_NONE);
}

static void cancel_grant(struct deciding *deciding, struct sale *sale)
{
    const struct span id = deciding->job->id;
    movements_begin(deciding, deciding->want_count);
    for (uint32_t i = 0; i < deciding->want_count; i++) {
        const struct want *want = &deciding->wants[i];
        struct line *line = want->line;
        const int64_t counted = line->counted ? -want->qty : 0;
        stock_move(deciding, want->stock, want->qty, 0, (struct counting){counted, line->round},
                   &deciding->items[i]);
        line->returned += want->qty;
        line->returned_by = id;
        line->returned_mark = MARK_CHANGED;
        ENSURE(line->returned <= line->qty);
    }
    if (sale->mark == MARK_SAME) {
        sale->mark = MARK_CHANGED;
    }
    deciding->decision->outcome = OUTCOME_CANCELLED;
    if (sale_left(sale) > 0) {
        return;
    }
    sale->ended_by = id;
    const struct known *of_hold =
        span_absent(sale->hold) ? NULL : state_known(deciding->state, sale->hold);
    if (of_hold != NULL && of_hold->hold != NULL) {
        hold_end(of_hold->hold, HOLD_CANCELLED, id);
    }
}

void decide_cancel(struct deciding *deciding)
{
    enum { CANCEL_REFUSALS = sizeof cancel_refusals / sizeof cancel_refusals[0] };
    struct sale *sale = sale_named(deciding);
    if (sale != NULL) {
        sale_describe(deciding, sale);
    } else {
        job_describe(deciding);
    }
    if (is_late(deciding)) {
        refuse_late(deciding);
    } else if (sale == NULL) {
        refuse(deciding, is_no_sale(deciding) ? REASON_NOT_CANCELLABLE : REASON_UNKNOWN_SALE);
    } else if (sale_left(sale) == 0) {
        refuse_by(deciding, REASON_ALREADY_CANCELLED, sale->ended_by);
    } else if (!refused(deciding, cancel_refusals, CANCEL_REFUSALS)) {
        cancel_grant(deciding, sale);
    }
}
