/* SPDX-License-Identifier: Apache-2.0
 *
 * One job at a time, from tables of what it may say. */
#include "tests/support/draw.h"

#include <string.h>

#include "common/base/ensure.h"
#include "common/base/hash.h"
#include "common/base/limits.h"

#define SPAN(literal)                   \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    }

/* What is drawn more often stands more often. */
static const struct span skus[] = {SPAN("PS5"), SPAN("PAD"), SPAN("it's")};
static const struct span stores[] = {SPAN("default"), SPAN("default"), SPAN("default"),
                                     SPAN("default"), SPAN("web"),     SPAN("far")};
static const struct span pools[] = {SPAN("main"), SPAN("main"), SPAN("main"),
                                    SPAN("main"), SPAN("main"), SPAN("second")};
static const struct span customers[] = {SPAN("c-1"), SPAN("c-2")};
static const struct span rounds[] = {SPAN("r1"), SPAN("r2")};
static const struct span refs[] = {SPAN("1001"), SPAN("1002")};

static const enum kind kinds[] = {
    KIND_CHECKOUT, KIND_CHECKOUT, KIND_CHECKOUT, KIND_RESERVE, KIND_RESERVE,
    KIND_RESERVE,  KIND_RESERVE,  KIND_RESERVE,  KIND_COMMIT,  KIND_COMMIT,
    KIND_COMMIT,   KIND_RELEASE,  KIND_EXTEND,   KIND_CANCEL,  KIND_CANCEL,
    KIND_ADJUST,   KIND_SET,      KIND_DEFINE,   KIND_EXPIRE,  KIND_EXPIRE,
};

/* A shop begins with something to sell. */
enum { STOCKING_JOBS = 5 };

#define COUNT_OF(array)     ((uint32_t)(sizeof(array) / sizeof(array)[0]))
#define ONE_OF(draw, array) ((array)[prng_below(&(draw)->prng, COUNT_OF(array))])

void draw_init(struct draw *draw, uint64_t seed, struct arena *arena)
{
    prng_init(&draw->prng, seed);
    draw->arena = arena;
    draw->now = 0;
    draw->entry_count = 0;
    draw->hold_count = 0;
    draw->sale_count = 0;
}

static bool once_in(struct draw *draw, uint32_t times)
{
    return prng_below(&draw->prng, times) == 0;
}

static void *take(struct draw *draw, size_t size)
{
    void *memory = arena_take(draw->arena, size);
    ENSURE(memory != NULL);
    return memory;
}

struct span draw_store(struct draw *draw)
{
    return ONE_OF(draw, stores);
}

struct span draw_pool(struct draw *draw)
{
    return once_in(draw, 4) ? SPAN_NONE : ONE_OF(draw, pools);
}

static struct span expire_id(struct draw *draw, struct span hold)
{
    static const struct span prefix = SPAN(JOB_EXPIRE_PREFIX);
    char *bytes = take(draw, prefix.size + hold.size);
    memcpy(bytes, prefix.bytes, prefix.size);
    for (uint32_t i = 0; i < hold.size; i++) {
        bytes[prefix.size + i] = hold.bytes[i];
    }
    return (struct span){bytes, prefix.size + hold.size};
}

static struct span new_id(struct draw *draw)
{
    char *bytes = take(draw, 2);
    bytes[0] = (char)('A' + draw->entry_count / 26);
    bytes[1] = (char)('a' + draw->entry_count % 26);
    return (struct span){bytes, 2};
}

/* Now and then of some earlier job, or of none. */
static struct span any_id(struct draw *draw)
{
    if (draw->entry_count == 0 || once_in(draw, 3)) {
        return SPAN_OF("nobody's");
    }
    return draw->entries[prng_below(&draw->prng, draw->entry_count)].job->id;
}

/* One of the latest. */
static const struct decision *latest(struct draw *draw, const struct decision *const *decisions,
                                     uint32_t count)
{
    return decisions[count - 1 - prng_below(&draw->prng, count < 5 ? count : 5)];
}

static struct span hold_id(struct draw *draw)
{
    const bool any = draw->hold_count == 0 || once_in(draw, 12);
    return any ? any_id(draw) : latest(draw, draw->holds, draw->hold_count)->job;
}

