/* SPDX-License-Identifier: Apache-2.0
 *
 * Lookups over what was loaded for a batch, and the lists of what the batch adds. */
#include "worker/lane/state.h"

#include "common/base/ensure.h"

static const struct span default_store = {"default", sizeof "default" - 1};
static const struct span main_pool = {"main", sizeof "main" - 1};

/* Of a key of several texts: each text's hash depends on those before it. */
static uint64_t hash_after(const struct state *state, uint64_t before, struct span text)
{
    const struct hash_key key = {state->seed.first ^ before, state->seed.second};
    return hash_bytes(key, text.bytes, text.size);
}

static uint64_t stock_hash(const struct state *state, struct span pool, struct span sku)
{
    return hash_after(state, hash_after(state, 0, pool), sku);
}

static uint64_t tally_hash(const struct state *state, uint64_t stock, struct span round,
                           struct span customer)
{
    return hash_after(state, hash_after(state, stock, round), customer);
}

/* Finds or makes what is known under an id. NULL: the arena is full. */
static struct known *known_of(struct state *state, struct span id, struct arena *arena)
{
    struct known *known = state_known(state, id);
    if (known != NULL) {
        return known;
    }
    known = arena_take(arena, sizeof *known);
    if (known == NULL) {
        return NULL;
    }
    *known = (struct known){.id = id};
    state_know(state, known);
    return known;
}

static bool index_holds(struct state *state, struct arena *arena)
{
    for (uint32_t i = 0; i < state->hold_count; i++) {
        struct known *known = known_of(state, state->holds[i].id, arena);
        if (known == NULL) {
            return false;
        }
        ENSURE(known->hold == NULL);
        known->hold = &state->holds[i];
    }
    return true;
}

/* A sale of a hold is known under two ids. */
static bool index_sales(struct state *state, struct arena *arena)
{
    for (uint32_t i = 0; i < state->sale_count; i++) {
        struct sale *sale = &state->sales[i];
        struct known *known = known_of(state, sale->id, arena);
        struct known *of_hold = known;
        if (!span_absent(sale->hold)) {
            of_hold = known_of(state, sale->hold, arena);
        }
        if (known == NULL || of_hold == NULL) {
            return false;
        }
        ENSURE(known->sale == NULL && of_hold->sale == NULL);
        known->sale = sale;
        of_hold->sale = sale;
    }
    return true;
}

static bool index_decisions(struct state *state, struct arena *arena)
{
    for (uint32_t i = 0; i < state->decision_count; i++) {
        struct known *known = known_of(state, state->decisions[i].job, arena);
        if (known == NULL) {
            return false;
        }
        known->decision = &state->decisions[i];
    }
    return true;
}

static void index_stocks(struct state *state)
{
    for (uint32_t i = 0; i < state->stock_count; i++) {
        struct stock *stock = &state->stocks[i];
        table_put(&state->stocks_by_key, &stock->link, stock_hash(state, stock->pool, stock->sku));
        stock->mark = MARK_SAME;
        stock->other = NULL;
        stock->told = 0;
    }
}

static void index_tallies(struct state *state)
{
    for (uint32_t i = 0; i < state->tally_count; i++) {
        struct tally *tally = &state->tallies[i];
        const uint64_t stock = stock_hash(state, tally->pool, tally->sku);
        table_put(&state->tallies_by_key, &tally->link,
                  tally_hash(state, stock, tally->round, tally->customer));
    }
}

