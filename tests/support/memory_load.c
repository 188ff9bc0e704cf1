/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads what was demanded, and nothing else. */
#include <string.h>

#include "common/base/ensure.h"
#include "tests/support/memory_parts.h"

static bool keys_have_name(const struct keys *keys, struct span name)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        if (span_equal(keys->keys[i].name, name)) {
            return true;
        }
    }
    return false;
}

static struct line *lines_copy(struct memory_database *database, const struct line *lines,
                               uint32_t count)
{
    struct line *copy = memory_take(database, count * sizeof *copy);
    memcpy(copy, lines, count * sizeof *copy);
    for (uint32_t i = 0; i < count; i++) {
        copy[i].returned_mark = MARK_SAME;
    }
    return copy;
}

static void load_hold(struct memory_database *database, struct state *state,
                      const struct hold *hold)
{
    for (uint32_t i = 0; i < state->hold_count; i++) {
        if (span_equal(state->holds[i].id, hold->id)) {
            return;
        }
    }
    struct hold *loaded = &state->holds[state->hold_count++];
    *loaded = *hold;
    loaded->mark = MARK_SAME;
    loaded->lines = lines_copy(database, hold->lines, hold->line_count);
}

/* With their holds. */
static void load_sales(struct memory_database *database, const struct demand *demand,
                       struct state *state)
{
    for (uint32_t i = 0; i < database->sale_count; i++) {
        const struct sale *sale = &database->sales[i];
        if (!keys_have_name(&demand->sales, sale->id) &&
            !keys_have_name(&demand->sales, sale->hold)) {
            continue;
        }
        struct sale *loaded = &state->sales[state->sale_count++];
        *loaded = *sale;
        loaded->mark = MARK_SAME;
        loaded->lines = lines_copy(database, sale->lines, sale->line_count);
        for (uint32_t k = 0; k < database->hold_count; k++) {
            if (span_equal(database->holds[k].id, sale->hold)) {
                load_hold(database, state, &database->holds[k]);
            }
        }
    }
}

void memory_load_names(struct memory_database *database, const struct demand *demand,
                       struct state *state)
{
    struct decision *decisions = memory_take(database, demand->ids.count * sizeof *decisions);
    state->decisions = decisions;
    state->holds =
        memory_take(database, (demand->holds.count + demand->sales.count) * sizeof *state->holds);
    state->sales = memory_take(database, demand->sales.count * sizeof *state->sales);
    for (uint32_t i = 0; i < database->decision_count; i++) {
        if (keys_have_name(&demand->ids, database->decisions[i].job)) {
            decisions[state->decision_count++] = database->decisions[i];
        }
    }
    for (uint32_t i = 0; i < database->hold_count; i++) {
        if (keys_have_name(&demand->holds, database->holds[i].id)) {
            load_hold(database, state, &database->holds[i]);
        }
    }
    load_sales(database, demand, state);
}

static struct span pool_of(const struct memory_database *database, struct span store)
{
    for (uint32_t i = 0; i < database->store_count; i++) {
        if (span_equal(database->stores[i].name, store)) {
            return database->stores[i].pool;
        }
    }
    return span_equal(store, SPAN_OF("default")) ? SPAN_OF("main") : database->others;
}

/* Insert, on conflict do nothing. */
static void insert_row(struct memory_database *database, struct span pool, struct span sku)
{
    if (memory_row(database, pool, sku) != NULL) {
        return;
    }
    ENSURE(database->stock_count < MEMORY_STOCKS_MAX);
    database->moved[database->stock_count] = (struct stock){.pool = pool, .sku = sku};
    database->stocks[database->stock_count++] = (struct stock){
        .pool = pool, .sku = sku, .opens_at = INSTANT_NONE, .closes_at = INSTANT_NONE};
}

static bool is_demanded(const struct memory_database *database, const struct demand *demand,
                        const struct stock *stock)
{
    for (uint32_t i = 0; i < demand->stocks_of_pools.count; i++) {
        const struct key *key = &demand->stocks_of_pools.keys[i];
        if (span_equal(key->name, stock->pool) && span_equal(key->sku, stock->sku)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < demand->stocks_of_stores.count; i++) {
        const struct key *key = &demand->stocks_of_stores.keys[i];
        if (span_equal(pool_of(database, key->name), stock->pool) &&
            span_equal(key->sku, stock->sku)) {
            return true;
        }
    }
    return false;
}

static void load_stocks(struct memory_database *database, const struct demand *demand,
                        struct state *state)
{
    for (uint32_t i = 0; i < demand->stocks_of_pools.count; i++) {
        const struct key *key = &demand->stocks_of_pools.keys[i];
        if (key->makes_known) {
            insert_row(database, key->name, key->sku);
        }
    }
    state->stocks = memory_take(database, database->stock_count * sizeof *state->stocks);
    for (uint32_t i = 0; i < database->stock_count; i++) {
        if (is_demanded(database, demand, &database->stocks[i])) {
            state->stocks[state->stock_count++] = database->stocks[i];
        }
    }
}

static bool is_counted(struct memory_database *database, const struct demand *demand,
                       const struct tally *tally)
{
    const struct stock *stock = memory_row(database, tally->pool, tally->sku);
    if (!demand->limits_may_change && stock->per_customer == 0) {
        return false;
    }
    for (uint32_t i = 0; i < demand->tallies_of_pools.count; i++) {
        const struct key *key = &demand->tallies_of_pools.keys[i];
        if (span_equal(key->name, tally->pool) && span_equal(key->sku, tally->sku) &&
            span_equal(key->customer, tally->customer)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < demand->tallies_of_stores.count; i++) {
        const struct key *key = &demand->tallies_of_stores.keys[i];
        if (span_equal(pool_of(database, key->name), tally->pool) &&
            span_equal(key->sku, tally->sku) && span_equal(key->customer, tally->customer)) {
            return true;
        }
    }
    return false;
}

static void load_tallies(struct memory_database *database, const struct demand *demand,
                         struct state *state)
{
    state->tallies = memory_take(database, database->tally_count * sizeof *state->tallies);
    for (uint32_t i = 0; i < database->tally_count; i++) {
        if (is_counted(database, demand, &database->tallies[i])) {
            struct tally *tally = &state->tallies[state->tally_count++];
            *tally = database->tallies[i];
            tally->delta = 0;
        }
    }
}

static void load_stores(struct memory_database *database, const struct demand *demand,
                        struct state *state)
{
    state->others = database->others;
    state->stores = memory_take(database, database->store_count * sizeof *state->stores);
    for (uint32_t i = 0; i < database->store_count; i++) {
        if (keys_have_name(&demand->stores, database->stores[i].name)) {
            state->stores[state->store_count++] = database->stores[i];
        }
    }
}

void memory_load_rows(struct memory_database *database, const struct demand *demand,
                      struct state *state)
{
    load_stores(database, demand, state);
    load_stocks(database, demand, state);
    load_tallies(database, demand, state);
}
