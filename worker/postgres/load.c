/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks for what a batch needs: locks first, then what depends on them, each in a statement of its
 * own and so in a snapshot that is newer than the locks. */
#include "worker/postgres/database_parts.h"

void database_send(struct postgres_database *database, enum statement statement, trip_take *take)
{
    const struct parameters none = {.count = 0};
    trip_send(&database->trip, statement, &none, take);
}

void database_send_lane(struct postgres_database *database, enum statement statement,
                        trip_take *take)
{
    struct parameters parameters = database_parameters(database);
    parameter_int4(&parameters, (int32_t)database->generation);
    parameter_int2(&parameters, (int16_t)database->lane);
    trip_send(&database->trip, statement, &parameters, take);
}

struct parameters database_parameters(struct postgres_database *database)
{
    struct arena *scratch = &database->scratch;
    struct parameters parameters;
    parameters_init(&parameters, scratch->memory + scratch->used, scratch->size - scratch->used);
    return parameters;
}

static void put_names(struct parameters *parameters, const struct keys *keys)
{
    array_begin(parameters, ELEMENT_TEXT);
    for (uint32_t i = 0; i < keys->count; i++) {
        array_text(parameters, keys->keys[i].name);
    }
    array_end(parameters);
}

static void put_skus(struct parameters *parameters, const struct keys *keys)
{
    array_begin(parameters, ELEMENT_TEXT);
    for (uint32_t i = 0; i < keys->count; i++) {
        array_text(parameters, keys->keys[i].sku);
    }
    array_end(parameters);
}

/* Rows that are not there cannot be locked. */
static void send_add_stock(struct postgres_database *database, const struct keys *keys)
{
    struct parameters parameters = database_parameters(database);
    uint32_t count = 0;
    array_begin(&parameters, ELEMENT_TEXT);
    for (uint32_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].makes_known) {
            array_text(&parameters, keys->keys[i].name);
            count++;
        }
    }
    array_end(&parameters);
    array_begin(&parameters, ELEMENT_TEXT);
    for (uint32_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].makes_known) {
            array_text(&parameters, keys->keys[i].sku);
        }
    }
    array_end(&parameters);
    if (count > 0) {
        trip_send(&database->trip, STATEMENT_ADD_STOCK, &parameters, NULL);
    }
}

/* Stores by their place among the stores, from 1: both sets are sorted by name. */
static void put_places(struct parameters *parameters, const struct keys *stores,
                       const struct keys *keys)
{
    uint32_t place = 0;
    array_begin(parameters, ELEMENT_INT4);
    for (uint32_t i = 0; i < keys->count; i++) {
        while (place < stores->count && !span_equal(stores->keys[place].name, keys->keys[i].name)) {
            place++;
        }
        ENSURE(place < stores->count);
        array_int4(parameters, (int32_t)place + 1);
    }
    array_end(parameters);
}

static void send_lock(struct postgres_database *database, const struct demand *demand)
{
    struct parameters parameters = database_parameters(database);
    put_names(&parameters, &demand->stores);
    put_names(&parameters, &demand->stocks_of_pools);
    put_skus(&parameters, &demand->stocks_of_pools);
    put_places(&parameters, &demand->stores, &demand->stocks_of_stores);
    put_skus(&parameters, &demand->stocks_of_stores);
    trip_send(&database->trip, STATEMENT_LOCK, &parameters, take_locked);
}

static void send_named(struct postgres_database *database, enum statement statement,
                       const struct keys *names, trip_take *take)
{
    struct parameters parameters = database_parameters(database);
    put_names(&parameters, names);
    trip_send(&database->trip, statement, &parameters, take);
}

/* Sales before holds: then a sale's hold is there, whoever commits between the two. */
void load_names(struct postgres_database *database, const struct demand *demand)
{
    if (demand->sales.count > 0) {
        send_named(database, STATEMENT_SALES, &demand->sales, take_sales);
        send_named(database, STATEMENT_RETURNS, &demand->sales, take_returns);
    }
    if (demand->holds.count > 0 || demand->sales.count > 0) {
        struct parameters parameters = database_parameters(database);
        put_names(&parameters, &demand->holds);
        put_names(&parameters, &demand->sales);
        trip_send(&database->trip, STATEMENT_HOLDS, &parameters, take_holds);
    }
}

static bool begins_run(const struct keys *keys, uint32_t i)
{
    return i == 0 || !span_equal(keys->keys[i].name, keys->keys[i - 1].name) ||
           !span_equal(keys->keys[i].sku, keys->keys[i - 1].sku);
}

static bool ends_run(const struct keys *keys, uint32_t i)
{
    return i + 1 == keys->count || begins_run(keys, i + 1);
}

/* Customers of one SKU stand next to each other: the SKU is sent once, with where they stand. */
static void send_tallies(struct postgres_database *database, const struct demand *demand)
{
    const struct keys *const sets[] = {&demand->tallies_of_pools, &demand->tallies_of_stores};
    struct parameters parameters = database_parameters(database);
    if (sets[0]->count + sets[1]->count == 0) {
        return;
    }
    array_begin(&parameters, ELEMENT_TEXT);
    for (uint32_t set = 0; set < 2; set++) {
        for (uint32_t i = 0; i < sets[set]->count; i++) {
            if (begins_run(sets[set], i)) {
                array_text(&parameters, sets[set]->keys[i].sku);
            }
        }
    }
    array_end(&parameters);
    bool (*const edges[])(const struct keys *, uint32_t) = {begins_run, ends_run};
    for (uint32_t edge = 0; edge < 2; edge++) {
        int32_t place = 0;
        array_begin(&parameters, ELEMENT_INT4);
        for (uint32_t i = 0; i < sets[0]->count + sets[1]->count; i++) {
            const uint32_t set = i >= sets[0]->count;
            place++;
            if (edges[edge](sets[set], i - set * sets[0]->count)) {
                array_int4(&parameters, place);
            }
        }
        array_end(&parameters);
    }
    array_begin(&parameters, ELEMENT_TEXT);
    for (uint32_t i = 0; i < sets[0]->count + sets[1]->count; i++) {
        const uint32_t set = i >= sets[0]->count;
        array_text(&parameters, sets[set]->keys[i - set * sets[0]->count].customer);
    }
    array_end(&parameters);
    parameter_boolean(&parameters, demand->limits_may_change);
    trip_send(&database->trip, STATEMENT_TALLIES, &parameters, take_tallies);
}

static void send_clock(struct postgres_database *database)
{
    struct parameters parameters = database_parameters(database);
    parameter_int4(&parameters, (int32_t)database->generation);
    trip_send(&database->trip, STATEMENT_CLOCK, &parameters, take_clock);
}

void load_batch(struct postgres_database *database, const struct demand *demand)
{
    database_send(database, STATEMENT_BEGIN, NULL);
    database_send_lane(database, STATEMENT_LANE, take_lane);
    send_add_stock(database, &demand->stocks_of_pools);
    send_lock(database, demand);
    send_named(database, STATEMENT_DECISIONS, &demand->ids, take_decisions);
    load_names(database, demand);
    send_tallies(database, demand);
    send_clock(database);
}
