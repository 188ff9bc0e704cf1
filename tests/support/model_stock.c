/* SPDX-License-Identifier: Apache-2.0
 *
 * What the contract says on adjust, set and define. */
#include "tests/support/model_parts.h"

#include "common/base/limits.h"

/* Adjust and set: what unsold will be decides. */
static bool count_refused(struct model *model, struct model_record *record, const int64_t *after)
{
    for (uint32_t i = 0; i < record->job->item_count; i++) {
        const struct item *item = &record->job->items[i];
        const struct model_stock *stock = model_stock(model, record->job->pool, item->sku);
        if (record->job->kind == KIND_ADJUST && !stock->known && item->qty <= 0) {
            model_put_fault(record, model_fault_of(item->sku, REASON_UNKNOWN_SKU, item->qty));
        }
    }
    if (model_reject_if_faults(record, REASON_UNKNOWN_SKU)) {
        return true;
    }
    for (uint32_t i = 0; i < record->job->item_count; i++) {
        const struct item *item = &record->job->items[i];
        const struct model_stock *stock = model_stock(model, record->job->pool, item->sku);
        if (item->if_version != VERSION_NONE && item->if_version != stock->version) {
            struct fault fault = model_fault_of(item->sku, REASON_VERSION_CHANGED, item->qty);
            fault.version = stock->version;
            model_put_fault(record, fault);
        }
    }
    if (model_reject_if_faults(record, REASON_VERSION_CHANGED)) {
        return true;
    }
    for (int pass = 0; pass < 2; pass++) {
        const enum reason reason = pass == 0 ? REASON_BELOW_HELD : REASON_OVER_CAPACITY;
        for (uint32_t i = 0; i < record->job->item_count; i++) {
            const struct item *item = &record->job->items[i];
            const struct model_stock *stock = model_stock(model, record->job->pool, item->sku);
            const int64_t held = model_held(model, stock->pool, stock->sku);
            if (pass == 0 ? after[i] < held : after[i] > UNSOLD_MAX) {
                struct fault fault = model_fault_of(item->sku, reason, item->qty);
                fault.available = model_available(model, stock);
                fault.held = held;
                model_put_fault(record, fault);
            }
        }
        if (model_reject_if_faults(record, reason)) {
            return true;
        }
    }
    return false;
}

void model_count(struct model *model, struct model_record *record)
{
    struct decision *decision = &record->decision;
    int64_t unsold[MODEL_LINES_MAX] = {0};
    int64_t held[MODEL_LINES_MAX] = {0};
    int64_t after[MODEL_LINES_MAX] = {0};
    model_figures(model, record, record->items, decision->item_count, unsold, held);
    for (uint32_t i = 0; i < decision->item_count; i++) {
        after[i] = record->items[i].qty + (decision->kind == KIND_ADJUST ? unsold[i] : 0);
    }
    if (count_refused(model, record, after)) {
        return;
    }
    for (uint32_t i = 0; i < decision->item_count; i++) {
        struct model_stock *stock = model_stock(model, decision->pool, record->items[i].sku);
        stock->unsold = after[i];
        stock->known = true;
    }
    decision->outcome = OUTCOME_STOCKED;
    model_number(model, record, record->items, decision->item_count, unsold, held);
}

void model_define(struct model *model, struct model_record *record)
{
    const struct definition *to = &record->job->definition;
    struct model_stock *stock = model_stock(model, record->job->pool, record->items[0].sku);
    if (to->per_customer_change == CHANGE_SET) {
        stock->per_customer = to->per_customer;
    } else if (to->per_customer_change == CHANGE_CLEAR) {
        stock->per_customer = 0;
    }
    if (to->round_change == CHANGE_SET) {
        stock->round = to->round;
    } else if (to->round_change == CHANGE_CLEAR) {
        stock->round = SPAN_NONE;
    }
    if (to->opens_change == CHANGE_SET) {
        stock->opens_at = to->opens_at;
    } else if (to->opens_change == CHANGE_CLEAR) {
        stock->opens_at = INSTANT_NONE;
    }
    if (to->closes_change == CHANGE_SET) {
        stock->closes_at = to->closes_at;
    } else if (to->closes_change == CHANGE_CLEAR) {
        stock->closes_at = INSTANT_NONE;
    }
    stock->known = true;
    record->decision.outcome = OUTCOME_STOCKED;
}
