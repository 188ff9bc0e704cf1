/* SPDX-License-Identifier: Apache-2.0
 *
 * Compares what decide() said and left behind with what the model says, member by member. */
#include "tests/support/compare.h"

#include <stddef.h>

static bool items_equal(const struct decision_item *a, uint32_t a_count,
                        const struct decision_item *b, uint32_t b_count)
{
    if (a_count != b_count) {
        return false;
    }
    for (uint32_t i = 0; i < a_count; i++) {
        if (!span_equal(a[i].sku, b[i].sku) || a[i].qty != b[i].qty || a[i].moved != b[i].moved ||
            a[i].version != b[i].version || a[i].available != b[i].available ||
            a[i].edge != b[i].edge) {
            return false;
        }
    }
    return true;
}

static bool faults_equal(const struct decision *a, const struct decision *b)
{
    if (a->fault_count != b->fault_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->fault_count; i++) {
        const struct fault *left = &a->faults[i];
        const struct fault *right = &b->faults[i];
        if (!span_equal(left->sku, right->sku) || left->reason != right->reason ||
            left->wanted != right->wanted || left->available != right->available ||
            left->held != right->held || left->limit != right->limit ||
            left->taken != right->taken || left->version != right->version ||
            left->opens_at != right->opens_at || left->closes_at != right->closes_at) {
            return false;
        }
    }
    return true;
}

static const char *decisions_differ(const struct decision *a, const struct decision *b)
{
    if (!span_equal(a->job, b->job) || a->kind != b->kind || a->form != b->form ||
        a->meaning != b->meaning || a->decided_at != b->decided_at) {
        return "a decision on another job";
    }
    if (a->outcome != b->outcome || a->reason != b->reason) {
        return "outcome or reason";
    }
    if (!span_equal(a->ref, b->ref) || !span_equal(a->customer, b->customer) ||
        !span_equal(a->store, b->store) || !span_equal(a->pool, b->pool) || a->slot != b->slot ||
        !span_equal(a->meta, b->meta)) {
        return "ref, customer, store, pool, slot or meta";
    }
    if (!items_equal(a->items, a->item_count, b->items, b->item_count)) {
        return "items";
    }
    if (!items_equal(a->released_items, a->released_count, b->released_items, b->released_count)) {
        return "released items";
    }
    if (!faults_equal(a, b)) {
        return "faults";
    }
    if (!span_equal(a->hold, b->hold) || !span_equal(a->sale, b->sale) ||
        !span_equal(a->by, b->by) || !span_equal(a->replaces, b->replaces) ||
        a->expires_at != b->expires_at || a->retaken != b->retaken) {
        return "hold, sale, by, replaces, expires_at or retaken";
    }
    return NULL;
}

const char *results_differ(const struct result *result, const struct model_result *expected)
{
    if (result->kind != expected->kind) {
        return "kind of result";
    }
    switch (result->kind) {
    case RESULT_DECISION:
        return decisions_differ(&result->decision, expected->decision);
    case RESULT_REPEAT:
        return decisions_differ(result->repeat, expected->decision);
    case RESULT_ANSWER:
        return result->answer == expected->answer ? NULL : "answer";
    case RESULT_NOTHING:
        break;
    }
    return NULL;
}

static const char *holds_differ(const struct memory_database *database, const struct model *model)
{
    uint32_t holds = 0;
    for (uint32_t i = 0; i < model->record_count; i++) {
        const struct model_record *record = &model->records[i];
        if (!record->is_hold) {
            continue;
        }
        if (holds == database->hold_count) {
            return "a hold is missing";
        }
        const struct hold *hold = &database->holds[holds++];
        if (!span_equal(hold->id, record->job->id) || hold->state != record->state ||
            hold->expires_at != record->expires_at ||
            !span_equal(hold->ended_by, record->ended_by)) {
            return "a hold's id, state, end or ended_by";
        }
    }
    return holds == database->hold_count ? NULL : "a hold too many";
}

static const char *sales_differ(const struct memory_database *database, const struct model *model)
{
    uint32_t sales = 0;
    for (uint32_t i = 0; i < model->record_count; i++) {
        const struct model_record *record = &model->records[i];
        if (!record->is_sale) {
            continue;
        }
        if (sales == database->sale_count) {
            return "a sale is missing";
        }
        const struct sale *sale = &database->sales[sales++];
        if (!span_equal(sale->id, record->job->id) || sale->line_count != record->line_count ||
            !span_equal(sale->ended_by, record->ended_by)) {
            return "a sale's id, lines or ended_by";
        }
        for (uint32_t k = 0; k < sale->line_count; k++) {
            const struct line *line = &sale->lines[k];
            const struct model_line *expected = &record->lines[k];
            if (!span_equal(line->sku, expected->sku) || line->qty != expected->qty ||
                line->returned != expected->returned || line->counted != expected->counted ||
                (line->counted && !span_equal(line->round, expected->round))) {
                return "a line of a sale";
            }
        }
    }
    return sales == database->sale_count ? NULL : "a sale too many";
}

static const char *stocks_differ(const struct memory_database *database, struct model *model)
{
    for (uint32_t i = 0; i < database->stock_count; i++) {
        const struct stock *stock = &database->stocks[i];
        const struct model_stock *expected = model_stock(model, stock->pool, stock->sku);
        if (stock->known != expected->known || stock->unsold != expected->unsold ||
            stock->version != expected->version || stock->per_customer != expected->per_customer ||
            !span_equal(stock->round, expected->round) || stock->opens_at != expected->opens_at ||
            stock->closes_at != expected->closes_at) {
            return "a SKU's figures";
        }
        if (stock->held != model_held(model, stock->pool, stock->sku)) {
            return "held is not what active holds hold";
        }
    }
    for (uint32_t i = 0; i < database->tally_count; i++) {
        const struct tally *tally = &database->tallies[i];
        if (tally->taken !=
            model_taken(model, tally->pool, tally->sku, tally->round, tally->customer)) {
            return "a tally is not what was bought and is held";
        }
    }
    return NULL;
}

const char *database_differs(const struct memory_database *database, struct model *model)
{
    const char *why = stocks_differ(database, model);
    if (why == NULL) {
        why = holds_differ(database, model);
    }
    return why == NULL ? sales_differ(database, model) : why;
}
