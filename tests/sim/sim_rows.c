/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows, and finding them. */
#include "tests/sim/sim_rows.h"

#include <string.h>

#include "common/base/ensure.h"

void sim_rows_init(struct sim_rows *rows, struct arena *arena)
{
    rows->arena = arena;
    rows->others = SPAN_NONE;
    rows->store_count = 0;
    rows->row_count = 0;
    rows->hold_count = 0;
    rows->lonely_count = 0;
    memset(rows->buckets, 0, sizeof rows->buckets);
}

void sim_rows_add(struct sim_rows *rows, struct span pool, struct span sku)
{
    ENSURE(rows->row_count < SIM_ROWS_MAX);
    rows->rows[rows->row_count++] = (struct sim_row){
        .stock = {.pool = pool, .sku = sku, .opens_at = INSTANT_NONE, .closes_at = INSTANT_NONE},
        .creator = SIM_SESSION_NONE,
        .holder = SIM_SESSION_NONE,
    };
}

void *sim_rows_take(struct sim_rows *rows, size_t size)
{
    void *memory = arena_take(rows->arena, size);
    ENSURE(memory != NULL);
    return memory;
}

uint32_t sim_rows_find(const struct sim_rows *rows, struct span pool, struct span sku)
{
    for (uint32_t i = 0; i < rows->row_count; i++) {
        if (span_equal(rows->rows[i].stock.sku, sku) &&
            span_equal(rows->rows[i].stock.pool, pool)) {
            return i;
        }
    }
    return UINT32_MAX;
}

static uint32_t bucket_of(struct span id)
{
    return (uint32_t)(sim_hash(id.bytes, id.size) >> 32) % SIM_BUCKETS;
}

struct sim_known *sim_rows_known(const struct sim_rows *rows, struct span id)
{
    if (span_absent(id)) {
        return NULL;
    }
    struct sim_known *known = rows->buckets[bucket_of(id)];
    while (known != NULL && !span_equal(known->id, id)) {
        known = known->next;
    }
    return known;
}

struct sim_known *sim_rows_know(struct sim_rows *rows, struct span id)
{
    struct sim_known *known = sim_rows_known(rows, id);
    if (known != NULL) {
        return known;
    }
    const uint32_t bucket = bucket_of(id);
    known = sim_rows_take(rows, sizeof *known);
    *known = (struct sim_known){.id = id, .next = rows->buckets[bucket]};
    rows->buckets[bucket] = known;
    return known;
}

uint32_t sim_rows_count_lonely(struct sim_rows *rows, struct sim_known *known)
{
    rows->lonely_count += known->lonely == 0 ? 1 : 0;
    known->lonely++;
    known->lonely_most = known->lonely > known->lonely_most ? known->lonely : known->lonely_most;
    return known->lonely;
}

struct sim_tally *sim_rows_tally(struct sim_rows *rows, uint32_t row, struct span round,
                                 struct span customer)
{
    struct sim_tally **at = &rows->rows[row].tallies;
    while (*at != NULL &&
           !(span_equal((*at)->round, round) && span_equal((*at)->customer, customer))) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = sim_rows_take(rows, sizeof **at);
        **at = (struct sim_tally){.round = round, .customer = customer};
    }
    return *at;
}

static struct span assigned_pool(const struct sim_rows *rows, struct span store)
{
    for (uint32_t i = 0; i < rows->store_count; i++) {
        if (span_equal(rows->stores[i].name, store)) {
            return rows->stores[i].pool;
        }
    }
    return SPAN_NONE;
}

/* A store that is assigned to no pool sells from that of the others, but for "default". */
static struct span pool_of(const struct sim_rows *rows, struct span store)
{
    const struct span pool = assigned_pool(rows, store);
    if (!span_absent(pool)) {
        return pool;
    }
    return span_equal(store, SPAN_OF("default")) ? SPAN_OF("main") : rows->others;
}

static uint32_t bit_of(uint32_t row)
{
    return row == UINT32_MAX ? 0 : 1u << row;
}

