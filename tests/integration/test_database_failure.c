/* SPDX-License-Identifier: Apache-2.0
 *
 * What fails says what to do next, leaves nothing half done, and the batch can be run again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/connect/postgres_wait.h"
#include "tests/support/database_world.h"
#include "tests/support/test.h"

#define CHECKOUT(id) "{\"id\":\"" id "\",\"customer\":\"c\",\"items\":[{\"sku\":\"A\",\"qty\":1}]}"

static struct world world;
static struct world_lane lane;
static struct world_batch batch;

/* How many units of "A" are left of the 100 that every test begins with. */
static int64_t unsold(void)
{
    return world_number(&world, "SELECT unsold FROM stock WHERE pool = 'main' AND sku = 'A'");
}

static void fails_with(enum port_answer answer, enum error_kind kind)
{
    assert_int_equal(answer, PORT_FAILED);
    if (batch.error.kind != kind) {
        fail_msg("kind %d: %s", (int)batch.error.kind, batch.error.text);
    }
}

static void decided_up_to_save(const char *body)
{
    world_batch_speak(&batch, WORLD_ONE(body));
    assert_int_equal(world_decide(&lane, &batch), PORT_DONE);
}

static int backend(void)
{
    return PQbackendPID(lane.database.postgres.connection);
}

/* The same batch once more: decided exactly once, by now. */
static void goes_on(const char *body, enum result_kind expected)
{
    lane.port.ops->abandon(lane.port.self);
    world_say(&lane, &batch, WORLD_ONE(body));
    assert_int_equal(batch.results[0].kind, expected);
    assert_int_equal(unsold(), 99);
    assert_int_equal(world_number(&world, "SELECT count(*) FROM decisions"), 1);
    assert_int_equal(world_number(&world, "SELECT decided FROM lanes WHERE lane = 0"), 1);
}

/* So long that its look for deadlocks comes before that of anybody who waits from now on. */
static void load_until_it_has_waited_for_a_lock(void)
{
    do {
        assert_int_equal(lane.port.ops->load(lane.port.self, &batch.demand, &batch.arena,
                                             &batch.state, &batch.error),
                         PORT_WAIT);
    } while (world_number(&world,
                          "SELECT count(*) FROM pg_locks WHERE pid = %d AND NOT granted"
                          " AND waitstart < clock_timestamp() - interval '300 ms'",
                          backend()) == 0);
}

static void a_lane_that_was_taken_over_cannot_load(void **state)
{
    (void)state;
    struct world_lane other;
    world_lane_open(&other, &world, 0);
    world_batch_speak(&batch, WORLD_ONE(CHECKOUT("a")));
    fails_with(world_decide(&lane, &batch), ERROR_FENCED);
    world_say(&other, &batch, WORLD_ONE(CHECKOUT("a")));
    assert_int_equal(unsold(), 99);
    world_lane_close(&other);
}

/* Its transaction is ended by whoever takes over; woken up, it goes on where it was. */
static void a_lane_that_was_taken_over_in_mid_transaction_cannot_save(void **state)
{
    (void)state;
    struct world_lane other;
    decided_up_to_save(CHECKOUT("a"));
    world_lane_open(&other, &world, 0);
    const enum port_answer answer = world_save(&lane, &batch);
    assert_int_equal(answer, PORT_FAILED);
    assert_int_equal(world_number(&world, "SELECT count(*) FROM decisions"), 0);
    assert_int_equal(unsold(), 100);
    world_batch_speak(&batch, WORLD_ONE(CHECKOUT("a")));
    fails_with(world_decide(&lane, &batch), ERROR_FENCED);
    world_lane_close(&other);
}

static void a_lane_or_generation_that_is_gone_fences(void **state)
{
    (void)state;
    struct error error = {0};
    world_run(&world, "UPDATE generations SET state = 'retired'");
    world_batch_speak(&batch, WORLD_ONE(CHECKOUT("a")));
    fails_with(world_decide(&lane, &batch), ERROR_FENCED);
    assert_int_equal(world_claim(&lane, &error), PORT_FAILED);
    assert_int_equal(error.kind, ERROR_FENCED);
    world_run(&world, "UPDATE generations SET state = 'current'; DELETE FROM lanes WHERE lane = 0");
    world_batch_speak(&batch, WORLD_ONE(CHECKOUT("a")));
    fails_with(world_decide(&lane, &batch), ERROR_FENCED);
    world_run(&world, "INSERT INTO lanes (generation, lane) VALUES (1, 0)");
}

