/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a batch when nothing goes wrong, and what is never done out of its order. */
#include "worker/lane/lane.h"

#include <stdio.h>

#include "tests/support/shop.h"
#include "tests/support/test.h"
#include "tests/support/world.h"

static struct world world;

static void decides_publishes_and_acknowledges(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 2);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 2);
    world_run(&world);
    world_check(&world);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "adjust.stocked"), 1);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "checkout.confirmed"), 1);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "checkout.sold_out"), 1);
    assert_int_equal(world_unsold(&world), 1);
    assert_int_equal(world.lane.counters.jobs, 3);
    assert_int_equal(world.broker.acks, 2);
    assert_int_equal(world.failures, 0);
}

static void nothing_is_asked_of_the_database_without_jobs(void **state)
{
    (void)state;
    world_init(&world);
    world_run(&world);
    for (int i = 0; i < 10; i++) {
        world_step(&world);
    }
    assert_int_equal(world.database.readies, 0);
    assert_int_equal(world.database.claims, 0);
    assert_int_equal(world.database.loads, 0);
}

static void never_acks_before_the_confirm(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 2);
    world.broker.confirm_waits = UINT32_MAX;
    for (int i = 0; i < 100; i++) {
        world_step(&world);
    }
    assert_int_equal(world.database.commits, 1);
    assert_int_equal(world.broker.publishes, 1);
    assert_int_equal(world.broker.acks, 0);
    world.broker.confirm_waits = 0;
    world_run(&world);
    assert_int_equal(world.broker.acks, 1);
    world_check(&world);
}

static void never_publishes_before_the_commit(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 2);
    world.database.save_error = ERROR_RETRY;
    for (int i = 0; i < 50; i++) {
        world_step(&world);
    }
    assert_true(world.database.saves > 1);
    assert_int_equal(world.broker.publishes, 0);
    world.database.save_error = ERROR_NONE;
    world_run(&world);
    assert_int_equal(world.broker.publishes, 1);
    world_check(&world);
}

static void a_batch_is_what_is_there(void **state)
{
    (void)state;
    world_init(&world);
    world.jobs_max = 100;
    world.broker.arrived = 1;
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 1);
    world_checkout(&world, "c", 1);
    world_run(&world);
    assert_int_equal(world.database.commits, 1);
    world.broker.arrived = 4;
    world_run(&world);
    assert_int_equal(world.database.commits, 2);
    assert_int_equal(world.database.largest, 3);
    world_check(&world);
}

static void decides_the_next_batch_while_one_is_confirmed(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 1);
    world_checkout(&world, "c", 1);
    world_checkout(&world, "d", 1);
    world.broker.confirm_waits = UINT32_MAX;
    for (int i = 0; i < 100; i++) {
        world_step(&world);
    }
    assert_int_equal(world.database.commits, 2); /* the next one, and not the one after it */
    assert_int_equal(world.broker.publishes, 1); /* it is not published yet */
    assert_int_equal(world.database.loads_unconfirmed, 1);
    world.broker.confirm_waits = 0;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.broker.acks, 3);
}

static void a_port_that_has_nothing_yet_is_asked_again(void **state)
{
    (void)state;
    world_init(&world);
    world.calls.waits = 3;
    world_adjust(&world, "po-1", 2);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 1);
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.failures, 0);
    assert_int_equal(world_unsold(&world), 0);
}

static void drains_what_it_took_and_takes_no_more(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 1);
    world_checkout(&world, "c", 1);
    world_checkout(&world, "d", 1);
    world.broker.confirm_waits = UINT32_MAX;
    world_run_to(&world, BATCH_PARSED);
    world_run_to(&world, BATCH_PARSED); /* the second batch; the first one is being confirmed */
    world.broker.confirm_waits = 0;
    world_drain(&world);
    assert_int_equal(world.broker.taken, 0);
    assert_false(world.broker.open);
    assert_int_equal(world.broker.takes, 4);
    assert_int_equal(world.broker.acks, 2);
    assert_true(world.broker.jobs[3].acknowledged);
    assert_false(world.broker.jobs[4].acknowledged);
    assert_int_equal(world.broker.jobs[3].delivery.delivery_count, 0);
}

static void drains_at_once_if_there_is_nothing(void **state)
{
    (void)state;
    world_init(&world);
    world_run(&world);
    world_adjust(&world, "po-1", 9);
    world_drain(&world);
    assert_int_equal(world.broker.takes, 0);
    assert_false(world.broker.open);
    assert_int_equal(world_step(&world), LANE_DRAINED);
}

static void a_batch_in_the_middle_of_taking_is_drained_too(void **state)
{
    (void)state;
    world_init(&world);
    world.jobs_max = 10;
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    while (world.broker.takes == 0) {
        world_step(&world);
    }
    world_drain(&world);
    assert_true(world.broker.jobs[0].acknowledged);
    assert_int_equal(world.broker.takes, 1);
    assert_int_equal(world.broker.jobs[1].delivery.delivery_count, 0);
}

static void given_back_by_hand_it_begins_anew(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 9);
    world_checkout(&world, "a", 1);
    world_run_to(&world, BATCH_DECIDED);
    lane_give_back(&world.lane);
    assert_int_equal(world.broker.taken, 0);
    assert_false(world.database.open);
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.database.claims, 2);
}

static void decides_512_jobs_in_one_batch(void **state)
{
    (void)state;
    world_init(&world);
    world.jobs_max = BATCH_JOBS_MAX;
    world_adjust(&world, "po-1", 300);
    for (int i = 1; i < (int)BATCH_JOBS_MAX; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "job-%d", i);
        world_checkout(&world, id, 1)->reply_to = SPAN_OF("till.reply.shop");
    }
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.database.commits, 1);
    assert_int_equal(world.database.largest, BATCH_JOBS_MAX);
    assert_int_equal(world.broker.acks, 1);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "checkout.confirmed"), 300);
    assert_int_equal(world_count(&world, MESSAGE_REPLY, NULL), BATCH_JOBS_MAX - 1);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "stock.changed"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_publishes_and_acknowledges),
        cmocka_unit_test(nothing_is_asked_of_the_database_without_jobs),
        cmocka_unit_test(never_acks_before_the_confirm),
        cmocka_unit_test(never_publishes_before_the_commit),
        cmocka_unit_test(a_batch_is_what_is_there),
        cmocka_unit_test(decides_the_next_batch_while_one_is_confirmed),
        cmocka_unit_test(a_port_that_has_nothing_yet_is_asked_again),
        cmocka_unit_test(drains_what_it_took_and_takes_no_more),
        cmocka_unit_test(drains_at_once_if_there_is_nothing),
        cmocka_unit_test(a_batch_in_the_middle_of_taking_is_drained_too),
        cmocka_unit_test(given_back_by_hand_it_begins_anew),
        cmocka_unit_test(decides_512_jobs_in_one_batch),
    };
    return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