uint32_t sim_rows_demanded(const struct sim_rows *rows, const struct demand *demand)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < demand->stocks_of_pools.count; i++) {
        const struct key *key = &demand->stocks_of_pools.keys[i];
        bits |= bit_of(sim_rows_find(rows, key->name, key->sku));
    }
    for (uint32_t i = 0; i < demand->stocks_of_stores.count; i++) {
        const struct key *key = &demand->stocks_of_stores.keys[i];
        bits |= bit_of(sim_rows_find(rows, pool_of(rows, key->name), key->sku));
    }
    return bits;
}

uint32_t sim_rows_made(const struct sim_rows *rows, const struct demand *demand)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < demand->stocks_of_pools.count; i++) {
        const struct key *key = &demand->stocks_of_pools.keys[i];
        if (key->makes_known) {
            const uint32_t row = sim_rows_find(rows, key->name, key->sku);
            ENSURE(row != UINT32_MAX); /* the world has all SKUs that jobs name */
            bits |= bit_of(row);
        }
    }
    return bits;
}

bool sim_rows_read_stocks(const struct sim_rows *rows, const struct demand *demand, uint32_t locked,
                          struct arena *arena, struct state *state)
{
    state->others = rows->others;
    state->stores = arena_take(arena, demand->stores.count * sizeof *state->stores);
    state->stocks = arena_take(arena, (size_t)__builtin_popcount(locked) * sizeof *state->stocks);
    if (state->stores == NULL || state->stocks == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < demand->stores.count; i++) {
        const struct span name = demand->stores.keys[i].name;
        state->stores[state->store_count++] =
            (struct store){.name = name, .pool = assigned_pool(rows, name)};
    }
    for (uint32_t i = 0; i < rows->row_count; i++) {
        if ((locked & 1u << i) != 0) {
            state->stocks[state->stock_count++] = rows->rows[i].stock;
        }
    }
    return true;
}

bool sim_rows_read_decisions(const struct sim_rows *rows, const struct demand *demand,
                             struct arena *arena, struct state *state)
{
    struct decision *decisions = arena_take(arena, demand->ids.count * sizeof *decisions);
    if (decisions == NULL) {
        return false;
    }
    state->decisions = decisions;
    for (uint32_t i = 0; i < demand->ids.count; i++) {
        const struct sim_known *known = sim_rows_known(rows, demand->ids.keys[i].name);
        if (known != NULL && known->decision != NULL) {
            decisions[state->decision_count++] = *known->decision;
        }
    }
    return true;
}

/* decide() changes lines in place. */
static struct line *copy_lines(const struct line *lines, uint32_t count, struct arena *arena)
{
    struct line *copy = arena_take(arena, count * sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, lines, count * sizeof *copy);
    }
    return copy;
}

static bool add_sale(const struct sale *sale, struct arena *arena, struct state *state)
{
    for (uint32_t i = 0; i < state->sale_count; i++) {
        if (span_equal(state->sales[i].id, sale->id)) {
            return true;
        }
    }
    struct sale *copy = &state->sales[state->sale_count++];
    *copy = *sale;
    copy->lines = copy_lines(sale->lines, sale->line_count, arena);
    return copy->lines != NULL;
}

/* By the id of the checkout or commit, or by that of the reserve. */
static const struct sim_known *sold_by(const struct sim_rows *rows, struct span id)
{
    const struct sim_known *known = sim_rows_known(rows, id);
    if (known != NULL && known->sale == NULL && known->hold != NULL) {
        known = sim_rows_known(rows, known->hold->sale);
    }
    return known != NULL && known->sale != NULL ? known : NULL;
}

bool sim_rows_read_sales(const struct sim_rows *rows, const struct demand *demand,
                         struct arena *arena, struct state *state)
{
    state->sales = arena_take(arena, demand->sales.count * sizeof *state->sales);
    if (state->sales == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < demand->sales.count; i++) {
        const struct sim_known *known = sold_by(rows, demand->sales.keys[i].name);
        if (known != NULL && !add_sale(known->sale, arena, state)) {
            return false;
        }
    }
    return true;
}

