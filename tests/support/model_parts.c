/* SPDX-License-Identifier: Apache-2.0
 *
 * What several kinds of job need. */
#include "tests/support/model_parts.h"

#include <stddef.h>
#include <string.h>

#include "common/base/ensure.h"

int64_t model_available(const struct model *model, const struct model_stock *stock)
{
    return stock->unsold - model_held(model, stock->pool, stock->sku);
}

static uint32_t sum_of(struct span id)
{
    uint32_t sum = id.size;
    for (uint32_t i = 0; i < id.size; i++) {
        sum = sum * 31 + (uint8_t)id.bytes[i];
    }
    return sum % MODEL_SUMS;
}

struct model_record *model_record_of(struct model *model, struct span id)
{
    for (uint32_t i = model->heads[sum_of(id)]; i != MODEL_NONE; i = model->records[i].next) {
        if (span_equal(model->records[i].job->id, id)) {
            return &model->records[i];
        }
    }
    return NULL;
}

struct model_record *model_add(struct model *model, const struct job *job)
{
    ENSURE(model->record_count < MODEL_RECORDS_MAX);
    const uint32_t number = model->record_count++;
    uint32_t *head = &model->heads[sum_of(job->id)];
    struct model_record *record = &model->records[number];
    memset(record, 0, offsetof(struct model_record, lines));
    record->job = job;
    record->next = *head;
    *head = number;
    return record;
}

struct model_record *model_hold_of(struct model *model, struct span id)
{
    struct model_record *record = model_record_of(model, id);
    return record != NULL && record->is_hold ? record : NULL;
}

void model_put_item(struct model_record *record, struct span sku, int64_t qty)
{
    ENSURE(record->decision.item_count < MODEL_LINES_MAX);
    record->items[record->decision.item_count++] = (struct decision_item){.sku = sku, .qty = qty};
}

void model_put_fault(struct model_record *record, struct fault fault)
{
    ENSURE(record->decision.fault_count < MODEL_LINES_MAX);
    record->faults[record->decision.fault_count++] = fault;
}

struct fault model_fault_of(struct span sku, enum reason reason, int64_t wanted)
{
    return (struct fault){.sku = sku,
                          .reason = reason,
                          .wanted = wanted,
                          .available = FIGURE_NONE,
                          .held = FIGURE_NONE,
                          .limit = FIGURE_NONE,
                          .taken = FIGURE_NONE,
                          .version = FIGURE_NONE,
                          .opens_at = INSTANT_NONE,
                          .closes_at = INSTANT_NONE};
}

void model_reject(struct model_record *record, enum reason reason)
{
    record->decision.outcome = OUTCOME_REJECTED;
    record->decision.reason = reason;
}

bool model_reject_if_faults(struct model_record *record, enum reason reason)
{
    if (record->decision.fault_count == 0) {
        return false;
    }
    if (reason == REASON_SOLD_OUT) {
        record->decision.outcome = OUTCOME_SOLD_OUT;
    } else {
        model_reject(record, reason);
    }
    return true;
}

bool model_late(const struct model *model, struct model_record *record)
{
    if (record->job->not_after == INSTANT_NONE || model->now <= record->job->not_after) {
        return false;
    }
    record->decision.outcome = OUTCOME_LATE;
    return true;
}

void model_number(struct model *model, struct model_record *record, struct decision_item *items,
                  uint32_t count, const int64_t *unsold_before, const int64_t *held_before)
{
    for (uint32_t i = 0; i < count; i++) {
        struct model_stock *stock = model_stock(model, record->decision.pool, items[i].sku);
        const int64_t held = model_held(model, stock->pool, stock->sku);
        if (stock->unsold != unsold_before[i] || held != held_before[i]) {
            stock->version++;
            items[i].moved = true;
            items[i].version = stock->version;
            items[i].available = stock->unsold - held;
            items[i].edge = edge_between(unsold_before[i] - held_before[i], items[i].available);
        }
    }
}

void model_figures(struct model *model, const struct model_record *record,
                   const struct decision_item *items, uint32_t count, int64_t *unsold,
                   int64_t *held)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct model_stock *stock = model_stock(model, record->decision.pool, items[i].sku);
        unsold[i] = stock->unsold;
        held[i] = model_held(model, stock->pool, stock->sku);
    }
}

void model_check_limits(struct model *model, struct model_record *record)
{
    struct decision *decision = &record->decision;
    for (uint32_t i = 0; i < decision->item_count; i++) {
        const struct decision_item *item = &record->items[i];
        const struct model_stock *stock = model_stock(model, decision->pool, item->sku);
        const int64_t taken =
            model_taken(model, stock->pool, item->sku, stock->round, decision->customer);
        if (stock->per_customer != 0 && taken + item->qty > stock->per_customer) {
            struct fault fault = model_fault_of(item->sku, REASON_OVER_LIMIT, item->qty);
            fault.limit = stock->per_customer;
            fault.taken = taken;
            model_put_fault(record, fault);
        }
    }
}

void model_check_available(struct model *model, struct model_record *record)
{
    for (uint32_t i = 0; i < record->decision.item_count; i++) {
        const struct decision_item *item = &record->items[i];
        const struct model_stock *stock = model_stock(model, record->decision.pool, item->sku);
        if (model_available(model, stock) < item->qty) {
            struct fault fault = model_fault_of(item->sku, REASON_SOLD_OUT, item->qty);
            fault.available = model_available(model, stock);
            fault.held = model_held(model, stock->pool, stock->sku);
            model_put_fault(record, fault);
        }
    }
}

void model_take_lines(struct model *model, struct model_record *record)
{
    for (uint32_t i = 0; i < record->decision.item_count; i++) {
        const struct decision_item *item = &record->items[i];
        const struct model_stock *stock = model_stock(model, record->decision.pool, item->sku);
        const bool counted = stock->per_customer != 0;
        record->lines[i] = (struct model_line){.sku = item->sku,
                                               .qty = item->qty,
                                               .counted = counted,
                                               .round = counted ? stock->round : SPAN_NONE};
    }
    record->line_count = record->decision.item_count;
}

bool model_of_other(const struct job *job, const struct decision *decision)
{
    return (!span_absent(job->customer) && !span_equal(job->customer, decision->customer)) ||
           (!span_absent(job->store) && !span_equal(job->store, decision->store));
}

void model_inherit(struct model_record *record, const struct decision *from)
{
    struct decision *decision = &record->decision;
    decision->customer = from->customer;
    decision->store = from->store;
    decision->pool = from->pool;
    decision->slot = from->slot;
    decision->ref = span_absent(record->job->ref) ? from->ref : record->job->ref;
}
