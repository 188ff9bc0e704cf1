/* SPDX-License-Identifier: Apache-2.0
 *
 * Builds jobs and has them decided. */
#include "tests/support/shop.h"

#include <string.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"

struct span span_of(const char *text)
{
    return text == NULL ? SPAN_NONE : (struct span){text, (uint32_t)strlen(text)};
}

void shop_init(struct shop *shop)
{
    shop->now = 1000 * SECOND;
    arena_init(&shop->arena, shop->memory, sizeof shop->memory);
    memory_database_init(&shop->database, &shop->arena);
}

static void *take(struct shop *shop, size_t size)
{
    void *memory = arena_take(&shop->arena, size);
    ENSURE(memory != NULL);
    return memory;
}

void job_add_item(struct shop *shop, struct job *job, const char *sku, int64_t qty)
{
    struct item *items = take(shop, (job->item_count + 1) * sizeof *items);
    if (job->item_count > 0) {
        memcpy(items, job->items, job->item_count * sizeof *items);
    }
    items[job->item_count] =
        (struct item){.sku = span_of(sku), .qty = qty, .if_version = VERSION_NONE};
    job->items = items;
    job->item_count++;
}

struct job job_cart(struct shop *shop, enum kind kind, const char *id, const char *sku, int64_t qty)
{
    struct job job = {.id = span_of(id),
                      .kind = kind,
                      .customer = SPAN_OF("c-1"),
                      .store = SPAN_OF("default"),
                      .ttl = kind == KIND_RESERVE ? JOB_TTL_DEFAULT : 0,
                      .not_after = INSTANT_NONE};
    job_add_item(shop, &job, sku, qty);
    return job;
}

struct job job_on_hold(enum kind kind, const char *id, const char *hold)
{
    return (struct job){.id = span_of(id),
                        .kind = kind,
                        .hold = span_of(hold),
                        .ttl = kind == KIND_EXTEND ? JOB_TTL_DEFAULT : 0,
                        .not_after = INSTANT_NONE};
}

struct job job_cancel(const char *id, const char *sale)
{
    return (struct job){
        .id = span_of(id), .kind = KIND_CANCEL, .sale = span_of(sale), .not_after = INSTANT_NONE};
}

struct job job_stock(struct shop *shop, enum kind kind, const char *id, const char *sku,
                     int64_t qty)
{
    struct job job = {
        .id = span_of(id), .kind = kind, .pool = SPAN_OF("main"), .not_after = INSTANT_NONE};
    job_add_item(shop, &job, sku, qty);
    return job;
}

const struct result *shop_settle(struct shop *shop, struct job job, uint64_t meaning)
{
    struct job *kept = take(shop, sizeof *kept);
    *kept = job;
    const struct entry entry = {
        .job = kept, .meaning = meaning, .slot = 7, .from_stock_exchange = true};
    const char *why;
    ENSURE(memory_database_decide(&shop->database, shop->now, &entry, 1, &shop->result, &why));
    return &shop->result;
}

const struct decision *shop_decide(struct shop *shop, struct job job)
{
    const struct result *result = shop_settle(shop, job, 1);
    ENSURE(result->kind == RESULT_DECISION);
    return &result->decision;
}

const struct decision *shop_checkout(struct shop *shop, const char *id, const char *sku,
                                     int64_t qty)
{
    return shop_decide(shop, job_cart(shop, KIND_CHECKOUT, id, sku, qty));
}

const struct decision *shop_reserve(struct shop *shop, const char *id, const char *sku, int64_t qty)
{
    return shop_decide(shop, job_cart(shop, KIND_RESERVE, id, sku, qty));
}

const struct decision *shop_on_hold(struct shop *shop, enum kind kind, const char *id,
                                    const char *hold)
{
    return shop_decide(shop, job_on_hold(kind, id, hold));
}

const struct decision *shop_cancel(struct shop *shop, const char *id, const char *sale)
{
    return shop_decide(shop, job_cancel(id, sale));
}

const struct decision *shop_adjust(struct shop *shop, const char *id, const char *sku, int64_t qty)
{
    return shop_decide(shop, job_stock(shop, KIND_ADJUST, id, sku, qty));
}

void shop_limit(struct shop *shop, const char *id, const char *sku, uint32_t per_customer,
                const char *round)
{
    struct job job = job_stock(shop, KIND_DEFINE, id, sku, 0);
    job.definition.per_customer_change = per_customer == 0 ? CHANGE_CLEAR : CHANGE_SET;
    job.definition.per_customer = per_customer;
    job.definition.round_change = round == NULL ? CHANGE_CLEAR : CHANGE_SET;
    job.definition.round = span_of(round);
    ENSURE(shop_decide(shop, job)->outcome == OUTCOME_STOCKED);
}

struct stock shop_stock(const struct shop *shop, const char *sku)
{
    for (uint32_t i = 0; i < shop->database.stock_count; i++) {
        if (span_equal(shop->database.stocks[i].sku, span_of(sku)) &&
            span_equal(shop->database.stocks[i].pool, SPAN_OF("main"))) {
            return shop->database.stocks[i];
        }
    }
    return (struct stock){.known = false};
}

struct hold shop_hold(const struct shop *shop, const char *id)
{
    uint32_t i = 0;
    while (i < shop->database.hold_count && !span_equal(shop->database.holds[i].id, span_of(id))) {
        i++;
    }
    ENSURE(i < shop->database.hold_count);
    return shop->database.holds[i];
}

int64_t shop_taken(const struct shop *shop, const char *sku, const char *round)
{
    for (uint32_t i = 0; i < shop->database.tally_count; i++) {
        const struct tally *tally = &shop->database.tallies[i];
        if (span_equal(tally->sku, span_of(sku)) && span_equal(tally->round, span_of(round)) &&
            span_equal(tally->customer, SPAN_OF("c-1"))) {
            return tally->taken;
        }
    }
    return 0;
}
