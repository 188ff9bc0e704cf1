/* SPDX-License-Identifier: Apache-2.0
 *
 * What the contract says on checkout and reserve. */
#include "tests/support/model_parts.h"

static bool is_open(const struct model *model, const struct model_stock *stock)
{
    if (stock->opens_at != INSTANT_NONE && model->now < stock->opens_at) {
        return false;
    }
    return stock->closes_at == INSTANT_NONE || model->now < stock->closes_at;
}

/* unknown_sku, not_on_sale, over_limit, sold_out, in this order. */
static bool cart_refused(struct model *model, struct model_record *record)
{
    struct decision *decision = &record->decision;
    for (uint32_t i = 0; i < decision->item_count; i++) {
        const struct decision_item *item = &record->items[i];
        if (!model_stock(model, decision->pool, item->sku)->known) {
            model_put_fault(record, model_fault_of(item->sku, REASON_UNKNOWN_SKU, item->qty));
        }
    }
    if (model_reject_if_faults(record, REASON_UNKNOWN_SKU)) {
        return true;
    }
    for (uint32_t i = 0; i < decision->item_count; i++) {
        const struct decision_item *item = &record->items[i];
        const struct model_stock *stock = model_stock(model, decision->pool, item->sku);
        if (!is_open(model, stock)) {
            struct fault fault = model_fault_of(item->sku, REASON_NOT_ON_SALE, item->qty);
            fault.opens_at = stock->opens_at;
            fault.closes_at = stock->closes_at;
            model_put_fault(record, fault);
        }
    }
    if (model_reject_if_faults(record, REASON_NOT_ON_SALE)) {
        return true;
    }
    model_check_limits(model, record);
    if (model_reject_if_faults(record, REASON_OVER_LIMIT)) {
        return true;
    }
    model_check_available(model, record);
    return model_reject_if_faults(record, REASON_SOLD_OUT);
}

void model_checkout(struct model *model, struct model_record *record)
{
    struct decision *decision = &record->decision;
    int64_t unsold[MODEL_LINES_MAX];
    int64_t held[MODEL_LINES_MAX];
    if (model_late(model, record)) {
        return;
    }
    if (span_absent(decision->pool)) {
        model_reject(record, REASON_UNKNOWN_STORE);
        return;
    }
    if (cart_refused(model, record)) {
        return;
    }
    model_figures(model, record, record->items, decision->item_count, unsold, held);
    model_take_lines(model, record);
    for (uint32_t i = 0; i < record->line_count; i++) {
        model_stock(model, decision->pool, record->lines[i].sku)->unsold -= record->lines[i].qty;
    }
    record->is_sale = true;
    model->takers[model->taker_count++] = record;
    decision->outcome = OUTCOME_CONFIRMED;
    decision->sale = decision->job;
    model_number(model, record, record->items, decision->item_count, unsold, held);
}

/* Released first; if the reserve is refused after all, it was not. */
static void reserve_replacing(struct model *model, struct model_record *record,
                              struct model_record *old)
{
    struct decision *decision = &record->decision;
    int64_t unsold[MODEL_LINES_MAX];
    int64_t held[MODEL_LINES_MAX];
    int64_t old_unsold[MODEL_LINES_MAX];
    int64_t old_held[MODEL_LINES_MAX];
    model_figures(model, record, record->items, decision->item_count, unsold, held);
    if (old != NULL) {
        for (uint32_t i = 0; i < old->line_count; i++) {
            record->released_items[i] =
                (struct decision_item){.sku = old->lines[i].sku, .qty = old->lines[i].qty};
        }
        model_figures(model, record, record->released_items, old->line_count, old_unsold, old_held);
        old->state = HOLD_RELEASED;
    }
    if (cart_refused(model, record)) {
        if (old != NULL) {
            old->state = HOLD_ACTIVE;
        }
        return;
    }
    model_take_lines(model, record);
    record->is_hold = true;
    model->holds[model->hold_count++] = record;
    model->takers[model->taker_count++] = record;
    record->state = HOLD_ACTIVE;
    record->expires_at = model->now + (int64_t)record->job->ttl * 1000000;
    decision->outcome = OUTCOME_HELD;
    decision->hold = decision->job;
    decision->expires_at = record->expires_at;
    model_number(model, record, record->items, decision->item_count, unsold, held);
    if (old == NULL) {
        return;
    }
    old->ended_by = decision->job;
    for (uint32_t i = 0; i < old->line_count; i++) {
        for (uint32_t k = 0; k < decision->item_count; k++) {
            if (span_equal(record->items[k].sku, record->released_items[i].sku)) {
                old_held[i] = model_held(model, decision->pool, record->items[k].sku);
            }
        }
    }
    decision->released_items = record->released_items;
    decision->released_count = old->line_count;
    model_number(model, record, record->released_items, old->line_count, old_unsold, old_held);
}

void model_reserve(struct model *model, struct model_record *record)
{
    struct decision *decision = &record->decision;
    struct model_record *old = NULL;
    decision->replaces = record->job->replaces;
    if (model_late(model, record)) {
        return;
    }
    if (span_absent(decision->pool)) {
        model_reject(record, REASON_UNKNOWN_STORE);
        return;
    }
    if (!span_absent(decision->replaces)) {
        old = model_hold_of(model, decision->replaces);
        if (old == NULL || !span_equal(old->decision.customer, decision->customer) ||
            !span_equal(old->decision.pool, decision->pool)) {
            model_reject(record, REASON_UNKNOWN_HOLD);
            return;
        }
        if (old->state == HOLD_COMMITTED || old->state == HOLD_CANCELLED) {
            model_reject(record, old->state == HOLD_COMMITTED ? REASON_ALREADY_COMMITTED
                                                              : REASON_ALREADY_CANCELLED);
            decision->by = old->ended_by;
            return;
        }
        if (old->state != HOLD_ACTIVE) {
            old = NULL;
        }
    }
    reserve_replacing(model, record, old);
}
