/* SPDX-License-Identifier: Apache-2.0
 *
 * What a lane counts of its work: once, whatever goes wrong on the way, and under the right label.
 */
#include "worker/lane/counting.h"

#include "tests/support/shop.h"
#include "tests/support/test.h"
#include "tests/support/world.h"

enum {
    DATABASE_NOW_MS = 1000 * 1000, /* of fake_database_init; it goes on by less than that */
    WAIT_MS = 1000,                /* what world_step lets pass when the lane waits */
};

static struct world world;

static struct lane_counters *counters(void)
{
    return &world.lane.counters;
}

static void counts_decisions_by_kind_and_outcome(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 2);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 2);
    world_checkout(&world, "c", 1);
    world_add(&world, "h", FATE_DECIDED, "{\"id\":\"h\",\"kind\":\"commit\",\"hold\":\"none\"}");
    world_run(&world);
    assert_int_equal(counters()->decided[KIND_ADJUST][OUTCOME_STOCKED], 1);
    assert_int_equal(counters()->decided[KIND_CHECKOUT][OUTCOME_CONFIRMED], 2);
    assert_int_equal(counters()->decided[KIND_CHECKOUT][OUTCOME_SOLD_OUT], 1);
    assert_int_equal(counters()->decided[KIND_COMMIT][OUTCOME_REJECTED], 1);
    assert_int_equal(lane_counters_decided(counters()), 5);
    assert_int_equal(counters()->jobs, 5);
    assert_int_equal(counters()->repeats, 0);
    assert_int_equal(counters()->redelivered, 0);
}

static void a_decision_that_is_found_counts_as_a_repeat(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 2);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "a", 1);
    world.broker.confirm_losses = 1;
    world_run(&world);
    assert_int_equal(lane_counters_decided(counters()), 2);
    assert_int_equal(counters()->repeats, 3); /* the first batch again, and the second "a" */
    assert_int_equal(counters()->redelivered, 2);
    assert_int_equal(counters()->retries[RETRY_LANE], 1);
    assert_int_equal(counters()->jobs, 3);
}

static void counts_answers_and_dead_letters_once(void **state)
{
    (void)state;
    world_init(&world);
    world.jobs_max = 100;
    world_adjust(&world, "po-1", 1);
    world_add(&world, "m", FATE_PARKED, "{\"id\":\"m\"}");
    world_add(&world, NULL, FATE_PARKED, "no job");
    world_adjust(&world, "po-2", 1)->exchange = SPAN_OF("till.jobs");
    world.jobs[3].fate = FATE_ANSWERED;
    world_adjust(&world, "po-1", 2);
    world.jobs[4].fate = FATE_ANSWERED;
    world_checkout(&world, "bad", 1);
    world.jobs[5].fate = FATE_PARKED;
    world.database.bad_job = SPAN_OF("bad");
    world.broker.confirm_losses = 2;
    world_run(&world);
    world_check(&world);
    assert_int_equal(counters()->answers[ANSWER_MALFORMED], 1);
    assert_int_equal(counters()->answers[ANSWER_NOT_ALLOWED], 1);
    assert_int_equal(counters()->answers[ANSWER_ID_REUSED], 1);
    assert_int_equal(counters()->answers[ANSWER_PARKED], 1);
    assert_int_equal(counters()->dead[DEAD_MALFORMED], 2);
    assert_int_equal(counters()->dead[DEAD_FAILED], 1);
    assert_int_equal(lane_counters_dead(counters()), 3);
    assert_int_equal(counters()->jobs, 6);
}

static void a_retry_says_what_was_done_again(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 1);
    world.database.save_error = ERROR_UNKNOWN;
    while (counters()->retries[RETRY_COMMIT] < 3) {
        world_step(&world);
    }
    world.database.save_error = ERROR_RETRY;
    while (counters()->retries[RETRY_BATCH] < 2) {
        world_step(&world);
    }
    world.database.save_error = ERROR_NONE;
    world_run(&world);
    assert_int_equal(lane_counters_retries(counters()), 5);
    assert_int_equal(counters()->batches, 1);
    assert_int_equal(lane_counters_decided(counters()), 1);
}

/* ---- Slots ---- */

#define SLOT_PS5 SPAN_OF("278")

static struct delivery *reserve(const char *id)
{
    return world_add(&world, id, FATE_DECIDED,
                     "{\"id\":\"%s\",\"kind\":\"reserve\",\"customer\":\"c\",\"items\":"
                     "[{\"sku\":\"PS5\",\"qty\":1}]}",
                     id);
}

static struct delivery *commit(const char *id, const char *hold)
{
    return world_add(&world, id, FATE_DECIDED,
                     "{\"id\":\"%s\",\"kind\":\"commit\",\"hold\":\"%s\"}", id, hold);
}

static struct delivery *cancel(const char *id, const char *sale)
{
    return world_add(&world, id, FATE_DECIDED,
                     "{\"id\":\"%s\",\"kind\":\"cancel\",\"sale\":\"%s\",\"items\":"
                     "[{\"sku\":\"PS5\",\"qty\":1}]}",
                     id, sale);
}

