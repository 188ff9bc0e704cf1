/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a lane's generation: when a marker is recorded, which one is, and what comes after. */
#include "worker/lane/lane.h"

#include "tests/support/shop.h"
#include "tests/support/test.h"
#include "tests/support/world.h"

static struct world world;

static void all_before_it_is_acknowledged_when_it_is_recorded(void **state)
{
    (void)state;
    world_init(&world); /* what is asserted stands in the fake database's save */
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 1);
    world_marker(&world, "2");
    world_run(&world);
    world_check(&world);
    assert_true(world.database.drained);
    assert_int_equal(world.database.markers, 1);
    assert_int_equal(world.database.stragglers, 0);
}

static void waits_for_the_confirms_of_the_batch_before_it(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    world_marker(&world, "2");
    world.broker.confirm_waits = UINT32_MAX;
    for (int i = 0; i < 100; i++) {
        world_step(&world);
    }
    assert_int_equal(world.database.loads, 1);
    assert_false(world.database.drained);
    world.broker.confirm_waits = 0;
    world_run(&world);
    assert_true(world.database.drained);
    world_check(&world);
}

static void is_a_part_of_its_own(void **state)
{
    (void)state;
    world_init(&world);
    world.jobs_max = 100;
    world_adjust(&world, "po-1", 9);
    world_marker(&world, "2");
    world_checkout(&world, "a", 1);
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.database.commits, 3);
    assert_int_equal(world.broker.acks, 3);
}

static void needs_a_claim_like_any_batch(void **state)
{
    (void)state;
    world_init(&world);
    world_marker(&world, "2");
    world_run(&world);
    assert_int_equal(world.database.claims, 1);
    assert_true(world.database.drained);
}

static void a_worker_that_lost_the_lane_records_none(void **state)
{
    (void)state;
    world_init(&world);
    world_marker(&world, "2");
    world_run_to(&world, BATCH_PARSED);
    world.database.epoch++; /* another one has claimed it */
    while (world.failures == 0) {
        world_step(&world);
    }
    assert_int_equal(world.error.kind, ERROR_FENCED);
    assert_false(world.database.drained);
    assert_int_equal(world.broker.acks, 0);
}

static void recorded_twice_it_is_the_same(void **state)
{
    (void)state;
    world_init(&world);
    world_marker(&world, "2");
    world_marker(&world, "2");
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.database.markers, 2);
    assert_true(world.database.drained);
}

static void what_is_decided_behind_it_is_counted(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    world_marker(&world, "2");
    world_checkout(&world, "late", 1);
    world_checkout(&world, "a", 1); /* decided before: no straggler */
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.database.stragglers, 1);
    assert_int_equal(world.lane.counters.stragglers, 1);
}

static void come_back_often_it_is_no_suspect(void **state)
{
    (void)state;
    world_init(&world);
    world_marker(&world, "2")->delivery_count = 50;
    world_run(&world);
    assert_true(world.database.drained);
    assert_int_equal(world.database.lonely_count, 0);
}

static void refused_as_one_job_would_be_it_is_not_put_aside(void **state)
{
    (void)state;
    world_init(&world);
    world_marker(&world, "2");
    world.database.save_error = ERROR_JOB;
    for (int i = 0; i < 100; i++) {
        world_step(&world);
    }
    assert_true(world.database.saves > 1);
    assert_int_equal(world.broker.acks, 0);
    world.database.save_error = ERROR_NONE;
    world_run(&world);
    assert_true(world.database.drained);
    assert_int_equal(world_count(&world, MESSAGE_DEAD, NULL), 0);
}

/* The lane is of generation 1. */
static const struct other {
    const char *name;
    const char *number;
} others[] = {
    {"of its own generation", "1"},
    {"of an older one", "0"},
    {"of a number that is too large", "4294967296"},
    {"of an endless number", "99999999999999999999"},
    {"of no number", "two"},
    {"of a number with a sign", "+2"},
    {"of nothing", ""},
};

enum { OTHERS = sizeof others / sizeof others[0] };

static void is_dropped(void **state)
{
    const struct other *other = *state;
    world_init(&world);
    world_marker(&world, other->number);
    world_run(&world);
    world_check(&world);
    assert_false(world.database.drained);
    assert_int_equal(world.database.saves, 0);
    assert_int_equal(world.broker.acks, 1);
}

/* Whoever may write only the entries must not end a generation. */
static void through_an_entry_it_is_a_job(void **state)
{
    const char *exchange = *state;
    world_init(&world);
    world_add(&world, NULL, FATE_PARKED, "2")->exchange = span_of(exchange);
    world.broker.jobs[0].delivery.type = SPAN_OF("till.marker");
    world_run(&world);
    world_check(&world);
    assert_false(world.database.drained);
    assert_int_equal(world.lane.counters.dead[DEAD_MALFORMED], 1);
}

int main(void)
{
    struct CMUnitTest tests[12 + OTHERS] = {
        cmocka_unit_test(all_before_it_is_acknowledged_when_it_is_recorded),
        cmocka_unit_test(waits_for_the_confirms_of_the_batch_before_it),
        cmocka_unit_test(is_a_part_of_its_own),
        cmocka_unit_test(needs_a_claim_like_any_batch),
        cmocka_unit_test(a_worker_that_lost_the_lane_records_none),
        cmocka_unit_test(recorded_twice_it_is_the_same),
        cmocka_unit_test(what_is_decided_behind_it_is_counted),
        cmocka_unit_test(come_back_often_it_is_no_suspect),
        cmocka_unit_test(refused_as_one_job_would_be_it_is_not_put_aside),
        {"through NS.jobs it is a job", through_an_entry_it_is_a_job, NULL, NULL, "till.jobs"},
        {"through NS.stock it is a job", through_an_entry_it_is_a_job, NULL, NULL, "till.stock"},
        {"through the lanes' exchange it is a job", through_an_entry_it_is_a_job, NULL, NULL,
         "till.lanes.g1"},
    };
    for (size_t i = 0; i < OTHERS; i++) {
        tests[12 + i] = (struct CMUnitTest){
            .name = others[i].name, .test_func = is_dropped, .initial_state = (void *)&others[i]};
    }
    return cmocka_run_group_tests_name("lane, marker", tests, NULL, NULL);
}
