/* SPDX-License-Identifier: Apache-2.0
 *
 * Collects keys, sorts them and keeps one of each. */
#include "worker/lane/demand.h"

#include <string.h>

/* Absent texts are equal to each other: a set has either none or only such. */
static int key_compare(const struct key *a, const struct key *b)
{
    const int name = span_compare(a->name, b->name);
    if (name != 0) {
        return name;
    }
    const int sku = span_compare(a->sku, b->sku);
    return sku != 0 ? sku : span_compare(a->customer, b->customer);
}

/* With room for so many keys. */
static bool keys_init(struct keys *keys, uint32_t capacity, struct arena *arena)
{
    struct key *memory = arena_take(arena, capacity * sizeof *memory);
    if (memory == NULL) {
        return false;
    }
    *keys = (struct keys){.keys = memory};
    return true;
}

/* A hot SKU is named by job after job: the same key again at once is dropped here. */
static void keys_put(struct keys *keys, struct key key)
{
    struct key *last = keys->count == 0 ? NULL : &keys->keys[keys->count - 1];
    if (last != NULL && key_compare(last, &key) == 0) {
        last->makes_known |= key.makes_known;
        return;
    }
    keys->keys[keys->count++] = key;
}

static void keys_put_name(struct keys *keys, struct span name)
{
    if (!span_absent(name)) {
        keys_put(keys, (struct key){.name = name});
    }
}

/* Two sorted runs next to each other become one in target. */
static void merge(const struct key *left, uint32_t left_count, const struct key *right,
                  uint32_t right_count, struct key *target)
{
    while (left_count > 0 && right_count > 0) {
        if (key_compare(left, right) <= 0) {
            *target++ = *left++;
            left_count--;
        } else {
            *target++ = *right++;
            right_count--;
        }
    }
    memcpy(target, left, left_count * sizeof *left);
    memcpy(target + left_count, right, right_count * sizeof *right);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Merges runs of 1, 2, 4 ... keys, to and fro between the keys and the scratch. The library's qsort
 * would allocate. */
static void keys_merge_sort(struct keys *keys, struct key *scratch)
{
    struct key *source = keys->keys;
    struct key *target = scratch;
    for (uint32_t run = 1; run < keys->count; run *= 2) {
        for (uint32_t i = 0; i < keys->count; i += 2 * run) {
            const uint32_t left = least(run, keys->count - i);
            const uint32_t right = least(run, keys->count - i - left);
            merge(source + i, left, source + i + left, right, target + i);
        }
        struct key *swap = source;
        source = target;
        target = swap;
    }
    if (source != keys->keys) {
        memcpy(keys->keys, source, keys->count * sizeof *source);
    }
}

/* And each is there once. */
static bool keys_are_sorted(const struct keys *keys)
{
    for (uint32_t i = 1; i < keys->count; i++) {
        if (key_compare(&keys->keys[i - 1], &keys->keys[i]) >= 0) {
            return false;
        }
    }
    return true;
}

/* False: the arena is full. */
static bool keys_sort(struct keys *keys, struct arena *arena)
{
    if (keys_are_sorted(keys)) { /* ids often come so, and a small part has one SKU */
        return true;
    }
    const size_t mark = arena_mark(arena);
    struct key *scratch = arena_take(arena, keys->count * sizeof *scratch);
    if (scratch == NULL) {
        return false;
    }
    keys_merge_sort(keys, scratch);
    arena_rewind(arena, mark);
    const struct keys sorted = *keys;
    keys->count = 0;
    for (uint32_t i = 0; i < sorted.count; i++) {
        keys_put(keys, sorted.keys[i]);
    }
    return true;
}

static bool keys_have(const struct keys *keys, const struct key *key)
{
    uint32_t begin = 0;
    uint32_t end = keys->count;
    while (begin < end) {
        const uint32_t middle = begin + (end - begin) / 2;
        const int order = key_compare(&keys->keys[middle], key);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return false;
}

static void put_cart(struct demand *demand, const struct job *job)
{
    keys_put_name(&demand->stores, job->store);
    for (uint32_t i = 0; i < job->item_count; i++) {
        const struct span sku = job->items[i].sku;
        keys_put(&demand->stocks_of_stores, (struct key){.name = job->store, .sku = sku});
        keys_put(&demand->tallies_of_stores,
                 (struct key){.name = job->store, .sku = sku, .customer = job->customer});
    }
}

/* Whatever is not negative may make its SKU known; a set of 0 does. */
static void put_stock_job(struct demand *demand, const struct job *job)
{
    for (uint32_t i = 0; i < job->item_count; i++) {
        const struct item *item = &job->items[i];
        keys_put(&demand->stocks_of_pools,
                 (struct key){.name = job->pool, .sku = item->sku, .makes_known = item->qty >= 0});
    }
}

static void put_job(struct demand *demand, const struct job *job)
{
    keys_put_name(&demand->ids, job->id);
    switch (job->kind) {
    case KIND_CHECKOUT:
    case KIND_RESERVE:
        put_cart(demand, job);
        keys_put_name(&demand->holds, job->replaces);
        return;
    case KIND_COMMIT:
    case KIND_RELEASE:
    case KIND_EXTEND:
    case KIND_EXPIRE:
        keys_put_name(&demand->holds, job->hold);
        return;
    case KIND_CANCEL:
        keys_put_name(&demand->ids, job->sale);
        keys_put_name(&demand->sales, job->sale);
        return;
    case KIND_ADJUST:
    case KIND_SET:
    case KIND_DEFINE:
        demand->limits_may_change |= job->kind == KIND_DEFINE;
        put_stock_job(demand, job);
        return;
    }
}

static bool sort_all(struct demand *demand, struct arena *arena)
{
    return keys_sort(&demand->ids, arena) && keys_sort(&demand->holds, arena) &&
           keys_sort(&demand->sales, arena) && keys_sort(&demand->stores, arena) &&
           keys_sort(&demand->stocks_of_pools, arena) &&
           keys_sort(&demand->stocks_of_stores, arena) &&
           keys_sort(&demand->tallies_of_pools, arena) &&
           keys_sort(&demand->tallies_of_stores, arena);
}

bool demand_begin(struct demand *demand, const struct entry *entries, uint32_t count,
                  struct arena *arena)
{
    uint32_t cart_items = 0;
    uint32_t stock_items = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct job *job = entries[i].job;
        *(span_absent(job->pool) ? &cart_items : &stock_items) += job->item_count;
    }
    *demand = (struct demand){.limits_may_change = false};
    if (!keys_init(&demand->ids, 2 * count, arena) || !keys_init(&demand->holds, count, arena) ||
        !keys_init(&demand->sales, count, arena) || !keys_init(&demand->stores, count, arena) ||
        !keys_init(&demand->stocks_of_pools, stock_items, arena) ||
        !keys_init(&demand->stocks_of_stores, cart_items, arena) ||
        !keys_init(&demand->tallies_of_stores, cart_items, arena)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        put_job(demand, entries[i].job);
    }
    return sort_all(demand, arena);
}

/* The same keys, with room for more. */
static bool keys_grow(struct keys *keys, uint32_t more, struct arena *arena)
{
    struct keys grown;
    if (!keys_init(&grown, keys->count + more, arena)) {
        return false;
    }
    if (keys->count > 0) {
        memcpy(grown.keys, keys->keys, keys->count * sizeof *keys->keys);
    }
    grown.count = keys->count;
    *keys = grown;
    return true;
}

static void put_lines(struct demand *demand, struct span pool, struct span customer,
                      const struct line *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        keys_put(&demand->stocks_of_pools, (struct key){.name = pool, .sku = lines[i].sku});
        keys_put(&demand->tallies_of_pools,
                 (struct key){.name = pool, .sku = lines[i].sku, .customer = customer});
    }
}

