/* SPDX-License-Identifier: Apache-2.0
 *
 * Whoever holds a lock and does nothing is ended in time; whoever works is not. */
#include <stdio.h>
#include <string.h>

#include "common/connect/postgres_wait.h"
#include "tests/support/database_world.h"
#include "tests/support/test.h"

#define CHECKOUT "{\"id\":\"a\",\"customer\":\"c\",\"items\":[{\"sku\":\"A\",\"qty\":1}]}"

/* Long before any timeout of the blocker's own session. */
enum { BOUND_MS = 4500 };

static struct world world;
static struct world_lane lane;
static struct world_batch batch;
static struct postgres blocker;

static const struct lock_case {
    const char *name;
    const char *sql;
} lock_cases[] = {
    {"the lane's row", "SELECT FROM lanes WHERE lane = 0 FOR NO KEY UPDATE"},
    {"a stock row", "SELECT FROM stock WHERE sku = 'A' FOR NO KEY UPDATE"},
};

static bool blocker_lives(void)
{
    return world_number(&world, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d",
                        PQbackendPID(blocker.connection)) == 1;
}

static void the_lane_goes_on_within_the_bound(void)
{
    const int64_t begin = postgres_now_ms();
    world_say(&lane, &batch, WORLD_ONE(CHECKOUT));
    assert_in_range(postgres_now_ms() - begin, 1500, BOUND_MS);
    assert_int_equal(batch.results[0].decision.outcome, OUTCOME_CONFIRMED);
}

static void idle_in_its_transaction_is_ended(void **state)
{
    const struct lock_case *test = *state;
    struct error error = {0};
    char sql[128];
    (void)snprintf(sql, sizeof sql, "BEGIN; %s", test->sql);
    assert_true(postgres_run(&blocker, sql, &error));
    the_lane_goes_on_within_the_bound();
    assert_false(blocker_lives());
}

/* To the server such a backend is active: no timeout of the session applies. */
static void in_the_middle_of_a_pipeline_is_ended(void **state)
{
    const struct lock_case *test = *state;
    PGconn *connection = blocker.connection;
    assert_int_equal(PQenterPipelineMode(connection), 1);
    assert_int_equal(PQsendQueryParams(connection, "BEGIN", 0, NULL, NULL, NULL, NULL, 0), 1);
    assert_int_equal(PQsendQueryParams(connection, test->sql, 0, NULL, NULL, NULL, NULL, 0), 1);
    assert_int_equal(PQflush(connection), 0);
    char question[256];
    (void)snprintf(question, sizeof question,
                   "SELECT concat_ws(' ', state, wait_event, backend_xid IS NOT NULL)"
                   " FROM pg_stat_activity WHERE pid = %d",
                   PQbackendPID(connection));
    world_await(&world, "active ClientRead t", question);
    the_lane_goes_on_within_the_bound();
    assert_false(blocker_lives());
}

static void at_work_is_waited_for(void **state)
{
    const struct lock_case *test = *state;
    char sql[256];
    (void)snprintf(sql, sizeof sql, "BEGIN; %s; SELECT pg_sleep(3.2); COMMIT", test->sql);
    assert_int_equal(PQsendQuery(blocker.connection, sql), 1);
    assert_int_equal(PQflush(blocker.connection), 0);
    char question[256];
    (void)snprintf(question, sizeof question,
                   "SELECT wait_event FROM pg_stat_activity WHERE pid = %d",
                   PQbackendPID(blocker.connection));
    world_await(&world, "PgSleep", question);
    world_say(&lane, &batch, WORLD_ONE(CHECKOUT));
    assert_true(blocker_lives());
}

static void a_worker_frozen_between_its_round_trips_is_ended(void **state)
{
    (void)state;
    struct world_lane frozen;
    struct world_batch held;
    world_batch_init(&held);
    world_lane_open(&frozen, &world, 1);
    world_batch_speak(&held, WORLD_ONE("{\"id\":\"b\",\"customer\":\"c\",\"items\":["
                                       "{\"sku\":\"A\",\"qty\":1}]}"));
    assert_int_equal(world_decide(&frozen, &held), PORT_DONE);
    the_lane_goes_on_within_the_bound();
    assert_int_equal(world_save(&frozen, &held), PORT_FAILED);
    assert_int_equal(world_number(&world, "SELECT unsold FROM stock"), 99);
    world_lane_close(&frozen);
    world_batch_free(&held);
}

static int begin_test(void **state)
{
    (void)state;
    struct error error = {0};
    world_run(&world, "DELETE FROM decisions; DELETE FROM stock; UPDATE lanes SET decided = 0;"
                      "INSERT INTO stock (pool, sku, unsold, version, known)"
                      " VALUES ('main', 'A', 100, 1, true)");
    world_lane_open(&lane, &world, 0);
    return postgres_open(&blocker, &world.config, POSTGRES_COMMAND, "blocks", &error) ? 0 : -1;
}

static int end_test(void **state)
{
    (void)state;
    postgres_close(&blocker);
    world_lane_close(&lane);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    world_open(&world, "blocker");
    world_batch_init(&batch);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_batch_free(&batch);
    world_close(&world);
    return 0;
}

#define TEST(name, lock)                                                        \
    {                                                                           \
#name, name, begin_test, end_test, (void *)(uintptr_t)&lock_cases[lock] \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(idle_in_its_transaction_is_ended, 0),
        TEST(idle_in_its_transaction_is_ended, 1),
        TEST(in_the_middle_of_a_pipeline_is_ended, 0),
        TEST(in_the_middle_of_a_pipeline_is_ended, 1),
        TEST(at_work_is_waited_for, 0),
        TEST(at_work_is_waited_for, 1),
        cmocka_unit_test_setup_teardown(a_worker_frozen_between_its_round_trips_is_ended,
                                        begin_test, end_test),
    };
    return cmocka_run_group_tests_name("database, blockers", tests, set_up, tear_down);
}
