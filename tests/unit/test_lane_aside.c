/* SPDX-License-Identifier: Apache-2.0
 *
 * A lane that steps aside for its owner, and what it says of the jobs in hand. */
#include "worker/lane/lane.h"

#include "tests/support/shop.h"
#include "tests/support/test.h"
#include "tests/support/world.h"

static struct world world;

static void add_jobs(void)
{
    world_init(&world);
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 1);
    world_checkout(&world, "c", 1);
}

static void finishes_what_it_has_taken_and_subscribes_again(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_DECIDED);
    const uint32_t taken = world.broker.taken;
    lane_step_aside(&world.lane);
    while (world.broker.give_backs == 0) {
        assert_int_not_equal(world_step(&world), LANE_FAILED);
    }
    assert_int_equal(world.broker.acks, 1);
    assert_int_equal(world.lane.counters.jobs, taken);
    assert_int_equal(world.broker.jobs[0].delivery.delivery_count, 0);
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.broker.subscriptions, 2);
    assert_int_equal(world.database.claims, 2);
}

static void takes_nothing_more_before_it_is_aside(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_TAKEN);
    lane_step_aside(&world.lane);
    const uint32_t takes = world.broker.takes;
    while (world.broker.give_backs == 0) {
        world_step(&world);
    }
    assert_int_equal(world.broker.takes, takes);
}

static void with_nothing_in_hand_it_is_aside_at_once(void **state)
{
    (void)state;
    world_init(&world);
    world_run(&world);
    assert_int_equal(world.broker.subscriptions, 1);
    lane_step_aside(&world.lane);
    assert_int_equal(world_step(&world), LANE_AGAIN);
    assert_false(world.broker.open);
    world_run(&world);
    assert_int_equal(world.broker.subscriptions, 2);
    assert_int_equal(world.database.claims, 0); /* a standby needs no database */
}

static void without_a_subscription_there_is_nothing_to_step_aside_from(void **state)
{
    (void)state;
    add_jobs();
    lane_step_aside(&world.lane);
    world_run(&world);
    assert_int_equal(world.broker.subscriptions, 1);
    assert_int_equal(world.broker.give_backs, 0);
}

static void whatever_gives_it_back_is_enough(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_DECIDED);
    lane_step_aside(&world.lane);
    lane_give_back(&world.lane);
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.broker.subscriptions, 2);
}

static void draining_goes_before(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_DECIDED);
    lane_step_aside(&world.lane);
    lane_drain(&world.lane);
    world_drain(&world);
    assert_int_equal(world.broker.subscriptions, 1);
}

static void says_what_is_in_hand_and_how_old_it_is(void **state)
{
    (void)state;
    int64_t oldest_ms = 0;
    world_init(&world);
    assert_int_equal(lane_in_hand(&world.lane, &oldest_ms), 0);
    assert_true(oldest_ms == TIMESTAMP_NONE);
    struct delivery *first = world_adjust(&world, "po-1", 9);
    first->timestamp = 1700000000;
    first->timestamp_in_ms = 1700000000123;
    world_checkout(&world, "a", 1)->timestamp = 1700000001;
    world_checkout(&world, "b", 1)->timestamp = 1700000002;
    world_checkout(&world, "c", 1);
    world_run_to(&world, BATCH_DECIDED);
    assert_int_equal(lane_in_hand(&world.lane, &oldest_ms), 2);
    assert_true(oldest_ms == 1700000000123);
    world_run(&world);
    assert_int_equal(lane_in_hand(&world.lane, &oldest_ms), 0);
}

static void a_time_that_makes_no_sense_is_none(void **state)
{
    (void)state;
    int64_t oldest_ms = 0;
    world_init(&world);
    world_adjust(&world, "po-1", 9)->timestamp = INT64_MAX;
    world_run_to(&world, BATCH_DECIDED);
    assert_int_equal(lane_in_hand(&world.lane, &oldest_ms), 1);
    assert_true(oldest_ms == TIMESTAMP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finishes_what_it_has_taken_and_subscribes_again),
        cmocka_unit_test(takes_nothing_more_before_it_is_aside),
        cmocka_unit_test(with_nothing_in_hand_it_is_aside_at_once),
        cmocka_unit_test(without_a_subscription_there_is_nothing_to_step_aside_from),
        cmocka_unit_test(whatever_gives_it_back_is_enough),
        cmocka_unit_test(draining_goes_before),
        cmocka_unit_test(says_what_is_in_hand_and_how_old_it_is),
        cmocka_unit_test(a_time_that_makes_no_sense_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
