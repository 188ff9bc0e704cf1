/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection whose first job found the tables empty looks single rows up, by index, when there
 * are a hundred thousand. */
#include <stdio.h>
#include <string.h>

#include "tests/support/database_world.h"
#include "tests/support/test.h"

#define ITEMS(sku, qty) "\"items\":[{\"sku\":\"" sku "\",\"qty\":" qty "}]"

static struct world world;
static struct world_lane lane;
static struct world_batch batch;

/* One of every statement; %d tells the rounds apart. */
static const char *const bodies[] = {
    "{\"id\":\"%d.s1\",\"kind\":\"adjust\"," ITEMS("SKU-7", "9") "}",
    "{\"id\":\"%d.s2\",\"kind\":\"define\",\"sku\":\"SKU-8\",\"per_customer\":1000}",
    "{\"id\":\"%d.s3\",\"kind\":\"adjust\"," ITEMS("SKU-8", "9") "}",
    "{\"id\":\"%d.c1\",\"customer\":\"c-7\"," ITEMS("SKU-7", "1") "}",
    "{\"id\":\"%d.c2\",\"customer\":\"c-8\"," ITEMS("SKU-8", "2") "}",
    "{\"id\":\"%d.r1\",\"kind\":\"reserve\",\"customer\":\"c-8\"," ITEMS("SKU-8", "1") "}",
    "{\"id\":\"%d.r2\",\"kind\":\"reserve\",\"customer\":\"c-8\"," ITEMS("SKU-8", "1") "}",
    "{\"id\":\"%d.k1\",\"kind\":\"commit\",\"hold\":\"%d.r1\"}",
    "{\"id\":\"%d.l1\",\"kind\":\"release\",\"hold\":\"%d.r2\"}",
    "{\"id\":\"%d.b1\",\"kind\":\"cancel\",\"sale\":\"%d.c2\"," ITEMS("SKU-8", "1") "}",
    "{\"id\":\"%d.b2\",\"kind\":\"cancel\",\"sale\":\"%d.r1\"}",
};

enum { BODIES = sizeof bodies / sizeof bodies[0], BODY_MAX = 256 };

/* Each in a batch of its own, so that all find what they name in the tables. */
static void say_all(int round)
{
    struct error error = {0};
    uint32_t begun;
    for (int i = 0; i < BODIES; i++) {
        char body[BODY_MAX];
        char number[16];
        (void)snprintf(number, sizeof number, "%d", round);
        struct text text;
        text_init(&text, body, sizeof body);
        for (const char *at = bodies[i]; *at != '\0';) {
            const size_t plain = strcspn(at, "%");
            text_put_bytes(&text, at, plain);
            at += plain;
            if (*at == '%') {
                text_put(&text, number);
                at += 2;
            }
        }
        assert_int_equal(world_count_lonely(&lane, SPAN_OF("somebody"), &begun, &error), PORT_DONE);
        world_say(&lane, &batch, WORLD_ONE(body));
        assert_int_equal(batch.results[0].kind, RESULT_DECISION);
        assert_int_equal(batch.results[0].decision.reason, REASON_NONE);
    }
}

static void fill_tables(void)
{
    world_run(&world,
              "INSERT INTO stock (pool, sku, unsold, version, known, per_customer)"
              " SELECT 'main', 'SKU-' || i, 5, 1, true, nullif(i %% 10, 0)"
              " FROM generate_series(10, 100000) i;"
              "INSERT INTO decisions (decided_at, meaning, n, generation, lane, slot, kind,"
              " outcome, reason, form, id, sku, qty, customer, store, pool, hold)"
              " SELECT now(), 0, i, 1, 1, 0, 0, 0, 0, 1, 'old-' || i, 'SKU-7', 1, 'c', 'default',"
              " 'main', NULL FROM generate_series(1, 100000) i;"
              "INSERT INTO holds (expires_at, qty, slot, state, id, sku, customer, store, pool)"
              " SELECT now(), 1, 0, 0, 'old-' || i, 'SKU-7', 'c', 'default', 'main'"
              " FROM generate_series(1, 100000) i;"
              "INSERT INTO returns (sale, sku, qty, last_by)"
              " SELECT 'old-' || i, 'SKU-7', 1, 'c' FROM generate_series(1, 100000) i;"
              "INSERT INTO customer_counts (customer, pool, sku, round, taken)"
              " SELECT 'c-' || i, 'main', 'SKU-8', '', 1 FROM generate_series(10, 100000) i;"
              "INSERT INTO store_pools SELECT 'store-' || i, 'main'"
              " FROM generate_series(1, 100000) i;"
              "INSERT INTO lonely_beginnings SELECT 'old-' || i, 1, now()"
              " FROM generate_series(1, 100000) i");
}

/* What only the lane's connection does to the tables between two looks. */
static int64_t looks(const char *what)
{
    return world_number(
        &world, "SELECT coalesce(sum(%s), 0) FROM %s WHERE schemaname = current_schema", what,
        strcmp(what, "seq_scan") == 0 || strcmp(what, "seq_tup_read") == 0
            ? "pg_stat_user_tables"
            : "pg_stat_user_indexes");
}

/* A server process tells what it has counted at the latest when it ends; a test's own, here. */
static void count_again(void)
{
    struct error error = {0};
    char question[128];
    (void)snprintf(question, sizeof question,
                   "SELECT count(*) FROM pg_stat_activity WHERE pid = %d",
                   PQbackendPID(world.postgres.connection));
    postgres_close(&world.postgres);
    assert_true(postgres_open(&world.postgres, &world.config, POSTGRES_COMMAND, "test", &error));
    world_await(&world, "0", question);
}

static void vacuum(const char *tables)
{
    struct error error = {0};
    char sql[256];
    (void)snprintf(sql, sizeof sql, "VACUUM ANALYZE %s", tables);
    assert_true(postgres_execute(&world.postgres, sql, 0, NULL, &error));
}

static void no_plan_depends_on_how_full_the_tables_were(void **state)
{
    (void)state;
    enum { ROUNDS = 20, READS_A_JOB_MAX = 40 };
    /* So that the planner knows for sure that they are empty. */
    vacuum("stock, decisions, holds, returns, customer_counts, store_pools, lonely_beginnings");
    say_all(1);
    fill_tables();
    count_again();
    const int64_t scans = looks("seq_scan");
    const int64_t reads = looks("idx_tup_read");
    const int64_t index_scans = looks("idx_scan");
    for (int round = 2; round < 2 + ROUNDS; round++) {
        say_all(round);
    }
    world_lane_close(&lane);
    char question[256];
    (void)snprintf(question, sizeof question,
                   "SELECT sum(idx_scan) > %lld FROM pg_stat_user_indexes"
                   " WHERE schemaname = current_schema",
                   (long long)index_scans + (long long)ROUNDS * BODIES);
    world_await(&world, "t", question);
    assert_int_equal(looks("seq_scan"), scans);
    assert_in_range(looks("idx_tup_read") - reads, 1, ROUNDS * BODIES * READS_A_JOB_MAX);
    world_lane_open(&lane, &world, 0);
}

static int set_up(void **state)
{
    (void)state;
    world_open(&world, "plans");
    world_lane_open(&lane, &world, 0);
    world_batch_init(&batch);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_batch_free(&batch);
    world_lane_close(&lane);
    world_close(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_plan_depends_on_how_full_the_tables_were),
    };
    return cmocka_run_group_tests_name("database, plans", tests, set_up, tear_down);
}
