/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows in arrays, searched from end to end. */
#include "tests/support/memory_database.h"

#include "common/base/ensure.h"
#include "tests/support/memory_parts.h"
#include "worker/lane/demand.h"

void memory_database_init(struct memory_database *database, struct arena *arena)
{
    database->arena = arena;
    database->others = SPAN_NONE;
    database->store_count = 0;
    database->stock_count = 0;
    database->tally_count = 0;
    database->hold_count = 0;
    database->sale_count = 0;
    database->decision_count = 0;
}

void *memory_take(struct memory_database *database, size_t size)
{
    void *memory = arena_take(database->arena, size);
    ENSURE(memory != NULL);
    return memory;
}

struct stock *memory_row(struct memory_database *database, struct span pool, struct span sku)
{
    for (uint32_t i = 0; i < database->stock_count; i++) {
        struct stock *stock = &database->stocks[i];
        if (span_equal(stock->pool, pool) && span_equal(stock->sku, sku)) {
            return stock;
        }
    }
    return NULL;
}

bool memory_database_decide(struct memory_database *database, instant now,
                            const struct entry *entries, uint32_t count, struct result *results,
                            const char **why)
{
    struct demand demand;
    struct state state = {.now = now, .seed = {1, 2}};
    *why = "a full arena";
    if (!demand_begin(&demand, entries, count, database->arena)) {
        return false;
    }
    memory_load_names(database, &demand, &state);
    if (!demand_add_found(&demand, state.holds, state.hold_count, state.sales, state.sale_count,
                          database->arena)) {
        return false;
    }
    memory_load_rows(database, &demand, &state);
    if (decide(&state, entries, count, database->arena, results) != count) {
        return false;
    }
    *why = memory_save(database, &state, results, count);
    return *why == NULL;
}
