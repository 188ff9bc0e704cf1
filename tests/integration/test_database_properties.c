/* SPDX-License-Identifier: Apache-2.0
 *
 * Random batches, loaded from, decided and saved to the real database: they are decided as the
 * model decides, repeats are what was decided, and what stands in the tables at the end is what the
 * model knows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/connect/postgres_wait.h"
#include "tests/support/database_world.h"
#include "tests/support/compare.h"
#include "tests/support/draw.h"
#include "tests/support/model.h"
#include "tests/support/test.h"

enum {
    RUN_BATCHES = 10, /* then a new world begins */
    JOBS_MAX = 6,
    RUN_MEMORY = 1024 * 1024,
    TIME_MS = 15000,
};

struct run {
    struct world world;
    struct world_lane lane;
    struct world_batch batch;
    struct arena arena;
    struct draw draw;
    struct model model;
};

static void clear(struct run *run)
{
    world_run(&run->world, "DELETE FROM decisions; DELETE FROM holds; DELETE FROM returns;"
                           "DELETE FROM stock; DELETE FROM customer_counts;"
                           "DELETE FROM store_pools; UPDATE lanes SET decided = 0");
}

/* `store assign` between two batches, now and then. */
static void assign_stores(struct run *run)
{
    if (prng_below(&run->draw.prng, 4) > 0) {
        return;
    }
    run->model.others = draw_pool(&run->draw);
    const struct span name = draw_store(&run->draw);
    const struct span pool = draw_pool(&run->draw);
    const bool assigned = !span_absent(pool);
    run->model.store_count = assigned ? 1 : 0;
    run->model.stores[0] = (struct model_store){name, pool};
    world_run(&run->world, "DELETE FROM store_pools");
    if (assigned) {
        world_run(&run->world, "INSERT INTO store_pools VALUES ('%.*s', '%.*s')",
                  SPAN_ARGUMENTS(name), SPAN_ARGUMENTS(pool));
    }
    if (!span_absent(run->model.others)) {
        world_run(&run->world, "INSERT INTO store_pools VALUES ('', '%.*s')",
                  SPAN_ARGUMENTS(run->model.others));
    }
}

/* The draw's time is the batch's: the model cannot know the server's. */
static const char *run_batch(struct run *run)
{
    struct entry entries[JOBS_MAX];
    struct model_result expected[JOBS_MAX];
    struct world_batch *batch = &run->batch;
    const uint32_t count = 1 + prng_below(&run->draw.prng, JOBS_MAX);

    run->draw.now += prng_below(&run->draw.prng, 4) * 500000;
    run->model.now = run->draw.now;
    assign_stores(run);
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = *draw_entry(&run->draw);
        expected[i] = model_decide(&run->model, &entries[i]);
    }
    world_batch_begin(batch, entries, count);
    const bool names = batch->demand.holds.count > 0 || batch->demand.sales.count > 0;
    if ((names && world_look(&run->lane, batch) != PORT_DONE) ||
        (names && !demand_add_found(&batch->demand, batch->found.holds, batch->found.hold_count,
                                    batch->found.sales, batch->found.sale_count, &batch->arena)) ||
        world_load(&run->lane, batch) != PORT_DONE) {
        return batch->error.text;
    }
    batch->state.now = run->draw.now;
    assert_int_equal(decide(&batch->state, entries, count, &batch->arena, batch->results), count);
    for (uint32_t i = 0; i < count; i++) {
        const char *why = results_differ(&batch->results[i], &expected[i]);
        if (why != NULL) {
            return why;
        }
    }
    return world_save(&run->lane, batch) == PORT_DONE ? NULL : batch->error.text;
}

static const char *stocks_differ(struct run *run)
{
    for (uint32_t i = 0; i < run->model.stock_count; i++) {
        const struct model_stock *stock = &run->model.stocks[i];
        char expected[WORLD_TEXT_MAX];
        char sku[64];
        (void)snprintf(sku, sizeof sku, span_equal(stock->sku, SPAN_OF("it's")) ? "it''s" : "%.*s",
                       SPAN_ARGUMENTS(stock->sku));
        (void)snprintf(expected, sizeof expected,
                       "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32 " %.*s",
                       stock->known ? "t" : "f", stock->unsold,
                       model_held(&run->model, stock->pool, stock->sku), stock->version,
                       stock->per_customer, SPAN_ARGUMENTS(stock->round));
        const char *found =
            world_ask(&run->world,
                      "SELECT coalesce((SELECT concat_ws(' ', known, unsold, held, version,"
                      " coalesce(per_customer, 0), coalesce(round, '')) FROM stock"
                      " WHERE pool = '%.*s' AND sku = '%s'), 'f 0 0 0 0 ')",
                      SPAN_ARGUMENTS(stock->pool), sku);
        if (strcmp(found, expected) != 0) {
            print_message("%s: \"%s\", the model's \"%s\"\n", sku, found, expected);
            return "a SKU's figures";
        }
    }
    return NULL;
}