static void an_abandoned_batch_leaves_no_lock_and_no_row(void **state)
{
    (void)state;
    decided_up_to_save("{\"id\":\"s\",\"kind\":\"adjust\",\"items\":[{\"sku\":\"N\",\"qty\":1}]}");
    lane.port.ops->abandon(lane.port.self);
    world_run(&world,
              "SET lock_timeout = '3s'; UPDATE lanes SET epoch = epoch; RESET lock_timeout");
    assert_int_equal(world_number(&world, "SELECT count(*) FROM stock WHERE sku = 'N'"), 0);
    goes_on(CHECKOUT("a"), RESULT_DECISION);
}

static void a_stock_that_has_changed_meanwhile_is_read_again(void **state)
{
    (void)state;
    decided_up_to_save(CHECKOUT("a"));
    lane.database.load.locked[0].version--; /* as if the row had moved on without its lock */
    fails_with(world_save(&lane, &batch), ERROR_RETRY);
    goes_on(CHECKOUT("a"), RESULT_DECISION);
}

/* The row moves on while its lock is waited for; what is loaded is the new one. */
static void a_stock_that_was_waited_for_is_read_as_it_is_then(void **state)
{
    (void)state;
    struct world_lane other;
    struct world_batch held;
    static const char *const firsts[] = {CHECKOUT("o1"), CHECKOUT("o2"), CHECKOUT("o3")};
    static const char *const seconds[] = {CHECKOUT("l1"), CHECKOUT("l2"), CHECKOUT("l3")};
    world_batch_init(&held);
    world_lane_open(&other, &world, 1);
    for (int i = 0; i < 3; i++) {
        world_batch_speak(&held, WORLD_ONE(firsts[i]));
        assert_int_equal(world_decide(&other, &held), PORT_DONE);
        world_batch_speak(&batch, WORLD_ONE(seconds[i]));
        load_until_it_has_waited_for_a_lock();
        assert_int_equal(world_save(&other, &held), PORT_DONE);
        assert_int_equal(world_load(&lane, &batch), PORT_DONE);
        assert_int_equal(decide(&batch.state, batch.entries, 1, &batch.arena, batch.results), 1);
        assert_int_equal(world_save(&lane, &batch), PORT_DONE);
        assert_int_equal(unsold(), 98 - 2 * i);
    }
    world_lane_close(&other);
    world_batch_free(&held);
}

static void a_decision_that_came_up_meanwhile_is_found(void **state)
{
    (void)state;
    decided_up_to_save(CHECKOUT("a"));
    world_run(&world, "INSERT INTO decisions (decided_at, meaning, n, generation, lane, slot, kind,"
                      " outcome, reason, form, id, customer, store, pool, sku, qty)"
                      " VALUES (now(), 0, 1, 1, 1, 0, 0, 2, 0, 1, 'a', 'c', 'default', 'main',"
                      " 'A', 1)");
    fails_with(world_save(&lane, &batch), ERROR_RETRY);
    world_say(&lane, &batch, WORLD_ONE(CHECKOUT("a")));
    assert_int_equal(batch.results[0].kind, RESULT_ANSWER);
    assert_int_equal(batch.results[0].answer, ANSWER_ID_REUSED);
    assert_int_equal(unsold(), 100);
}

static void a_counter_that_is_behind_is_nobodys_job(void **state)
{
    (void)state;
    world_say(&lane, &batch, WORLD_ONE(CHECKOUT("a")));
    world_run(&world, "UPDATE lanes SET decided = 0");
    decided_up_to_save(CHECKOUT("b"));
    fails_with(world_save(&lane, &batch), ERROR_FATAL);
}

static void what_a_constraint_refuses_is_one_jobs_fault(void **state)
{
    (void)state;
    world_run(&world, "ALTER TABLE decisions ADD CONSTRAINT planted CHECK (ref <> 'poison')");
    decided_up_to_save("{\"id\":\"p\",\"ref\":\"poison\",\"customer\":\"c\","
                       "\"items\":[{\"sku\":\"A\",\"qty\":1}]}");
    fails_with(world_save(&lane, &batch), ERROR_JOB);
    world_run(&world, "ALTER TABLE decisions DROP CONSTRAINT planted");
    goes_on(CHECKOUT("a"), RESULT_DECISION);
}

