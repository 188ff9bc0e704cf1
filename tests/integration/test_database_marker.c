/* SPDX-License-Identifier: Apache-2.0
 *
 * What a lane's row says of the end of its generation, and which generations' lanes may decide. */
#include "tests/support/database_world.h"
#include "tests/support/test.h"

static struct world world;
static struct world_lane lane;
static struct world_batch batch;

#define STOCK "{\"id\":\"%s\",\"kind\":\"adjust\",\"items\":[{\"sku\":\"A\",\"qty\":1}]}"

static const char *job(const char *id)
{
    static char body[256];
    (void)snprintf(body, sizeof body, STOCK, id);
    return body;
}

static enum port_answer record_marker(void)
{
    world_batch_begin(&batch, NULL, 0);
    const enum port_answer answer = world_load(&lane, &batch);
    return answer == PORT_DONE ? world_save(&lane, &batch) : answer;
}

static void of_generation(const char *state)
{
    world_run(&world, "UPDATE generations SET state = '%s', step = %s WHERE generation = 1", state,
              state[0] == 'c' && state[1] == 'o' ? "'drain'" : "NULL");
}

static void a_claim_says_who_it_is(void **state)
{
    (void)state;
    assert_string_equal(world_ask(&world, "SELECT worker || ' ' || run FROM lanes WHERE lane = 0"),
                        "worker of a test run");
    assert_int_equal(
        world_number(&world, "SELECT count(*) FROM lanes WHERE claimed_at IS NOT NULL"), 1);
}

static void each_batch_is_timed(void **state)
{
    (void)state;
    world_say(&lane, &batch, WORLD_ONE(job("timed")));
    world_run(&world, "UPDATE lanes SET saved_at = '2000-01-01'");
    world_say(&lane, &batch, WORLD_ONE(job("timed"))); /* a repeat, of which nothing is written */
    assert_int_equal(world_number(&world, "SELECT (saved_at > clock_timestamp() - interval '1 min')"
                                          "::integer FROM lanes WHERE lane = 0"),
                     1);
}

static void what_comes_behind_the_marker_is_counted(void **state)
{
    (void)state;
    world_say(&lane, &batch, WORLD_ONE(job("before")));
    const int64_t decided = world_number(&world, "SELECT decided FROM lanes WHERE lane = 0");
    assert_false(batch.state.drained);
    assert_int_equal(record_marker(), PORT_DONE);
    assert_int_equal(world_number(&world, "SELECT count(*) FROM lanes WHERE drained"), 1);
    assert_int_equal(world_number(&world, "SELECT sum(stragglers) FROM lanes"), 0);

    assert_int_equal(record_marker(), PORT_DONE); /* again: nothing changes */
    world_say(&lane, &batch, WORLD_ONE(job("before")));
    world_say(&lane, &batch, WORLD_ONE(job("behind")));
    assert_true(batch.state.drained);
    assert_int_equal(world_number(&world, "SELECT sum(stragglers) FROM lanes"), 1);
    assert_int_equal(world_number(&world, "SELECT decided FROM lanes WHERE lane = 0"), decided + 1);
}

static void a_worker_that_lost_the_lane_records_no_marker(void **state)
{
    (void)state;
    world_run(&world, "UPDATE lanes SET epoch = epoch + 1, drained = false");
    assert_int_equal(record_marker(), PORT_FAILED);
    assert_int_equal(batch.error.kind, ERROR_FENCED);
    assert_int_equal(world_number(&world, "SELECT count(*) FROM lanes WHERE drained"), 0);
}

/* Not even one that was claimed while it could be. */
static void lanes_decide_in_a_generation_that_works(void **state)
{
    static const struct {
        const char *state;
        bool decides;
    } rows[] = {{"draining", true}, {"coming", false}, {"retired", false}, {"current", true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error = {0};
        const enum port_answer answer = rows[i].decides ? PORT_DONE : PORT_FAILED;
        assert_int_equal(world_claim(&lane, &error), PORT_DONE);
        of_generation(rows[i].state);
        world_batch_speak(&batch, WORLD_ONE(job("anything")));
        assert_int_equal(world_load(&lane, &batch), answer);
        lane.port.ops->abandon(lane.port.self);
        assert_int_equal(world_claim(&lane, &error), answer);
        assert_int_equal(error.kind, rows[i].decides ? ERROR_NONE : ERROR_FENCED);
        of_generation("current");
    }
}

static int set_up(void **state)
{
    (void)state;
    world_open(&world, "marker");
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

static int begin(void **state)
{
    (void)state;
    world_run(&world, "UPDATE lanes SET drained = false, stragglers = 0");
    world_lane_open(&lane, &world, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_lane_close(&lane);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_claim_says_who_it_is, begin, end),
        cmocka_unit_test_setup_teardown(each_batch_is_timed, begin, end),
        cmocka_unit_test_setup_teardown(what_comes_behind_the_marker_is_counted, begin, end),
        cmocka_unit_test_setup_teardown(a_worker_that_lost_the_lane_records_no_marker, begin, end),
        cmocka_unit_test_setup_teardown(lanes_decide_in_a_generation_that_works, begin, end),
    };
    return cmocka_run_group_tests_name("database, marker", tests, set_up, tear_down);
}