bool state_index(struct state *state, uint32_t jobs, uint32_t items, struct arena *arena)
{
    const uint32_t ids = state->decision_count + state->hold_count + 2 * state->sale_count + jobs;
    if (!table_init(&state->known_by_id, arena, ids) ||
        !table_init(&state->stores_by_name, arena, state->store_count) ||
        !table_init(&state->stocks_by_key, arena, state->stock_count) ||
        !table_init(&state->tallies_by_key, arena, state->tally_count + items)) {
        return false;
    }
    state->new_holds = NULL;
    state->new_holds_end = &state->new_holds;
    state->new_sales = NULL;
    state->new_sales_end = &state->new_sales;
    state->new_tallies = NULL;
    state->new_tallies_end = &state->new_tallies;
    for (uint32_t i = 0; i < state->store_count; i++) {
        struct store *store = &state->stores[i];
        table_put(&state->stores_by_name, &store->link, hash_after(state, 0, store->name));
    }
    index_stocks(state);
    index_tallies(state);
    return index_decisions(state, arena) && index_holds(state, arena) && index_sales(state, arena);
}

struct span state_pool(const struct state *state, struct span store)
{
    const uint64_t hash = hash_after(state, 0, store);
    struct link *link = table_first(&state->stores_by_name, hash);
    for (; link != NULL; link = table_next(link->next, hash)) {
        const struct store *found = (const struct store *)link;
        if (span_equal(found->name, store) && !span_absent(found->pool)) {
            return found->pool;
        }
    }
    return span_equal(store, default_store) ? main_pool : state->others;
}

struct stock *state_stock(const struct state *state, struct span pool, struct span sku)
{
    const uint64_t hash = stock_hash(state, pool, sku);
    struct link *link = table_first(&state->stocks_by_key, hash);
    for (; link != NULL; link = table_next(link->next, hash)) {
        struct stock *stock = (struct stock *)link;
        if (span_equal(stock->sku, sku) && span_equal(stock->pool, pool)) {
            return stock;
        }
    }
    return NULL;
}

static bool has_stocks(const struct state *state, struct span pool, const struct line *lines,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (state_stock(state, pool, lines[i].sku) == NULL) {
            return false;
        }
    }
    return true;
}

bool state_is_whole(const struct state *state)
{
    for (uint32_t i = 0; i < state->hold_count; i++) {
        const struct hold *hold = &state->holds[i];
        if (!has_stocks(state, hold->pool, hold->lines, hold->line_count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < state->sale_count; i++) {
        const struct sale *sale = &state->sales[i];
        if (!has_stocks(state, sale->pool, sale->lines, sale->line_count)) {
            return false;
        }
    }
    return true;
}

struct known *state_known(const struct state *state, struct span id)
{
    const uint64_t hash = hash_after(state, 0, id);
    struct link *link = table_first(&state->known_by_id, hash);
    for (; link != NULL; link = table_next(link->next, hash)) {
        struct known *known = (struct known *)link;
        if (span_equal(known->id, id)) {
            return known;
        }
    }
    return NULL;
}

struct tally *state_tally(const struct state *state, const struct stock *stock, struct span round,
                          struct span customer)
{
    const uint64_t hash = tally_hash(state, stock->link.hash, round, customer);
    struct link *link = table_first(&state->tallies_by_key, hash);
    for (; link != NULL; link = table_next(link->next, hash)) {
        struct tally *tally = (struct tally *)link;
        if (span_equal(tally->customer, customer) && span_equal(tally->round, round) &&
            span_equal(tally->sku, stock->sku) && span_equal(tally->pool, stock->pool)) {
            return tally;
        }
    }
    return NULL;
}

void state_know(struct state *state, struct known *known)
{
    table_put(&state->known_by_id, &known->link, hash_after(state, 0, known->id));
}

void state_add_hold(struct state *state, struct hold *hold)
{
    hold->mark = MARK_NEW;
    *state->new_holds_end = hold;
    state->new_holds_end = &hold->next;
}

void state_add_sale(struct state *state, struct sale *sale)
{
    sale->mark = MARK_NEW;
    *state->new_sales_end = sale;
    state->new_sales_end = &sale->next;
}

void state_add_tally(struct state *state, const struct stock *stock, struct tally *tally)
{
    tally->fresh = true;
    *state->new_tallies_end = tally;
    state->new_tallies_end = &tally->next;
    table_put(&state->tallies_by_key, &tally->link,
              tally_hash(state, stock->link.hash, tally->round, tally->customer));
}
