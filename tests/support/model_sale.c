/* SPDX-License-Identifier: Apache-2.0
 *
 * What the contract says on cancel. */
#include "tests/support/model_parts.h"

#include "common/base/ensure.h"
#include "common/base/limits.h"

/* By the id of the checkout, of the reserve, or of the commit that sold. */
static struct model_record *sale_of(struct model *model, struct span id)
{
    struct model_record *record = model_record_of(model, id);
    if (record != NULL && record->is_hold) {
        return record->sale;
    }
    return record != NULL && record->is_sale ? record : NULL;
}

static struct model_line *line_of(struct model_record *sale, struct span sku)
{
    for (uint32_t i = 0; i < sale->line_count; i++) {
        if (span_equal(sale->lines[i].sku, sku)) {
            return &sale->lines[i];
        }
    }
    return NULL;
}

static int64_t left_of(const struct model_record *sale)
{
    int64_t left = 0;
    for (uint32_t i = 0; i < sale->line_count; i++) {
        left += sale->lines[i].qty - sale->lines[i].returned;
    }
    return left;
}

static void put_cancel_items(struct model_record *record, const struct model_record *sale)
{
    for (uint32_t i = 0; i < record->job->item_count; i++) {
        model_put_item(record, record->job->items[i].sku, record->job->items[i].qty);
    }
    if (sale == NULL || record->job->item_count > 0) {
        return;
    }
    for (uint32_t i = 0; i < sale->line_count; i++) {
        const struct model_line *line = &sale->lines[i];
        if (left_of(sale) == 0) {
            model_put_item(record, line->sku, line->qty);
        } else if (line->qty > line->returned) {
            model_put_item(record, line->sku, line->qty - line->returned);
        }
    }
}

static bool cancel_refused(struct model *model, struct model_record *record,
                           struct model_record *sale)
{
    for (uint32_t i = 0; i < record->decision.item_count; i++) {
        const struct decision_item *item = &record->items[i];
        const struct model_line *line = line_of(sale, item->sku);
        if (line == NULL || item->qty > line->qty - line->returned) {
            model_put_fault(record, model_fault_of(item->sku, REASON_NOT_CANCELLABLE, item->qty));
        }
    }
    if (model_reject_if_faults(record, REASON_NOT_CANCELLABLE)) {
        return true;
    }
    for (uint32_t i = 0; i < record->decision.item_count; i++) {
        const struct decision_item *item = &record->items[i];
        const struct model_stock *stock = model_stock(model, record->decision.pool, item->sku);
        if (stock->unsold + item->qty > UNSOLD_MAX) {
            struct fault fault = model_fault_of(item->sku, REASON_OVER_CAPACITY, item->qty);
            fault.available = model_available(model, stock);
            fault.held = model_held(model, stock->pool, stock->sku);
            model_put_fault(record, fault);
        }
    }
    return model_reject_if_faults(record, REASON_OVER_CAPACITY);
}

static void cancel_units(struct model *model, struct model_record *record,
                         struct model_record *sale)
{
    struct decision *decision = &record->decision;
    int64_t unsold[MODEL_LINES_MAX];
    int64_t held[MODEL_LINES_MAX];
    model_figures(model, record, record->items, decision->item_count, unsold, held);
    for (uint32_t i = 0; i < decision->item_count; i++) {
        const struct decision_item *item = &record->items[i];
        struct model_line *line = line_of(sale, item->sku);
        ENSURE(line != NULL);
        line->returned += item->qty;
        model_stock(model, decision->pool, item->sku)->unsold += item->qty;
    }
    decision->outcome = OUTCOME_CANCELLED;
    if (left_of(sale) == 0) {
        sale->ended_by = decision->job;
    }
    if (left_of(sale) == 0 && sale->hold != NULL) {
        sale->hold->state = HOLD_CANCELLED;
        sale->hold->ended_by = decision->job;
    }
    model_number(model, record, record->items, decision->item_count, unsold, held);
}

void model_cancel(struct model *model, struct model_record *record)
{
    struct decision *decision = &record->decision;
    const struct model_record *named = model_record_of(model, record->job->sale);
    struct model_record *sale = sale_of(model, record->job->sale);
    const bool itself = named == record;
    if (itself || (named != NULL && model_of_other(record->job, &named->decision))) {
        named = NULL;
        sale = NULL;
    }
    decision->sale = record->job->sale;
    if (sale != NULL) {
        model_inherit(record, &sale->decision);
        decision->sale = sale->decision.job;
        decision->hold = sale->hold == NULL ? SPAN_NONE : sale->hold->decision.job;
    }
    put_cancel_items(record, sale);
    if (model_late(model, record)) {
        return;
    }
    if (named == NULL) {
        model_reject(record, REASON_UNKNOWN_SALE);
    } else if (sale == NULL) {
        model_reject(record, REASON_NOT_CANCELLABLE);
    } else if (left_of(sale) == 0) {
        model_reject(record, REASON_ALREADY_CANCELLED);
        decision->by = sale->ended_by;
    } else if (!cancel_refused(model, record, sale)) {
        cancel_units(model, record, sale);
    }
}
