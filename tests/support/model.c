/* SPDX-License-Identifier: Apache-2.0
 *
 * What the model is asked, and what it adds up. */
#include "tests/support/model.h"

#include "common/base/ensure.h"
#include "tests/support/model_parts.h"

void model_init(struct model *model)
{
    model->now = 0;
    model->others = SPAN_NONE;
    model->store_count = 0;
    model->stock_count = 0;
    model->record_count = 0;
    for (uint32_t i = 0; i < MODEL_SUMS; i++) {
        model->heads[i] = MODEL_NONE;
    }
    model->hold_count = 0;
    model->taker_count = 0;
}

/* A SKU that nobody has spoken of is not known and has never moved. */
struct model_stock *model_stock(struct model *model, struct span pool, struct span sku)
{
    for (uint32_t i = 0; i < model->stock_count; i++) {
        struct model_stock *stock = &model->stocks[i];
        if (span_equal(stock->sku, sku) && span_equal(stock->pool, pool)) {
            return stock;
        }
    }
    ENSURE(model->stock_count < MODEL_STOCKS_MAX);
    struct model_stock *stock = &model->stocks[model->stock_count++];
    *stock = (struct model_stock){
        .pool = pool, .sku = sku, .opens_at = INSTANT_NONE, .closes_at = INSTANT_NONE};
    return stock;
}

/* The part of unsold under active holds. */
int64_t model_held(const struct model *model, struct span pool, struct span sku)
{
    int64_t held = 0;
    for (uint32_t i = 0; i < model->hold_count; i++) {
        const struct model_record *hold = model->holds[i];
        for (uint32_t k = 0; hold->state == HOLD_ACTIVE && k < hold->line_count; k++) {
            if (span_equal(hold->lines[k].sku, sku) && span_equal(hold->decision.pool, pool)) {
                held += hold->lines[k].qty;
            }
        }
    }
    return held;
}

/* What a customer bought plus holds while a limit was set, of one round. */
int64_t model_taken(const struct model *model, struct span pool, struct span sku, struct span round,
                    struct span customer)
{
    int64_t taken = 0;
    for (uint32_t i = 0; i < model->taker_count; i++) {
        const struct model_record *record = model->takers[i];
        const bool held = record->is_hold && record->state == HOLD_ACTIVE;
        if ((!held && !record->is_sale) || !span_equal(record->decision.customer, customer) ||
            !span_equal(record->decision.pool, pool)) {
            continue;
        }
        for (uint32_t k = 0; k < record->line_count; k++) {
            const struct model_line *line = &record->lines[k];
            if (span_equal(line->sku, sku) && line->counted && span_equal(line->round, round)) {
                taken += line->qty - line->returned;
            }
        }
    }
    return taken;
}

static struct span pool_of(const struct model *model, struct span store)
{
    for (uint32_t i = 0; i < model->store_count; i++) {
        if (span_equal(model->stores[i].name, store)) {
            return model->stores[i].pool;
        }
    }
    return span_equal(store, SPAN_OF("default")) ? SPAN_OF("main") : model->others;
}

static void decide_record(struct model *model, struct model_record *record)
{
    const struct job *job = record->job;
    const bool cart = job->kind == KIND_CHECKOUT || job->kind == KIND_RESERVE;
    const bool stock =
        job->kind == KIND_ADJUST || job->kind == KIND_SET || job->kind == KIND_DEFINE;
    if (cart) {
        record->decision.pool = pool_of(model, job->store);
    }
    if (stock) {
        record->decision.pool = job->pool;
    }
    for (uint32_t i = 0; (cart || stock) && i < job->item_count; i++) {
        model_put_item(record, job->items[i].sku, job->items[i].qty);
    }
    switch (job->kind) {
    case KIND_CHECKOUT:
        model_checkout(model, record);
        return;
    case KIND_RESERVE:
        model_reserve(model, record);
        return;
    case KIND_COMMIT:
    case KIND_RELEASE:
    case KIND_EXTEND:
    case KIND_EXPIRE:
        model_on_hold(model, record);
        return;
    case KIND_CANCEL:
        model_cancel(model, record);
        return;
    case KIND_ADJUST:
    case KIND_SET:
        model_count(model, record);
        return;
    case KIND_DEFINE:
        model_define(model, record);
        return;
    }
}

struct model_result model_decide(struct model *model, const struct entry *entry)
{
    const struct job *job = entry->job;
    const bool privileged = job->kind == KIND_ADJUST || job->kind == KIND_SET ||
                            job->kind == KIND_DEFINE || job->kind == KIND_EXPIRE;
    if (privileged && !entry->from_stock_exchange) {
        return (struct model_result){.kind = RESULT_ANSWER, .answer = ANSWER_NOT_ALLOWED};
    }
    const struct model_record *known = model_record_of(model, job->id);
    if (known != NULL && known->decision.meaning != entry->meaning) {
        return (struct model_result){.kind = RESULT_ANSWER, .answer = ANSWER_ID_REUSED};
    }
    if (known != NULL) {
        return (struct model_result){.kind = RESULT_REPEAT, .decision = &known->decision};
    }
    if (job->kind == KIND_EXPIRE) {
        const struct model_record *hold = model_hold_of(model, job->hold);
        if (hold == NULL || hold->state != HOLD_ACTIVE || model->now < hold->expires_at) {
            return (struct model_result){.kind = RESULT_NOTHING};
        }
    }
    struct model_record *record = model_add(model, job);
    record->decision = (struct decision){.job = job->id,
                                         .kind = job->kind,
                                         .form = EVENT_FORM,
                                         .meaning = entry->meaning,
                                         .ref = job->ref,
                                         .customer = job->customer,
                                         .store = job->store,
                                         .slot = entry->slot,
                                         .expires_at = INSTANT_NONE,
                                         .decided_at = model->now,
                                         .meta = job->meta};
    record->decision.items = record->items;
    record->decision.faults = record->faults;
    decide_record(model, record);
    return (struct model_result){.kind = RESULT_DECISION, .decision = &record->decision};
}
