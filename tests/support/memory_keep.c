/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes rows the database's own, whoever brought them. */
#include <string.h>

#include "common/base/ensure.h"
#include "tests/support/memory_parts.h"

static bool is_kept(const struct memory_database *database, const void *memory)
{
    const struct arena *arena = database->arena;
    const uintptr_t begin = (uintptr_t)arena->memory;
    const uintptr_t at = (uintptr_t)memory;
    return memory == NULL || (at >= begin && at < begin + arena->size);
}

static void *keep(struct memory_database *database, const void *memory, size_t size)
{
    void *copy = memory_take(database, size);
    memcpy(copy, memory, size);
    return copy;
}

static void keep_span(struct memory_database *database, struct span *span)
{
    if (!is_kept(database, span->bytes)) {
        span->bytes = keep(database, span->bytes, span->size);
    }
}

static struct line *keep_lines(struct memory_database *database, struct line *lines, uint32_t count)
{
    if (is_kept(database, lines)) {
        return lines;
    }
    struct line *kept = keep(database, lines, count * sizeof *lines);
    for (uint32_t i = 0; i < count; i++) {
        keep_span(database, &kept[i].sku);
        keep_span(database, &kept[i].round);
        keep_span(database, &kept[i].returned_by);
    }
    return kept;
}

static const struct decision_item *keep_items(struct memory_database *database,
                                              const struct decision_item *items, uint32_t count)
{
    if (is_kept(database, items)) {
        return items;
    }
    struct decision_item *kept = keep(database, items, count * sizeof *items);
    for (uint32_t i = 0; i < count; i++) {
        keep_span(database, &kept[i].sku);
    }
    return kept;
}

static const struct fault *keep_faults(struct memory_database *database, const struct fault *faults,
                                       uint32_t count)
{
    if (is_kept(database, faults)) {
        return faults;
    }
    struct fault *kept = keep(database, faults, count * sizeof *faults);
    for (uint32_t i = 0; i < count; i++) {
        keep_span(database, &kept[i].sku);
    }
    return kept;
}

static void keep_decision(struct memory_database *database, struct decision *decision)
{
    struct span *spans[] = {&decision->job,     &decision->ref,  &decision->customer,
                            &decision->store,   &decision->pool, &decision->hold,
                            &decision->sale,    &decision->by,   &decision->meta,
                            &decision->replaces};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        keep_span(database, spans[i]);
    }
    decision->items = keep_items(database, decision->items, decision->item_count);
    decision->released_items =
        keep_items(database, decision->released_items, decision->released_count);
    decision->faults = keep_faults(database, decision->faults, decision->fault_count);
}

static void keep_hold(struct memory_database *database, struct hold *hold)
{
    struct span *spans[] = {&hold->id,  &hold->customer, &hold->store,   &hold->pool,
                            &hold->ref, &hold->sale,     &hold->ended_by};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        keep_span(database, spans[i]);
    }
    hold->lines = keep_lines(database, hold->lines, hold->line_count);
}

static void keep_sale(struct memory_database *database, struct sale *sale)
{
    struct span *spans[] = {&sale->id,   &sale->hold, &sale->customer, &sale->store,
                            &sale->pool, &sale->ref,  &sale->ended_by};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        keep_span(database, spans[i]);
    }
    sale->lines = keep_lines(database, sale->lines, sale->line_count);
}

void memory_keep(struct memory_database *database)
{
    for (uint32_t i = 0; i < database->stock_count; i++) {
        keep_span(database, &database->stocks[i].pool);
        keep_span(database, &database->stocks[i].sku);
        keep_span(database, &database->stocks[i].round);
        database->moved[i].pool = database->stocks[i].pool;
        database->moved[i].sku = database->stocks[i].sku;
    }
    for (uint32_t i = 0; i < database->tally_count; i++) {
        keep_span(database, &database->tallies[i].pool);
        keep_span(database, &database->tallies[i].sku);
        keep_span(database, &database->tallies[i].round);
        keep_span(database, &database->tallies[i].customer);
    }
    for (uint32_t i = 0; i < database->hold_count; i++) {
        keep_hold(database, &database->holds[i]);
    }
    for (uint32_t i = 0; i < database->sale_count; i++) {
        keep_sale(database, &database->sales[i]);
    }
    for (uint32_t i = 0; i < database->decision_count; i++) {
        keep_decision(database, &database->decisions[i]);
    }
}