static const char *tallies_differ(struct run *run)
{
    struct error error = {0};
    PGresult *result = NULL;
    const char *why = NULL;
    assert_true(postgres_query(&run->world.postgres,
                               "SELECT pool, sku, nullif(round, ''), customer, taken"
                               " FROM customer_counts",
                               0, NULL, &result, &error));
    for (int row = 0; row < PQntuples(result); row++) {
        struct span texts[4];
        for (int i = 0; i < 4; i++) {
            const char *text = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
            texts[i] = text == NULL ? SPAN_NONE : (struct span){text, (uint32_t)strlen(text)};
        }
        const int64_t taken = strtoll(PQgetvalue(result, row, 4), NULL, 10);
        if (taken != model_taken(&run->model, texts[0], texts[1], texts[2], texts[3])) {
            why = "a customer's count";
        }
    }
    PQclear(result);
    return why;
}

/* What the tables say of themselves. */
static const struct {
    const char *what;
    const char *count; /* of the rows that are wrong */
} invariants[] = {
    {"stock is the sum of its movements",
     "SELECT count(*) FROM stock s WHERE (unsold, held, version) <> (SELECT"
     " coalesce(sum(unsold_delta), 0)::int, coalesce(sum(held_delta), 0)::int,"
     " coalesce(max(version), 0) FROM movement m WHERE m.pool = s.pool AND m.sku = s.sku)"},
    {"versions have no gap",
     "SELECT count(*) FROM (SELECT max(version) <> count(*) AS wrong FROM movement"
     " GROUP BY pool, sku) AS v WHERE wrong"},
    {"held is what active holds hold",
     "SELECT count(*) FROM stock s WHERE held <> (SELECT coalesce(sum((i ->> 'qty')::int), 0)"
     " FROM hold h, json_array_elements(h.items) i WHERE h.state = 'active' AND h.pool = s.pool"
     " AND i ->> 'sku' = s.sku)"},
    {"n has no gap",
     "SELECT count(*) FROM lanes l WHERE decided <> (SELECT count(*) FROM decisions d"
     " WHERE d.lane = l.lane) OR decided <> (SELECT coalesce(max(n), 0) FROM decisions d"
     " WHERE d.lane = l.lane)"},
    {"counts are the sum of what was counted",
     "SELECT count(*) FROM customer_counts c WHERE taken <>"
     " (SELECT coalesce(sum(taken_delta), 0) FROM decisions d WHERE d.pool = c.pool AND"
     " d.sku = c.sku AND d.customer = c.customer AND d.round = c.round) +"
     " (SELECT coalesce(sum(f.taken), 0) FROM further_line f WHERE f.pool = c.pool AND"
     " f.sku = c.sku AND f.customer = c.customer AND f.round = c.round)"},
};

static const char *world_differs(struct run *run)
{
    const char *why = stocks_differ(run);
    why = why == NULL ? tallies_differ(run) : why;
    for (size_t i = 0; why == NULL && i < sizeof invariants / sizeof invariants[0]; i++) {
        if (world_number(&run->world, "%s", invariants[i].count) != 0) {
            why = invariants[i].what;
        }
    }
    return why;
}

static void decides_random_batches_as_the_model_does(void **state)
{
    struct run *run = *state;
    const char *text = getenv("TILL_TEST_SEED");
    const uint64_t first = text == NULL ? 1 : strtoull(text, NULL, 10);
    const int64_t deadline = postgres_now_ms() + TIME_MS;
    uint64_t batches = 0;
    void *memory = malloc(RUN_MEMORY);
    uint64_t seed = first;
    for (; seed == first || postgres_now_ms() < deadline; seed++) {
        clear(run);
        arena_init(&run->arena, memory, RUN_MEMORY);
        draw_init(&run->draw, seed, &run->arena);
        model_init(&run->model);
        const char *why = NULL;
        for (uint32_t i = 0; why == NULL && i < RUN_BATCHES; i++, batches++) {
            why = run_batch(run);
        }
        why = why == NULL ? world_differs(run) : why;
        if (why != NULL) {
            fail_msg("TILL_TEST_SEED=%" PRIu64 ", batch %" PRIu64 " in all: %s", seed, batches,
                     why);
        }
    }
    free(memory);
    assert_true(batches >= 100);
    print_message("%" PRIu64 " batches from seed %" PRIu64 " on\n", batches, first);
}

static int set_up(void **state)
{
    static struct run run;
    world_open(&run.world, "properties");
    world_lane_open(&run.lane, &run.world, 0);
    world_batch_init(&run.batch);
    *state = &run;
    return 0;
}

static int tear_down(void **state)
{
    struct run *run = *state;
    world_batch_free(&run->batch);
    world_lane_close(&run->lane);
    world_close(&run->world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_random_batches_as_the_model_does),
    };
    return cmocka_run_group_tests_name("database, properties", tests, set_up, tear_down);
}