static struct span sale_id(struct draw *draw)
{
    const bool any = draw->sale_count == 0 || once_in(draw, 12);
    if (!any && draw->hold_count > 0 && once_in(draw, 4)) {
        return latest(draw, draw->holds, draw->hold_count)->job;
    }
    return any ? any_id(draw) : latest(draw, draw->sales, draw->sale_count)->job;
}

/* Most of the time by the same customer in the same store. */
static void put_replaces(struct draw *draw, struct job *job)
{
    if (draw->hold_count == 0 || once_in(draw, 6)) {
        job->replaces = hold_id(draw);
        return;
    }
    const struct decision *hold = latest(draw, draw->holds, draw->hold_count);
    job->replaces = hold->job;
    job->customer = hold->customer;
    job->store = hold->store;
}

static int64_t draw_qty(struct draw *draw, enum kind kind)
{
    if (kind == KIND_SET) {
        return once_in(draw, 8) ? UNSOLD_MAX - prng_below(&draw->prng, 3)
                                : 1 + prng_below(&draw->prng, 9);
    }
    if (kind == KIND_ADJUST) {
        return (int64_t)prng_below(&draw->prng, 12) - 3;
    }
    return 1 + (int64_t)prng_below(&draw->prng, 3);
}

/* Different SKUs, as after summing: 1 to 3 of them. */
static void put_items(struct draw *draw, struct job *job)
{
    const uint32_t first = prng_below(&draw->prng, COUNT_OF(skus));
    job->item_count = once_in(draw, 2) ? 1 : 1 + prng_below(&draw->prng, 3);
    job->items = take(draw, job->item_count * sizeof *job->items);
    for (uint32_t i = 0; i < job->item_count; i++) {
        const bool compares = job->kind == KIND_SET && once_in(draw, 4);
        job->items[i] = (struct item){
            .sku = skus[(first + i) % COUNT_OF(skus)],
            .qty = job->kind == KIND_DEFINE ? 0 : draw_qty(draw, job->kind),
            .if_version = compares ? (int64_t)prng_below(&draw->prng, 4) : VERSION_NONE};
    }
}

static enum change draw_change(struct draw *draw)
{
    static const enum change changes[] = {CHANGE_NONE, CHANGE_NONE, CHANGE_CLEAR, CHANGE_SET};
    return ONE_OF(draw, changes);
}

static void put_definition(struct draw *draw, struct job *job)
{
    struct definition *definition = &job->definition;
    job->item_count = 1;
    definition->per_customer_change = once_in(draw, 3) ? draw_change(draw) : CHANGE_SET;
    definition->per_customer = 2 + prng_below(&draw->prng, 5);
    definition->round_change = once_in(draw, 2) ? CHANGE_SET : draw_change(draw);
    definition->round = ONE_OF(draw, rounds);
    if (once_in(draw, 6)) {
        definition->opens_change = draw_change(draw);
        definition->closes_change = draw_change(draw);
    }
    definition->opens_at = draw->now + ((int64_t)prng_below(&draw->prng, 3) - 1) * 1000000;
    definition->closes_at = draw->now + ((int64_t)prng_below(&draw->prng, 4) - 1) * 1000000;
}

static void put_ending(struct draw *draw, struct job *job)
{
    if (once_in(draw, 6)) {
        job->customer = ONE_OF(draw, customers);
    }
    if (once_in(draw, 12)) {
        job->store = ONE_OF(draw, stores);
    }
}

static void put_members(struct draw *draw, struct job *job)
{
    switch (job->kind) {
    case KIND_RESERVE:
        job->ttl = 1 + prng_below(&draw->prng, 4);
        put_items(draw, job);
        job->customer = ONE_OF(draw, customers);
        job->store = ONE_OF(draw, stores);
        if (once_in(draw, 3)) {
            put_replaces(draw, job);
        }
        return;
    case KIND_CHECKOUT:
        put_items(draw, job);
        job->customer = ONE_OF(draw, customers);
        job->store = ONE_OF(draw, stores);
        return;
    case KIND_COMMIT:
    case KIND_RELEASE:
    case KIND_EXTEND:
        job->ttl = job->kind == KIND_EXTEND ? 1 + prng_below(&draw->prng, 4) : 0;
        job->hold = hold_id(draw);
        put_ending(draw, job);
        return;
    case KIND_EXPIRE:
        job->hold = hold_id(draw);
        job->id = expire_id(draw, job->hold);
        return;
    case KIND_CANCEL:
        job->sale = sale_id(draw);
        put_ending(draw, job);
        if (once_in(draw, 2)) {
            put_items(draw, job);
        }
        return;
    case KIND_ADJUST:
    case KIND_SET:
    case KIND_DEFINE:
        put_items(draw, job);
        job->pool = ONE_OF(draw, pools);
        if (job->kind == KIND_DEFINE) {
            put_definition(draw, job);
        }
        return;
    }
}

