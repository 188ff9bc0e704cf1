/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws jobs, and writes them down as a publisher would. */
#include "tests/sim/sim_draw.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"
#include "common/contract/job_meaning.h"
#include "common/contract/job_write.h"
#include "tests/sim/sim_database.h"
#include "till/slot.h"

enum { BODY_MAX = 2048 };

static const char *const stores[] = {"default", "default", "default", "default", "web", "far"};
static const char *const rounds[] = {"r1", "r2"};
static const char *const refs[] = {"1001", "1002"};
static const char *const metas[] = {"{}", "{\"a\": [1, 2]}", "{\"note\":\"\\u00e9\"}"};

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

static struct span span_of(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

static uint32_t below(struct sim_workload *workload, uint32_t bound)
{
    return prng_below(&workload->prng, bound);
}

static bool once_in(struct sim_workload *workload, uint32_t times)
{
    return below(workload, times) == 0;
}

static struct span customer_of(uint32_t number)
{
    static const char *const customers[SIM_CUSTOMERS_MAX] = {"c-1", "c-2", "c-3",
                                                             "c-4", "c-5", "c-6"};
    return span_of(customers[number]);
}

/* ---- Making one ---- */

static struct sim_job *new_job(struct sim_workload *workload)
{
    struct sim_account *account = workload->account;
    ENSURE(account->job_count < SIM_JOBS_MAX);
    const uint32_t number = account->job_count++;
    struct sim_job *job = &account->jobs[number];
    *job =
        (struct sim_job){.original = number, .reused = SIM_JOB_NONE, .first_copy = SIM_COPY_NONE};
    account->expire_of[number] = SIM_JOB_NONE;
    job->job.not_after = INSTANT_NONE;
    job->job.definition.opens_at = INSTANT_NONE;
    job->job.definition.closes_at = INSTANT_NONE;
    return job;
}

static struct span keep(struct sim_workload *workload, const char *text, size_t size)
{
    char *bytes = arena_take_bytes(workload->arena, size);
    ENSURE(bytes != NULL);
    memcpy(bytes, text, size);
    return (struct span){bytes, (uint32_t)size};
}

static void put_id(struct sim_workload *workload, struct sim_job *job)
{
    char id[16];
    struct text text;
    text_init(&text, id, sizeof id);
    text_put(&text, "j");
    text_put_integer(&text, job->original);
    job->job.id = keep(workload, id, text.size);
}

static uint32_t slot_of_sku(struct span sku)
{
    return till_slot(sku.bytes, sku.size);
}

static uint32_t finish(struct sim_workload *workload, struct sim_job *job)
{
    struct text text;
    ENSURE(arena_room(workload->arena) >= BODY_MAX);
    ENSURE(arena_text_begin(workload->arena, &text));
    job_write(&job->job, &text);
    job->body = (struct span){text.bytes, (uint32_t)text.size};
    ENSURE(arena_text_end(workload->arena, &text));
    job->meaning = job_digest(&job->job);
    if (job->job.item_count > 0 && job->job.kind != KIND_CANCEL) {
        job->slot = slot_of_sku(job->job.items[0].sku);
    }
    return (uint32_t)(job - workload->account->jobs);
}

/* ---- What it says ---- */

static int64_t draw_qty(struct sim_workload *workload, enum kind kind)
{
    if (kind == KIND_SET) {
        return once_in(workload, 24) ? UNSOLD_MAX - below(workload, 3)
                                     : below(workload, workload->world->stock + 1);
    }
    if (kind == KIND_ADJUST) {
        const int64_t qty = (int64_t)below(workload, workload->world->stock + 4) - 3;
        return qty == 0 ? 1 : qty;
    }
    return kind == KIND_DEFINE ? 0 : 1 + below(workload, 3);
}

/* Different SKUs, as after summing. */
static void put_items(struct sim_workload *workload, struct job *job)
{
    const uint32_t skus = workload->world->skus;
    const uint32_t most = workload->world->cart_max < skus ? workload->world->cart_max : skus;
    const uint32_t first = below(workload, skus);
    job->item_count = once_in(workload, 2) ? 1 : 1 + below(workload, most);
    job->items = arena_take(workload->arena, job->item_count * sizeof *job->items);
    ENSURE(job->items != NULL);
    for (uint32_t i = 0; i < job->item_count; i++) {
        const bool compares = job->kind == KIND_SET && once_in(workload, 4);
        job->items[i] =
            (struct item){.sku = sim_sku((first + i) % skus),
                          .qty = draw_qty(workload, job->kind),
                          .if_version = compares ? (int64_t)below(workload, 9) : VERSION_NONE};
    }
}

static enum change draw_change(struct sim_workload *workload)
{
    static const enum change changes[] = {CHANGE_NONE, CHANGE_NONE, CHANGE_CLEAR, CHANGE_SET};
    return changes[below(workload, COUNT_OF(changes))];
}

static void put_definition(struct sim_workload *workload, struct job *job)
{
    struct definition *definition = &job->definition;
    const instant now = sim_database_now(workload->database);
    const bool limits = below(workload, 100) < workload->world->limit_share;
    job->item_count = 1;
    definition->per_customer_change = limits ? CHANGE_SET : draw_change(workload);
    if (definition->per_customer_change == CHANGE_SET) {
        definition->per_customer = 2 + below(workload, 8);
    }
    definition->round_change = draw_change(workload);
    if (definition->round_change == CHANGE_SET) {
        definition->round = span_of(rounds[below(workload, 2)]);
    }
    if (once_in(workload, 4)) {
        definition->opens_change = draw_change(workload);
        definition->closes_change = draw_change(workload);
    }
    if (definition->opens_change == CHANGE_SET) {
        definition->opens_at = now + ((int64_t)below(workload, 3) - 1) * INSTANT_SECOND;
    }
    if (definition->closes_change == CHANGE_SET) {
        definition->closes_at = now + ((int64_t)below(workload, 4) - 1) * INSTANT_SECOND;
    }
}

/* One of the latest; now and then nobody's. */
static const struct sim_job *named(struct sim_workload *workload, const uint32_t *jobs,
                                   uint32_t count)
{
    if (count == 0 || once_in(workload, 20)) {
        return NULL;
    }
    const uint32_t far = once_in(workload, 4) ? 60 : 6;
    return &workload->account->jobs[jobs[count - 1 - below(workload, count < far ? count : far)]];
}

/* The slot of what it names, unless a publisher did not know it: then it comes to any lane. */
static uint32_t draw_slot(struct sim_workload *workload, const struct sim_job *named)
{
    return named == NULL || once_in(workload, 4) ? below(workload, SLOTS) : named->slot;
}

/* Somebody comes back to a hold that has expired. NULL: this time to another one. */
static const struct sim_job *expired(struct sim_workload *workload)
{
    const struct sim_account *account = workload->account;
    const struct sim_rows *rows = account->rows;
    if (rows->hold_count == 0 || !once_in(workload, 4)) {
        return NULL;
    }
    const struct hold *hold = rows->holds[below(workload, rows->hold_count)];
    return hold->state == HOLD_EXPIRED ? &account->jobs[sim_account_original(account, hold->id)]
                                       : NULL;
}

static void put_hold(struct sim_workload *workload, struct sim_job *job)
{
    const struct sim_job *reserve = expired(workload);
    if (reserve == NULL) {
        reserve = named(workload, workload->reserves, workload->reserve_count);
    }
    job->job.hold = reserve == NULL ? SPAN_OF("nobody") : reserve->job.id;
    job->slot = draw_slot(workload, reserve);
    if (reserve != NULL && once_in(workload, 8)) {
        job->job.customer = customer_of(below(workload, workload->world->customers));
    }
}

/* Some units of one SKU that another job names. */
static void put_part(struct sim_workload *workload, struct job *job, const struct job *sold)
{
    const struct item *item = &sold->items[below(workload, sold->item_count)];
    job->item_count = 1;
    job->items = arena_take(workload->arena, sizeof *job->items);
    ENSURE(job->items != NULL);
    *job->items =
        (struct item){.sku = item->sku, .qty = 1 + below(workload, 2), .if_version = VERSION_NONE};
}

static void put_sale(struct sim_workload *workload, struct sim_job *job)
{
    const struct sim_job *sold = named(workload, workload->sales, workload->sale_count);
    job->job.sale = sold == NULL ? SPAN_OF("nobody") : sold->job.id;
    job->slot = draw_slot(workload, sold);
    if (sold != NULL && sold->job.item_count > 0 && once_in(workload, 3)) {
        put_part(workload, &job->job, &sold->job);
    } else if (once_in(workload, 3)) {
        put_items(workload, &job->job);
    }
}

static void put_cart(struct sim_workload *workload, struct job *job)
{
    put_items(workload, job);
    job->customer = customer_of(below(workload, workload->world->customers));
    job->store = span_of(stores[below(workload, COUNT_OF(stores))]);
}

static void put_reserve(struct sim_workload *workload, struct job *job)
{
    put_cart(workload, job);
    job->ttl = 1 + below(workload, workload->world->ttl_max);
    if (!once_in(workload, 5)) {
        return;
    }
    const struct sim_job *old = named(workload, workload->reserves, workload->reserve_count);
    job->replaces = old == NULL ? SPAN_OF("nobody") : old->job.id;
    if (old != NULL && !span_absent(old->job.customer) && !once_in(workload, 6)) {
        job->customer = old->job.customer;
        job->store = old->job.store;
    }
}

static void put_members(struct sim_workload *workload, struct sim_job *job)
{
    switch (job->job.kind) {
    case KIND_CHECKOUT:
        put_cart(workload, &job->job);
        return;
    case KIND_RESERVE:
        put_reserve(workload, &job->job);
        return;
    case KIND_EXTEND:
        job->job.ttl = 1 + below(workload, workload->world->ttl_max);
        put_hold(workload, job);
        return;
    case KIND_COMMIT:
    case KIND_RELEASE:
    case KIND_EXPIRE:
        put_hold(workload, job);
        return;
    case KIND_CANCEL:
        put_sale(workload, job);
        return;
    case KIND_DEFINE:
    case KIND_ADJUST:
    case KIND_SET:
        put_items(workload, &job->job);
        job->job.pool = sim_pool(below(workload, workload->world->pools));
        if (job->job.kind == KIND_DEFINE) {
            put_definition(workload, &job->job);
        }
        return;
    }
}

static void put_optional(struct sim_workload *workload, struct job *job)
{
    if (once_in(workload, 8)) {
        job->meta = span_of(metas[below(workload, COUNT_OF(metas))]);
    }
    if (kind_is_stock(job->kind)) {
        return;
    }
    if (once_in(workload, 4)) {
        job->ref = span_of(refs[below(workload, 2)]);
    }
    if (once_in(workload, 16)) {
        job->not_after = sim_database_now(workload->database) +
                         ((int64_t)below(workload, 5) - 1) * INSTANT_SECOND;
    }
}

static enum kind draw_kind(struct sim_workload *workload)
{
    uint32_t weight = below(workload, workload->weight_all);
    uint32_t kind = 0;
    while (weight >= workload->world->weights[kind]) {
        weight -= workload->world->weights[kind++];
    }
    return (enum kind)kind;
}

/* ---- The jobs ---- */

/* What later jobs may name. */
static void remember(struct sim_workload *workload, const struct sim_job *job)
{
    const uint32_t number = (uint32_t)(job - workload->account->jobs);
    if (job->job.kind == KIND_RESERVE) {
        workload->reserves[workload->reserve_count++] = number;
    }
    if (job->job.kind == KIND_CHECKOUT || job->job.kind == KIND_COMMIT ||
        job->job.kind == KIND_RESERVE) {
        workload->sales[workload->sale_count++] = number;
    }
}

uint32_t sim_draw_job(struct sim_workload *workload)
{
    struct sim_job *job = new_job(workload);
    put_id(workload, job);
    job->job.kind = draw_kind(workload);
    put_members(workload, job);
    put_optional(workload, &job->job);
    if (sim_strikes(workload->core, FAULT_POISON)) {
        job->class = CLASS_POISON;
    } else if (sim_strikes(workload->core, FAULT_CRASHING)) {
        job->class = CLASS_CRASHING;
    }
    const uint32_t number = finish(workload, job);
    remember(workload, job);
    return number;
}

uint32_t sim_draw_stocking(struct sim_workload *workload)
{
    struct sim_job *job = new_job(workload);
    const int64_t some = 1 + below(workload, workload->world->stock);
    const bool too_early = once_in(workload, 6); /* units are to go before any have come */
    const uint32_t row = workload->to_stock - 1;
    workload->to_stock -= too_early ? 0 : 1;
    put_id(workload, job);
    job->job.kind = !too_early && once_in(workload, 2) ? KIND_SET : KIND_ADJUST;
    job->job.item_count = 1;
    job->job.items = arena_take(workload->arena, sizeof *job->job.items);
    ENSURE(job->job.items != NULL);
    job->job.items[0] = (struct item){.sku = sim_sku(row % workload->world->skus),
                                      .qty = too_early ? -1 : some,
                                      .if_version = VERSION_NONE};
    job->job.pool = sim_pool(row / workload->world->skus);
    return finish(workload, job);
}

uint32_t sim_draw_reused(struct sim_workload *workload, uint32_t original)
{
    struct sim_job *job = new_job(workload);
    struct sim_job *first = &workload->account->jobs[workload->account->jobs[original].original];
    job->original = first->original;
    job->reused = first->reused;
    first->reused = (uint32_t)(job - workload->account->jobs);
    job->job.id = first->job.id;
    job->job.kind = once_in(workload, 4) && workload->world->sweeps ? KIND_RESERVE : KIND_CHECKOUT;
    put_members(workload, job);
    char ref[24]; /* of no other job */
    const int size = snprintf(ref, sizeof ref, "again-%u", workload->account->job_count);
    job->job.ref = keep(workload, ref, (size_t)size);
    return finish(workload, job);
}

uint32_t sim_draw_malformed(struct sim_workload *workload)
{
    static const char *const bodies[] = {
        "", "{}", "[1,2", "{\"id\":\"x\",\"id\":\"y\"}", "{\"id\":\"bad\",\"kind\":\"buy\"}",
    };
    struct sim_job *job = new_job(workload);
    job->class = CLASS_MALFORMED;
    job->slot = below(workload, SLOTS);
    const uint32_t which = below(workload, 2 * COUNT_OF(bodies));
    if (which < COUNT_OF(bodies) - 1) {
        job->body = span_of(bodies[which]);
        return job->original;
    }
    char body[128];
    put_id(workload, job); /* it can be answered */
    const int size =
        snprintf(body, sizeof body, "{\"id\":\"%.*s\",\"kind\":\"checkout\",\"items\":[],\"n\":%u}",
                 SPAN_ARGUMENTS(job->job.id), which);
    job->body = keep(workload, body, (size_t)size);
    return job->original;
}

uint32_t sim_draw_expire(struct sim_workload *workload, const struct hold *hold)
{
    struct sim_account *account = workload->account;
    const uint32_t reserve = sim_account_original(account, hold->id);
    ENSURE(reserve != SIM_JOB_NONE);
    if (account->expire_of[reserve] != SIM_JOB_NONE) {
        return account->expire_of[reserve];
    }
    if (account->job_count == SIM_JOBS_MAX) {
        return SIM_JOB_NONE;
    }
    char id[32];
    const int size = snprintf(id, sizeof id, JOB_EXPIRE_PREFIX "%.*s", SPAN_ARGUMENTS(hold->id));
    struct sim_job *job = new_job(workload);
    job->job.id = keep(workload, id, (size_t)size);
    job->job.kind = KIND_EXPIRE;
    job->job.hold = account->jobs[reserve].job.id;
    job->slot = hold->slot;
    account->expire_of[reserve] = job->original;
    (void)finish(workload, job);
    job->job.pool = SPAN_OF(JOB_POOL_DEFAULT); /* a stock job's, unless it says so */
    job->meaning = job_digest(&job->job);
    return job->original;
}