static bool add_hold(const struct sim_known *known, struct arena *arena, struct state *state)
{
    if (known == NULL || known->hold == NULL) {
        return true;
    }
    for (uint32_t i = 0; i < state->hold_count; i++) {
        if (span_equal(state->holds[i].id, known->id)) {
            return true;
        }
    }
    struct hold *copy = &state->holds[state->hold_count++];
    *copy = *known->hold;
    copy->lines = copy_lines(known->hold->lines, known->hold->line_count, arena);
    return copy->lines != NULL;
}

bool sim_rows_read_holds(const struct sim_rows *rows, const struct demand *demand,
                         struct arena *arena, struct state *state)
{
    const size_t count = demand->holds.count + demand->sales.count;
    state->holds = arena_take(arena, count * sizeof *state->holds);
    if (state->holds == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < demand->holds.count; i++) {
        if (!add_hold(sim_rows_known(rows, demand->holds.keys[i].name), arena, state)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < demand->sales.count; i++) {
        const struct sim_known *known = sold_by(rows, demand->sales.keys[i].name);
        if (known != NULL && !add_hold(sim_rows_known(rows, known->sale->hold), arena, state)) {
            return false;
        }
    }
    return true;
}

static bool add_tally(const struct sim_row *row, const struct sim_tally *tally, uint32_t most,
                      struct state *state)
{
    for (uint32_t i = 0; i < state->tally_count; i++) {
        const struct tally *other = &state->tallies[i];
        if (span_equal(other->pool, row->stock.pool) && span_equal(other->sku, row->stock.sku) &&
            span_equal(other->round, tally->round) &&
            span_equal(other->customer, tally->customer)) {
            return true;
        }
    }
    if (state->tally_count == most) {
        return false;
    }
    state->tallies[state->tally_count++] = (struct tally){.pool = row->stock.pool,
                                                          .sku = row->stock.sku,
                                                          .round = tally->round,
                                                          .customer = tally->customer,
                                                          .taken = tally->taken};
    return true;
}

/* Of a customer and a SKU, in all pools. */
static bool add_tallies(const struct sim_rows *rows, const struct key *key, bool all, uint32_t most,
                        struct state *state)
{
    bool limited = all;
    for (uint32_t i = 0; i < rows->row_count; i++) {
        const struct sim_row *row = &rows->rows[i];
        limited |=
            row->there && row->stock.per_customer != 0 && span_equal(row->stock.sku, key->sku);
    }
    for (uint32_t i = 0; limited && i < rows->row_count; i++) {
        const struct sim_row *row = &rows->rows[i];
        if (!span_equal(row->stock.sku, key->sku)) {
            continue;
        }
        for (const struct sim_tally *tally = row->tallies; tally != NULL; tally = tally->next) {
            if (span_equal(tally->customer, key->customer) && !add_tally(row, tally, most, state)) {
                return false;
            }
        }
    }
    return true;
}

bool sim_rows_read_tallies(const struct sim_rows *rows, const struct demand *demand,
                           struct arena *arena, struct state *state)
{
    enum { ROUNDS_OF_KEY = 12 }; /* pools and rounds that the world has */
    const uint32_t keys = demand->tallies_of_pools.count + demand->tallies_of_stores.count;
    const uint32_t most = keys * ROUNDS_OF_KEY;
    state->tallies = arena_take(arena, most * sizeof *state->tallies);
    if (state->tallies == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < keys; i++) {
        const bool of_pool = i < demand->tallies_of_pools.count;
        const struct key *key =
            of_pool ? &demand->tallies_of_pools.keys[i]
                    : &demand->tallies_of_stores.keys[i - demand->tallies_of_pools.count];
        if (!add_tallies(rows, key, demand->limits_may_change, most, state)) {
            return false;
        }
    }
    return true;
}