static void a_count_that_is_missing_is_one_jobs_fault(void **state)
{
    (void)state;
    world_run(&world, "UPDATE stock SET per_customer = 5");
    world_say(&lane, &batch, WORLD_ONE(CHECKOUT("a")));
    assert_int_equal(world_number(&world, "SELECT taken FROM customer_counts"), 1);
    world_run(&world, "DELETE FROM customer_counts");
    decided_up_to_save("{\"id\":\"b\",\"kind\":\"cancel\",\"sale\":\"a\"}");
    fails_with(world_save(&lane, &batch), ERROR_JOB);
    assert_int_equal(unsold(), 99);
}

static void a_full_arena_asks_for_a_smaller_batch(void **state)
{
    (void)state;
    world_batch_speak(&batch, WORLD_ONE(CHECKOUT("a")));
    batch.arena.size = batch.arena.used + 64;
    fails_with(world_load(&lane, &batch), ERROR_JOB);
    goes_on(CHECKOUT("a"), RESULT_DECISION);
}

static void a_connection_that_ends_before_the_commit_has_done_nothing(void **state)
{
    (void)state;
    decided_up_to_save(CHECKOUT("a"));
    world_run(&world, "SELECT pg_terminate_backend(%d, 5000)", backend());
    assert_int_equal(world_save(&lane, &batch), PORT_FAILED);
    assert_true(batch.error.kind == ERROR_RETRY || batch.error.kind == ERROR_UNKNOWN);
    goes_on(CHECKOUT("a"), RESULT_DECISION);
}

static void a_connection_that_ends_between_batches_is_made_anew(void **state)
{
    (void)state;
    const int before = backend();
    world_run(&world, "SELECT pg_terminate_backend(%d, 5000)", before);
    world_say(&lane, &batch, WORLD_ONE(CHECKOUT("a")));
    assert_int_not_equal(backend(), before);
    goes_on(CHECKOUT("a"), RESULT_REPEAT);
}

static uint32_t sockets_waited_for(void)
{
    struct pollfd polls[POSTGRES_DATABASE_POLLS];
    int timeout_ms;
    return postgres_database_interest(&lane.database, polls, &timeout_ms);
}

/* Nobody reads what comes then, so a lane that waited for it would not sleep any more. */
static void what_comes_while_nothing_is_asked_is_not_waited_for(void **state)
{
    (void)state;
    struct world_lane other;
    assert_int_equal(sockets_waited_for(), 0);
    world_run(&world, "SELECT pg_terminate_backend(%d, 5000)", backend());
    assert_int_equal(sockets_waited_for(), 0);
    decided_up_to_save(CHECKOUT("a"));
    assert_int_equal(sockets_waited_for(), 0);

    lane.port.ops->abandon(lane.port.self); /* the answer to its rollback comes, too */
    assert_int_equal(sockets_waited_for(), 0);
    world_lane_open(&other, &world, 0);
    world_batch_speak(&batch, WORLD_ONE(CHECKOUT("a")));
    fails_with(world_decide(&lane, &batch), ERROR_FENCED);
    assert_int_equal(sockets_waited_for(), 0);

    /* What is asked for takes its time. */
    world_run(&world, "BEGIN; LOCK TABLE decisions IN ACCESS EXCLUSIVE MODE");
    world_batch_speak(&batch, WORLD_ONE(CHECKOUT("a")));
    assert_int_equal(other.port.ops->load(other.port.self, &batch.demand, &batch.arena,
                                          &batch.state, &batch.error),
                     PORT_WAIT);
    struct pollfd polls[POSTGRES_DATABASE_POLLS];
    int timeout_ms;
    assert_int_equal(postgres_database_interest(&other.database, polls, &timeout_ms), 1);
    world_run(&world, "ROLLBACK");
    assert_int_equal(world_load(&other, &batch), PORT_DONE);
    other.port.ops->abandon(other.port.self);
    world_lane_close(&other);
}