static uint64_t hash_number(uint64_t before, int64_t number)
{
    return hash_bytes((struct hash_key){before, 0}, &number, sizeof number);
}

static uint64_t hash_span(uint64_t before, struct span span)
{
    const uint64_t hash = hash_number(before, span_absent(span) ? -1 : 1);
    return hash_bytes((struct hash_key){hash, 1}, span.bytes, span.size);
}

/* What the contract compares: not meta, not not_after. */
static uint64_t meaning_of(const struct job *job)
{
    const struct definition *to = &job->definition;
    uint64_t hash = hash_number(0, job->kind);
    const struct span spans[] = {job->store, job->customer, job->pool, job->hold,
                                 job->sale,  job->replaces, job->ref};
    for (uint32_t i = 0; i < COUNT_OF(spans); i++) {
        hash = hash_span(hash, spans[i]);
    }
    for (uint32_t i = 0; i < job->item_count; i++) {
        hash = hash_span(hash, job->items[i].sku);
        hash = hash_number(hash, job->items[i].qty);
        hash = hash_number(hash, job->items[i].if_version);
    }
    hash = hash_number(hash_number(hash, job->ttl), to->per_customer_change);
    hash = hash_span(hash_number(hash, to->per_customer), to->round);
    hash = hash_number(hash_number(hash, to->round_change), to->opens_change);
    hash = hash_number(hash_number(hash, to->opens_at), to->closes_change);
    return hash_number(hash, to->closes_at);
}

/* Without a hold there is little to say about holds. */
static enum kind draw_kind(struct draw *draw)
{
    if (draw->entry_count < STOCKING_JOBS) {
        return once_in(draw, 3) ? KIND_DEFINE : KIND_ADJUST;
    }
    const enum kind kind = ONE_OF(draw, kinds);
    const bool on_hold =
        kind == KIND_COMMIT || kind == KIND_RELEASE || kind == KIND_EXTEND || kind == KIND_EXPIRE;
    return on_hold && draw->hold_count == 0 && !once_in(draw, 8) ? KIND_RESERVE : kind;
}

const struct entry *draw_entry(struct draw *draw)
{
    ENSURE(draw->entry_count < DRAW_ENTRIES_MAX);
    struct entry *entry = &draw->entries[draw->entry_count];
    if (draw->entry_count > 0 && once_in(draw, 12)) {
        *entry = draw->entries[prng_below(&draw->prng, draw->entry_count)];
        draw->entry_count++;
        return entry;
    }
    struct job *job = take(draw, sizeof *job);
    *job = (struct job){.kind = draw_kind(draw), .not_after = INSTANT_NONE};
    job->id = new_id(draw);
    if (once_in(draw, 24)) {
        job->id = any_id(draw);
    }
    put_members(draw, job);
    const bool stock = !span_absent(job->pool) || job->kind == KIND_EXPIRE;
    if (!stock && once_in(draw, 12)) {
        job->not_after = draw->now + ((int64_t)prng_below(&draw->prng, 3) - 1) * 1000000;
    }
    if (!stock && once_in(draw, 2)) {
        job->ref = ONE_OF(draw, refs);
    }
    *entry = (struct entry){.job = job,
                            .meaning = meaning_of(job),
                            .slot = draw->entry_count,
                            .from_stock_exchange = stock && !once_in(draw, 24)};
    draw->entry_count++;
    return entry;
}

void draw_hear(struct draw *draw, const struct decision *decision)
{
    if (decision->outcome == OUTCOME_HELD) {
        draw->holds[draw->hold_count++] = decision;
    }
    if (decision->outcome == OUTCOME_CONFIRMED) {
        draw->sales[draw->sale_count++] = decision;
    }
}
