/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows in arrays, searched from end to end. */
#include "tests/support/memory_database.h"

#include <string.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"
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

static void *take(struct memory_database *database, size_t size)
{
    void *memory = arena_take(database->arena, size);
    ENSURE(memory != NULL);
    return memory;
}

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
    struct line *copy = take(database, count * sizeof *copy);
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

static void load_names(struct memory_database *database, const struct demand *demand,
                       struct state *state)
{
    struct decision *decisions = take(database, database->decision_count * sizeof *decisions);
    state->decisions = decisions;
    state->holds = take(database, database->hold_count * sizeof *state->holds);
    state->sales = take(database, database->sale_count * sizeof *state->sales);
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

static struct stock *row_of(struct memory_database *database, struct span pool, struct span sku)
{
    for (uint32_t i = 0; i < database->stock_count; i++) {
        struct stock *stock = &database->stocks[i];
        if (span_equal(stock->pool, pool) && span_equal(stock->sku, sku)) {
            return stock;
        }
    }
    return NULL;
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
    if (row_of(database, pool, sku) != NULL) {
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
    state->stocks = take(database, database->stock_count * sizeof *state->stocks);
    for (uint32_t i = 0; i < database->stock_count; i++) {
        if (is_demanded(database, demand, &database->stocks[i])) {
            state->stocks[state->stock_count++] = database->stocks[i];
        }
    }
}

static bool is_counted(struct memory_database *database, const struct demand *demand,
                       const struct tally *tally)
{
    const struct stock *stock = row_of(database, tally->pool, tally->sku);
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
    state->tallies = take(database, database->tally_count * sizeof *state->tallies);
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
    state->stores = take(database, database->store_count * sizeof *state->stores);
    for (uint32_t i = 0; i < database->store_count; i++) {
        if (keys_have_name(&demand->stores, database->stores[i].name)) {
            state->stores[state->store_count++] = database->stores[i];
        }
    }
}

static struct tally *tally_row(struct memory_database *database, const struct stock *stock,
                               struct span round, struct span customer)
{
    for (uint32_t i = 0; i < database->tally_count; i++) {
        struct tally *tally = &database->tallies[i];
        if (span_equal(tally->pool, stock->pool) && span_equal(tally->sku, stock->sku) &&
            span_equal(tally->round, round) && span_equal(tally->customer, customer)) {
            return tally;
        }
    }
    ENSURE(database->tally_count < MEMORY_TALLIES_MAX);
    struct tally *tally = &database->tallies[database->tally_count++];
    *tally = (struct tally){
        .pool = stock->pool, .sku = stock->sku, .round = round, .customer = customer};
    return tally;
}

static bool edge_is_right(const struct movement *movement, int64_t before, int64_t after)
{
    switch (movement->edge) {
    case EDGE_NONE:
        return (before == 0) == (after == 0);
    case EDGE_OUT:
        return before > 0 && after == 0;
    case EDGE_BACK:
        return before == 0 && after > 0;
    }
    return false;
}

static bool is_line_of(const struct decision_item *item, const struct decision_item *items,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (item == &items[i]) {
            return true;
        }
    }
    return false;
}

/* Each movement belongs to a line of its decision, and each line that moved has one. */
static const char *check_lines(const struct result *result)
{
    const struct decision *decision = &result->decision;
    uint32_t moved = 0;
    for (uint32_t i = 0; i < result->movement_count; i++) {
        const struct movement *movement = &result->movements[i];
        const struct decision_item *item = movement->item;
        if (!is_line_of(item, decision->items, decision->item_count) &&
            !is_line_of(item, decision->released_items, decision->released_count)) {
            return "a movement of no line";
        }
        if (!span_equal(item->sku, movement->stock->sku) || item->version != movement->version ||
            item->moved != (movement->version != 0)) {
            return "a movement of another line";
        }
        for (uint32_t k = 0; k < i; k++) {
            if (result->movements[k].item == item) {
                return "two movements of one line";
            }
        }
        moved += item->moved ? 1 : 0;
    }
    for (uint32_t i = 0; i < decision->item_count; i++) {
        moved -= decision->items[i].moved ? 1 : 0;
    }
    for (uint32_t i = 0; i < decision->released_count; i++) {
        moved -= decision->released_items[i].moved ? 1 : 0;
    }
    return moved == 0 ? NULL : "a line that moved without a movement";
}

static const char *save_movement(struct memory_database *database, const struct movement *movement)
{
    const struct stock *row = row_of(database, movement->stock->pool, movement->stock->sku);
    struct stock *moved = &database->moved[row - database->stocks];
    const int64_t before = moved->unsold - moved->held;
    moved->unsold += movement->unsold_delta;
    moved->held += movement->held_delta;
    const int64_t after = moved->unsold - moved->held;
    const bool moves = movement->unsold_delta != 0 || movement->held_delta != 0;
    if (movement->taken_delta != 0) {
        tally_row(database, row, movement->round, movement->customer)->delta +=
            movement->taken_delta;
    }
    if (!moves) {
        const bool counts_only = movement->version == 0 && movement->taken_delta != 0;
        return counts_only && movement->edge == EDGE_NONE ? NULL : "a movement of nothing";
    }
    if (movement->version != ++moved->version) {
        return "a gap in a SKU's versions";
    }
    if (moved->held < 0 || moved->held > moved->unsold || moved->unsold > UNSOLD_MAX) {
        return "held and unsold out of their bounds";
    }
    return edge_is_right(movement, before, after) ? NULL : "a wrong edge";
}

static const char *save_stocks(struct memory_database *database, const struct state *state)
{
    for (uint32_t i = 0; i < state->stock_count; i++) {
        const struct stock *stock = &state->stocks[i];
        struct stock *row = row_of(database, stock->pool, stock->sku);
        const struct stock *moved = &database->moved[row - database->stocks];
        if (stock->other != NULL) {
            return "a stock that still points to a line";
        }
        if (stock->mark != MARK_SAME) {
            *row = *stock;
        }
        if (row->unsold != moved->unsold || row->held != moved->held ||
            row->version != moved->version || row->known != stock->known) {
            return "a stock that is not the sum of its movements";
        }
    }
    return NULL;
}

static const char *save_tallies(struct memory_database *database, const struct state *state)
{
    for (uint32_t i = 0; i < state->tally_count; i++) {
        const struct tally *tally = &state->tallies[i];
        const struct stock stock = {.pool = tally->pool, .sku = tally->sku};
        tally_row(database, &stock, tally->round, tally->customer)->taken += tally->delta;
    }
    for (const struct tally *tally = state->new_tallies; tally != NULL; tally = tally->next) {
        const struct stock stock = {.pool = tally->pool, .sku = tally->sku};
        tally_row(database, &stock, tally->round, tally->customer)->taken += tally->delta;
    }
    for (uint32_t i = 0; i < database->tally_count; i++) {
        if (database->tallies[i].taken != database->tallies[i].delta) {
            return "a tally that is not the sum of its movements";
        }
        if (database->tallies[i].taken < 0) {
            return "a negative tally";
        }
    }
    return NULL;
}

static void save_holds(struct memory_database *database, const struct state *state)
{
    for (uint32_t i = 0; i < state->hold_count; i++) {
        for (uint32_t k = 0; k < database->hold_count; k++) {
            if (state->holds[i].mark != MARK_SAME &&
                span_equal(database->holds[k].id, state->holds[i].id)) {
                database->holds[k] = state->holds[i];
            }
        }
    }
    for (const struct hold *hold = state->new_holds; hold != NULL; hold = hold->next) {
        ENSURE(database->hold_count < MEMORY_HOLDS_MAX);
        database->holds[database->hold_count++] = *hold;
    }
}

/* Of a sale nothing changes but what was cancelled of its lines. */
static void save_sales(struct memory_database *database, const struct state *state)
{
    for (uint32_t i = 0; i < state->sale_count; i++) {
        for (uint32_t k = 0; k < database->sale_count; k++) {
            if (state->sales[i].mark != MARK_SAME &&
                span_equal(database->sales[k].id, state->sales[i].id)) {
                database->sales[k] = state->sales[i];
            }
        }
    }
    for (const struct sale *sale = state->new_sales; sale != NULL; sale = sale->next) {
        ENSURE(database->sale_count < MEMORY_SALES_MAX);
        database->sales[database->sale_count++] = *sale;
    }
}

static const char *save(struct memory_database *database, const struct state *state,
                        const struct result *results, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (results[i].kind != RESULT_DECISION) {
            continue;
        }
        ENSURE(database->decision_count < MEMORY_DECISIONS_MAX);
        database->decisions[database->decision_count++] = results[i].decision;
        const char *lines = check_lines(&results[i]);
        if (lines != NULL) {
            return lines;
        }
        for (uint32_t k = 0; k < results[i].movement_count; k++) {
            const char *why = save_movement(database, &results[i].movements[k]);
            if (why != NULL) {
                return why;
            }
        }
    }
    const char *why = save_stocks(database, state);
    if (why == NULL) {
        why = save_tallies(database, state);
    }
    save_holds(database, state);
    save_sales(database, state);
    return why;
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
    load_names(database, &demand, &state);
    if (!demand_add_found(&demand, state.holds, state.hold_count, state.sales, state.sale_count,
                          database->arena)) {
        return false;
    }
    load_stores(database, &demand, &state);
    load_stocks(database, &demand, &state);
    load_tallies(database, &demand, &state);
    if (decide(&state, entries, count, database->arena, results) != count) {
        return false;
    }
    *why = save(database, &state, results, count);
    return *why == NULL;
}