static void a_server_that_ends_the_transaction_says_that_nothing_was_done(void **state)
{
    (void)state;
    decided_up_to_save(CHECKOUT("a"));
    /* Somebody else has the decision's key: the insert waits, and is ended while it does. */
    world_run(&world, "BEGIN; INSERT INTO decisions (decided_at, meaning, n, generation, lane,"
                      " slot, kind, outcome, reason, form, id)"
                      " VALUES (now(), 0, 1, 1, 1, 0, 0, 2, 0, 1, 'a')");
    const struct record record = {.entries = batch.entries,
                                  .results = batch.results,
                                  .count = batch.count,
                                  .state = &batch.state};
    assert_int_equal(lane.port.ops->save(lane.port.self, &record, &batch.error), PORT_WAIT);
    char question[128];
    (void)snprintf(question, sizeof question,
                   "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %d", backend());
    world_run(&world, "SELECT pg_stat_clear_snapshot()");
    while (strcmp(world_ask(&world, "%s", question), "Lock") != 0) {
        world_run(&world, "SELECT pg_stat_clear_snapshot()");
    }
    world_run(&world, "SELECT pg_terminate_backend(%d, 5000)", backend());
    world_run(&world, "ROLLBACK");
    fails_with(world_save(&lane, &batch), ERROR_RETRY);
    goes_on(CHECKOUT("a"), RESULT_DECISION);
}

/* The lane's socket is another one from here on: silent, or closed at its far end. */
static int replace_socket(bool closed)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_true(dup2(pair[0], PQsocket(lane.database.postgres.connection)) >= 0);
    (void)close(pair[0]);
    if (closed) {
        (void)close(pair[1]);
    }
    return pair[1];
}

static void begin_save_until_committed(void)
{
    const struct record record = {.entries = batch.entries,
                                  .results = batch.results,
                                  .count = batch.count,
                                  .state = &batch.state};
    assert_int_equal(lane.port.ops->save(lane.port.self, &record, &batch.error), PORT_WAIT);
    assert_false(lane.database.trip.unsent);
    world_await(&world, "1", "SELECT count(*) FROM decisions");
}

static void a_commit_whose_answer_is_lost_is_unknown(void **state)
{
    (void)state;
    decided_up_to_save(CHECKOUT("a"));
    begin_save_until_committed();
    (void)replace_socket(true);
    fails_with(world_save(&lane, &batch), ERROR_UNKNOWN);
    goes_on(CHECKOUT("a"), RESULT_REPEAT);
}

static void a_commit_that_is_silent_for_ten_seconds_is_unknown(void **state)
{
    (void)state;
    decided_up_to_save(CHECKOUT("a"));
    begin_save_until_committed();
    const int far = replace_socket(false);
    const int64_t begin = postgres_now_ms();
    fails_with(world_save(&lane, &batch), ERROR_UNKNOWN);
    assert_in_range(postgres_now_ms() - begin, 8000, 12000);
    (void)close(far);
    goes_on(CHECKOUT("a"), RESULT_REPEAT);
}

static void a_commit_with_a_warning_is_unknown(void **state)
{
    (void)state;
    world_run(&world, "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS"
                      " 'BEGIN RAISE WARNING ''no standby''; RETURN NULL; END';"
                      "CREATE CONSTRAINT TRIGGER warns AFTER INSERT ON decisions DEFERRABLE"
                      " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()");
    decided_up_to_save(CHECKOUT("a"));
    const enum port_answer answer = world_save(&lane, &batch);
    world_run(&world, "DROP TRIGGER warns ON decisions; DROP FUNCTION warn()");
    fails_with(answer, ERROR_UNKNOWN);
    goes_on(CHECKOUT("a"), RESULT_REPEAT);
}

static void a_commit_that_is_refused_has_done_nothing(void **state)
{
    (void)state;
    world_run(&world, "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
                      " 'BEGIN RAISE EXCEPTION ''later'' USING ERRCODE = ''40001''; END';"
                      "CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON decisions DEFERRABLE"
                      " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()");
    decided_up_to_save(CHECKOUT("a"));
    const enum port_answer answer = world_save(&lane, &batch);
    world_run(&world, "DROP TRIGGER fails ON decisions; DROP FUNCTION fail()");
    fails_with(answer, ERROR_RETRY);
    goes_on(CHECKOUT("a"), RESULT_DECISION);
}

static void a_server_that_is_read_only_is_left(void **state)
{
    (void)state;
    PGconn *connection = lane.database.postgres.connection;
    const int before = backend();
    assert_int_equal(PQexitPipelineMode(connection), 1);
    PQclear(PQexec(connection, "SET default_transaction_read_only = on"));
    assert_int_equal(PQenterPipelineMode(connection), 1);
    world_batch_speak(&batch, WORLD_ONE(CHECKOUT("a")));
    fails_with(world_decide(&lane, &batch), ERROR_RETRY);
    assert_null(lane.database.postgres.connection);
    goes_on(CHECKOUT("a"), RESULT_DECISION);
    assert_int_not_equal(backend(), before);
}

