/* SPDX-License-Identifier: Apache-2.0
 *
 * What the contract says on commit, release, extend and expire. */
#include "tests/support/model_parts.h"

static void commit(struct model *model, struct model_record *record, struct model_record *hold)
{
    struct decision *decision = &record->decision;
    const bool retaken = hold->state == HOLD_EXPIRED;
    int64_t unsold[MODEL_LINES_MAX];
    int64_t held[MODEL_LINES_MAX];
    if (retaken) {
        model_check_limits(model, record);
        if (model_reject_if_faults(record, REASON_OVER_LIMIT)) {
            return;
        }
        model_check_available(model, record);
        if (model_reject_if_faults(record, REASON_SOLD_OUT)) {
            return;
        }
    }
    model_figures(model, record, record->items, decision->item_count, unsold, held);
    if (retaken) {
        model_take_lines(model, record);
    } else {
        for (uint32_t i = 0; i < hold->line_count; i++) {
            record->lines[i] = hold->lines[i];
        }
        record->line_count = hold->line_count;
    }
    hold->state = HOLD_COMMITTED;
    hold->ended_by = decision->job;
    hold->sale = record;
    record->hold = hold;
    record->is_sale = true;
    model->takers[model->taker_count++] = record;
    for (uint32_t i = 0; i < record->line_count; i++) {
        model_stock(model, decision->pool, record->lines[i].sku)->unsold -= record->lines[i].qty;
    }
    decision->outcome = OUTCOME_CONFIRMED;
    decision->sale = decision->job;
    decision->retaken = retaken;
    model_number(model, record, record->items, decision->item_count, unsold, held);
}

/* Release and expire: the units are no longer held. */
static void end_hold(struct model *model, struct model_record *record, struct model_record *hold,
                     enum hold_state state)
{
    int64_t unsold[MODEL_LINES_MAX];
    int64_t held[MODEL_LINES_MAX];
    model_figures(model, record, record->items, record->decision.item_count, unsold, held);
    if (hold->state != state) {
        hold->ended_by = record->decision.job;
    }
    hold->state = state;
    record->decision.outcome = state == HOLD_RELEASED ? OUTCOME_RELEASED : OUTCOME_EXPIRED;
    model_number(model, record, record->items, record->decision.item_count, unsold, held);
}

void model_on_hold(struct model *model, struct model_record *record)
{
    struct decision *decision = &record->decision;
    const enum kind kind = record->job->kind;
    struct model_record *hold = model_hold_of(model, record->job->hold);
    if (hold != NULL && model_of_other(record->job, &hold->decision)) {
        hold = NULL;
    }
    decision->hold = record->job->hold;
    if (hold != NULL) {
        model_inherit(record, &hold->decision);
        decision->sale = hold->sale == NULL ? SPAN_NONE : hold->sale->decision.job;
        for (uint32_t i = 0; i < hold->line_count; i++) {
            model_put_item(record, hold->lines[i].sku, hold->lines[i].qty);
        }
    }
    if (model_late(model, record)) {
        return;
    }
    if (hold == NULL) {
        model_reject(record, REASON_UNKNOWN_HOLD);
    } else if (hold->state == HOLD_COMMITTED || hold->state == HOLD_CANCELLED) {
        model_reject(record, hold->state == HOLD_COMMITTED ? REASON_ALREADY_COMMITTED
                                                           : REASON_ALREADY_CANCELLED);
        decision->by = hold->ended_by;
    } else if (kind == KIND_RELEASE) {
        end_hold(model, record, hold, HOLD_RELEASED);
    } else if (kind == KIND_EXPIRE) {
        end_hold(model, record, hold, HOLD_EXPIRED);
    } else if (hold->state == HOLD_RELEASED) {
        model_reject(record, REASON_HOLD_RELEASED);
    } else if (kind == KIND_COMMIT) {
        commit(model, record, hold);
    } else if (hold->state == HOLD_EXPIRED) {
        model_reject(record, REASON_HOLD_EXPIRED);
    } else {
        hold->expires_at = model->now + (int64_t)record->job->ttl * 1000000;
        decision->expires_at = hold->expires_at;
        decision->outcome = OUTCOME_EXTENDED;
    }
}
