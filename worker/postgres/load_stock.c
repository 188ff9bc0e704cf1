/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes what does not depend on one job: the lane, stores, stock, customers' counts, the clock. */
#include "worker/postgres/database_parts.h"
#include "worker/postgres/row.h"
#include "worker/postgres/stored_line.h"

bool load_full(struct error *error)
{
    return error_set(error, ERROR_JOB, "the batch does not fit into memory");
}

bool load_broken(const char *what, struct span id, struct error *error)
{
    error_set(error, ERROR_FATAL, "%s \"%.*s\" is not as it was recorded", what,
              SPAN_ARGUMENTS(id));
    return error_advise(error, "Somebody else has written to this schema: restore a backup.");
}

bool take_lane(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    const struct row row = {.result = result};
    if (PQntuples(result) != 1) {
        return error_set(error, ERROR_FENCED, "generation %u has no lane %u any more",
                         database->generation, database->lane);
    }
    const int64_t epoch = row_integer(&row, LANE_EPOCH);
    if (epoch != database->epoch) {
        return error_set(error, ERROR_FENCED,
                         "another worker has the lane: its epoch is %lld, ours %lld",
                         (long long)epoch, (long long)database->epoch);
    }
    database->decided = row_integer(&row, LANE_DECIDED);
    database->load.state->drained = row_boolean(&row, LANE_MARKED);
    return true;
}

static int count_stores(const PGresult *result)
{
    int count = 0;
    while (count < PQntuples(result) && PQgetisnull(result, count, LOCK_SKU)) {
        count++;
    }
    return count;
}

static void put_store(struct state *state, struct row *row)
{
    const struct span name = row_text(row, LOCK_STORE);
    const struct span pool = row_text(row, LOCK_POOL);
    if (name.size == 0) {
        state->others = pool;
    } else {
        state->stores[state->store_count++] = (struct store){.name = name, .pool = pool};
    }
}

static struct stock stock_of(struct row *row)
{
    return (struct stock){
        .pool = row_text(row, LOCK_POOL),
        .sku = row_text(row, LOCK_SKU),
        .known = row_boolean(row, LOCK_KNOWN),
        .unsold = row_integer(row, LOCK_UNSOLD),
        .held = row_integer(row, LOCK_HELD),
        .version = row_integer(row, LOCK_VERSION),
        .per_customer = (uint32_t)row_integer(row, LOCK_PER_CUSTOMER),
        .round = row_text(row, LOCK_ROUND),
        .opens_at = row_instant(row, LOCK_OPENS_AT),
        .closes_at = row_instant(row, LOCK_CLOSES_AT),
    };
}

bool take_locked(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    struct load *load = &database->load;
    struct state *state = load->state;
    struct row row = {.result = result, .arena = load->arena};
    const int stores = count_stores(result);
    const size_t stocks = (size_t)(PQntuples(result) - stores);
    state->stores = arena_take(load->arena, (size_t)stores * sizeof *state->stores);
    state->stocks = arena_take(load->arena, stocks * sizeof *state->stocks);
    load->locked = arena_take(load->arena, stocks * sizeof *load->locked);
    if (state->stores == NULL || state->stocks == NULL || load->locked == NULL) {
        return load_full(error);
    }
    load->stocks = state->stocks;
    for (row.number = 0; row.number < stores; row.number++) {
        put_store(state, &row);
    }
    for (; row.number < PQntuples(result); row.number++) {
        const struct stock stock = stock_of(&row);
        load->locked[state->stock_count] =
            (struct locked){stock.version, row_integer(&row, LOCK_PLACE)};
        state->stocks[state->stock_count++] = stock;
    }
    return !row.full || load_full(error);
}

bool take_tallies(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    struct state *state = database->load.state;
    struct row row = {.result = result, .arena = database->load.arena};
    const size_t count = (size_t)PQntuples(result);
    state->tallies = arena_take(row.arena, count * sizeof *state->tallies);
    if (state->tallies == NULL) {
        return load_full(error);
    }
    for (; row.number < PQntuples(result); row.number++) {
        state->tallies[state->tally_count++] =
            (struct tally){.pool = row_text(&row, TALLY_POOL),
                           .sku = row_text(&row, TALLY_SKU),
                           .round = loaded_round(row_text(&row, TALLY_ROUND)),
                           .customer = row_text(&row, TALLY_CUSTOMER),
                           .taken = row_integer(&row, TALLY_TAKEN)};
    }
    return !row.full || load_full(error);
}

bool take_clock(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    const struct row row = {.result = result};
    ENSURE(PQntuples(result) == 1);
    if (!row_boolean(&row, CLOCK_LIVE)) {
        return error_set(error, ERROR_FENCED, "generation %u has not come yet, or is retired",
                         database->generation);
    }
    database->load.state->now = row_instant(&row, CLOCK_NOW);
    database->lonely = row_boolean(&row, CLOCK_LONELY);
    return true;
}