bool demand_add_found(struct demand *demand, const struct hold *holds, uint32_t hold_count,
                      const struct sale *sales, uint32_t sale_count, struct arena *arena)
{
    uint32_t lines = 0;
    for (uint32_t i = 0; i < hold_count; i++) {
        lines += holds[i].line_count;
    }
    for (uint32_t i = 0; i < sale_count; i++) {
        lines += sales[i].line_count;
    }
    if (!keys_grow(&demand->stocks_of_pools, lines, arena) ||
        !keys_grow(&demand->tallies_of_pools, lines, arena)) {
        return false;
    }
    for (uint32_t i = 0; i < hold_count; i++) {
        put_lines(demand, holds[i].pool, holds[i].customer, holds[i].lines, holds[i].line_count);
    }
    for (uint32_t i = 0; i < sale_count; i++) {
        put_lines(demand, sales[i].pool, sales[i].customer, sales[i].lines, sales[i].line_count);
    }
    return keys_sort(&demand->stocks_of_pools, arena) &&
           keys_sort(&demand->tallies_of_pools, arena);
}

/* A SKU may be locked for another job's sake, and the customer's count of it not be loaded; the
 * count is demanded only together with its SKU. */
static bool lines_covered(const struct demand *demand, struct span pool, struct span customer,
                          const struct line *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct key key = {.name = pool, .sku = lines[i].sku, .customer = customer};
        if (!keys_have(&demand->tallies_of_pools, &key)) {
            return false;
        }
    }
    return true;
}

bool demand_covers(const struct demand *demand, const struct hold *holds, uint32_t hold_count,
                   const struct sale *sales, uint32_t sale_count)
{
    for (uint32_t i = 0; i < hold_count; i++) {
        if (!lines_covered(demand, holds[i].pool, holds[i].customer, holds[i].lines,
                           holds[i].line_count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < sale_count; i++) {
        if (!lines_covered(demand, sales[i].pool, sales[i].customer, sales[i].lines,
                           sales[i].line_count)) {
            return false;
        }
    }
    return true;
}