/* A lane that asks is not delivered to meanwhile. */
static void a_server_that_writes_nothing_is_not_ready(void **state)
{
    (void)state;
    world_run(&world, "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS"
                      " 'BEGIN RAISE SQLSTATE ''53100''; END';"
                      "CREATE TRIGGER fills BEFORE UPDATE ON lanes FOR EACH ROW"
                      " EXECUTE FUNCTION fill()");
    const enum port_answer answer = world_ready(&lane, &batch.error);
    world_run(&world, "DROP TRIGGER fills ON lanes; DROP FUNCTION fill()");
    fails_with(answer, ERROR_RETRY);
    batch.error = (struct error){0};
    assert_int_equal(world_ready(&lane, &batch.error), PORT_DONE);
    goes_on(CHECKOUT("a"), RESULT_DECISION); /* nobody else has the lane by that */
}

/* We begin to wait first, so we look first, and are the one to give way. */
static void a_deadlock_is_tried_again(void **state)
{
    (void)state;
    world_run(&world, "INSERT INTO stock (pool, sku, unsold, version, known)"
                      " VALUES ('main', 'B', 9, 1, true)");
    world_run(&world, "BEGIN; SELECT FROM stock WHERE sku = 'B' FOR UPDATE");
    world_batch_speak(&batch, WORLD_ONE("{\"id\":\"d\",\"customer\":\"c\",\"items\":["
                                        "{\"sku\":\"A\",\"qty\":1},{\"sku\":\"B\",\"qty\":1}]}"));
    load_until_it_has_waited_for_a_lock();
    assert_int_equal(
        PQsendQuery(world.postgres.connection, "SELECT FROM stock WHERE sku = 'A' FOR UPDATE"), 1);
    (void)PQflush(world.postgres.connection);
    const enum port_answer answer = world_load(&lane, &batch);
    PGresult *result;
    while ((result = PQgetResult(world.postgres.connection)) != NULL) {
        PQclear(result);
    }
    world_run(&world, "ROLLBACK");
    fails_with(answer, ERROR_RETRY);
    goes_on(CHECKOUT("a"), RESULT_DECISION);
}

static int begin_test(void **state)
{
    (void)state;
    world_run(&world, "DELETE FROM decisions; DELETE FROM holds; DELETE FROM returns;"
                      "DELETE FROM stock; DELETE FROM customer_counts;"
                      "UPDATE lanes SET decided = 0;"
                      "INSERT INTO stock (pool, sku, unsold, version, known)"
                      " VALUES ('main', 'A', 100, 1, true)");
    world_lane_open(&lane, &world, 0);
    return 0;
}

static int end_test(void **state)
{
    (void)state;
    world_lane_close(&lane);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    world_open(&world, "failure");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lane_that_was_taken_over_cannot_load),
        TEST(a_lane_that_was_taken_over_in_mid_transaction_cannot_save),
        TEST(a_lane_or_generation_that_is_gone_fences),
        TEST(an_abandoned_batch_leaves_no_lock_and_no_row),
        TEST(a_stock_that_has_changed_meanwhile_is_read_again),
        TEST(a_stock_that_was_waited_for_is_read_as_it_is_then),
        TEST(a_decision_that_came_up_meanwhile_is_found),
        TEST(a_counter_that_is_behind_is_nobodys_job),
        TEST(what_a_constraint_refuses_is_one_jobs_fault),
        TEST(a_count_that_is_missing_is_one_jobs_fault),
        TEST(a_full_arena_asks_for_a_smaller_batch),
        TEST(a_connection_that_ends_before_the_commit_has_done_nothing),
        TEST(a_connection_that_ends_between_batches_is_made_anew),
        TEST(what_comes_while_nothing_is_asked_is_not_waited_for),
        TEST(a_server_that_ends_the_transaction_says_that_nothing_was_done),
        TEST(a_commit_whose_answer_is_lost_is_unknown),
        TEST(a_commit_that_is_silent_for_ten_seconds_is_unknown),
        TEST(a_commit_with_a_warning_is_unknown),
        TEST(a_commit_that_is_refused_has_done_nothing),
        TEST(a_server_that_is_read_only_is_left),
        TEST(a_server_that_writes_nothing_is_not_ready),
        TEST(a_deadlock_is_tried_again),
    };
    return cmocka_run_group_tests_name("database, failures", tests, set_up, tear_down);
}