static void jobs_of_their_own_slot_are_not_misrouted(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 2)->routing_key = SLOT_PS5;
    world_checkout(&world, "a", 1)->routing_key = SLOT_PS5;
    reserve("r")->routing_key = SLOT_PS5;
    commit("c", "r")->routing_key = SLOT_PS5;
    cancel("x", "a")->routing_key = SLOT_PS5;
    commit("y", "unknown")->routing_key = SPAN_OF("7");
    cancel("z", "unknown")->routing_key = SPAN_OF("7");
    world_run(&world);
    assert_int_equal(lane_counters_decided(counters()), 7);
    assert_int_equal(counters()->misrouted, 0);
}

static void jobs_of_another_slot_are_misrouted(void **state)
{
    (void)state;
    static const struct span keys[] = {
        {"277", 3}, {"", 0}, {"1024", 4}, {"x", 1}, {"99999999999999999999", 20}};
    world_init(&world);
    world_adjust(&world, "po-1", 9)->routing_key = SLOT_PS5;
    reserve("r")->routing_key = SLOT_PS5;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char id[] = {(char)('a' + i), '\0'};
        world_checkout(&world, id, 1)->routing_key = keys[i];
    }
    commit("y", "r")->routing_key = SPAN_OF("279");
    world_run(&world);
    assert_int_equal(counters()->misrouted, 6);
}

/* ---- Histograms ---- */

static void a_part_counts_its_jobs(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 2);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 1);
    world_run(&world);
    assert_int_equal(counters()->batches, 2);
    assert_int_equal(histogram_count(&counters()->batch_jobs), 2);
    assert_int_equal(counters()->batch_jobs.sum, 3);
    assert_int_equal(counters()->batch_jobs.buckets[0], 1);
    assert_int_equal(counters()->batch_jobs.buckets[1], 1);
}

static void commit_and_confirm_take_what_their_ports_take(void **state)
{
    (void)state;
    world_init(&world);
    world.calls.waits = 1;
    world.broker.confirm_waits = 2;
    world_adjust(&world, "po-1", 2);
    world_run(&world);
    assert_int_equal(histogram_count(&counters()->commit_ms), 1);
    assert_int_equal(counters()->commit_ms.sum, WAIT_MS);
    assert_int_equal(histogram_count(&counters()->confirm_ms), 1);
    assert_int_equal(counters()->confirm_ms.sum, 3 * WAIT_MS);
}

static void a_part_without_jobs_commits_nothing(void **state)
{
    (void)state;
    world_init(&world);
    world_add(&world, NULL, FATE_PARKED, "no job");
    world_run(&world);
    assert_int_equal(histogram_count(&counters()->commit_ms), 0);
    assert_int_equal(histogram_count(&counters()->confirm_ms), 1);
    assert_int_equal(histogram_count(&counters()->job_latency), 0);
}

static const struct latency_case {
    const char *name;
    int64_t timestamp_in_ms;
    uint64_t count;
    uint64_t sum;
} latency_cases[] = {
    {"from the header to the confirm", DATABASE_NOW_MS - 7, 1, 7 + WAIT_MS},
    {"no header, no latency", TIMESTAMP_NONE, 0, 0},
    {"one from the future counts as now", DATABASE_NOW_MS + 3600 * 1000, 1, 0},
    {"one of the largest number counts as now", INT64_MAX, 1, 0},
    {"one from before the epoch counts as now", -1, 1, 0},
};

static void a_jobs_latency(void **state)
{
    const struct latency_case *test = *state;
    world_init(&world);
    world.broker.confirm_waits = 1;
    world_adjust(&world, "po-1", 2)->timestamp_in_ms = test->timestamp_in_ms;
    world_run(&world);
    assert_int_equal(histogram_count(&counters()->job_latency), test->count);
    assert_int_equal(counters()->job_latency.sum, test->sum);
}

int main(void)
{
    enum { LATENCIES = sizeof latency_cases / sizeof latency_cases[0] };
    struct CMUnitTest tests[LATENCIES + 9] = {
        [LATENCIES] = cmocka_unit_test(counts_decisions_by_kind_and_outcome),
        [LATENCIES + 1] = cmocka_unit_test(a_decision_that_is_found_counts_as_a_repeat),
        [LATENCIES + 2] = cmocka_unit_test(counts_answers_and_dead_letters_once),
        [LATENCIES + 3] = cmocka_unit_test(a_retry_says_what_was_done_again),
        [LATENCIES + 4] = cmocka_unit_test(jobs_of_their_own_slot_are_not_misrouted),
        [LATENCIES + 5] = cmocka_unit_test(jobs_of_another_slot_are_misrouted),
        [LATENCIES + 6] = cmocka_unit_test(a_part_counts_its_jobs),
        [LATENCIES + 7] = cmocka_unit_test(commit_and_confirm_take_what_their_ports_take),
        [LATENCIES + 8] = cmocka_unit_test(a_part_without_jobs_commits_nothing),
    };
    for (size_t i = 0; i < LATENCIES; i++) {
        tests[i] = (struct CMUnitTest){.name = latency_cases[i].name,
                                       .test_func = a_jobs_latency,
                                       .initial_state = (void *)&latency_cases[i]};
    }
    return cmocka_run_group_tests_name("counting", tests, NULL, NULL);
}
