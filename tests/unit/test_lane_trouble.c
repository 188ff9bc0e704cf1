/* SPDX-License-Identifier: Apache-2.0
 *
 * Trouble that lasts: a lost lane, a database or a broker that is gone, a job that the database
 * refuses, a job that crashes whoever begins it. */
#include "worker/lane/lane.h"

#include <string.h>

#include "tests/support/shop.h"
#include "tests/support/test.h"
#include "tests/support/world.h"

enum { HONEST_JOBS = 8 };

static struct world world;

/* Stock and eight jobs of one unit each: "a", "b" ... */
static void add_jobs(void)
{
    static const char *const ids[HONEST_JOBS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    world_init(&world);
    world.jobs_max = 100;
    world_adjust(&world, "po-1", 5);
    for (size_t i = 0; i < HONEST_JOBS; i++) {
        world_checkout(&world, ids[i], 1);
    }
}

/* ---- The lane ---- */

static void a_fenced_lane_gives_everything_back(void **state)
{
    (void)state;
    add_jobs();
    world.jobs_max = 2;
    world.broker.confirm_waits = UINT32_MAX;
    world_run_to(&world, BATCH_PARSED);
    world_run_to(&world, BATCH_PARSED);
    world.database.epoch++; /* another worker has claimed it */
    while (world_step(&world) != LANE_FAILED) {
    }
    assert_int_equal(world.error.kind, ERROR_FENCED);
    assert_int_equal(world.broker.taken, 0);
    assert_false(world.broker.open);
    assert_int_equal(world.broker.acks, 0);
    assert_int_equal(world.database.commits, 1); /* the batch that was being confirmed */
    world.broker.confirm_waits = 0;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.database.claims, 2);
    assert_int_equal(world.lane.counters.repeats, 2);
}

static void reserve_elsewhere(struct fake_database *database)
{
    static const struct item item = {SPAN_OF("PAD"), 1, VERSION_NONE};
    static const struct item stock = {SPAN_OF("PAD"), 5, VERSION_NONE};
    const struct job jobs[] = {
        {.id = SPAN_OF("po-2"),
         .kind = KIND_ADJUST,
         .pool = SPAN_OF("main"),
         .items = (struct item *)&stock,
         .item_count = 1,
         .not_after = INSTANT_NONE},
        {.id = SPAN_OF("late"),
         .kind = KIND_RESERVE,
         .customer = SPAN_OF("c"),
         .store = SPAN_OF("default"),
         .items = (struct item *)&item,
         .item_count = 1,
         .ttl = 900,
         .not_after = INSTANT_NONE},
    };
    const struct entry entries[] = {{.job = &jobs[0], .from_stock_exchange = true},
                                    {.job = &jobs[1]}};
    static struct result results[2];
    const char *why;
    database->after_look = NULL;
    assert_true(
        memory_database_decide(&database->memory, database->now, entries, 2, results, &why));
}

static void a_hold_that_comes_up_after_look_is_retried(void **state)
{
    (void)state;
    world_init(&world);
    world_add(&world, "late.commit", FATE_DECIDED,
              "{\"id\":\"late.commit\",\"kind\":\"commit\",\"hold\":\"late\"}");
    world.database.after_look = reserve_elsewhere;
    world_run(&world);
    assert_int_equal(world.failures, 1);
    assert_int_equal(world.database.looks, 2);
    assert_int_equal(world.database.loads, 2);
    assert_int_equal(world.database.abandons, 1);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "commit.confirmed"), 1);
}

/* ---- The database ---- */

static void short_trouble_keeps_the_lane(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_FOUND);
    world.database.down = true;
    while (world.now_ms < 8000) {
        world_step(&world);
    }
    assert_in_range(world.lane.counters.retries[RETRY_BATCH], 5, 25);
    assert_true(world.broker.taken > 0);
    world.database.down = false;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.broker.subscriptions, 1);
    assert_int_equal(world.broker.jobs[0].delivery.delivery_count, 0);
}

static void long_trouble_gives_the_lane_back_and_waits_for_the_database(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_FOUND);
    world.database.down = true;
    while (world.now_ms < 600000) {
        world_step(&world);
    }
    assert_int_equal(world.broker.give_backs, 1);
    assert_int_equal(world.broker.subscriptions, 1);
    assert_int_equal(world.broker.jobs[0].delivery.delivery_count, 1);
    world.database.down = false;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.broker.subscriptions, 2);
}

static void a_database_that_never_answers_is_waited_for_but_not_with_jobs_in_hand(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_FOUND);
    const uint64_t asked_ms = world.now_ms;
    world.calls.waits = UINT32_MAX;
    while (world_step(&world) != LANE_FAILED) {
    }
    assert_in_range(world.now_ms - asked_ms, 9000, 12000);
    assert_false(world.broker.open);
    assert_int_equal(world.error.kind, ERROR_RETRY);
    for (int i = 0; i < 100; i++) {
        world_step(&world);
    }
    assert_int_equal(world.broker.subscriptions, 1);
    world.calls.waits = 0;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.broker.subscriptions, 2);
}

static void old_trouble_does_not_shorten_what_comes_later(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_FOUND);
    world.database.down = true;
    while (world_step(&world) != LANE_FAILED) {
    }
    lane_give_back(&world.lane);
    world.now_ms += 3600000;
    while (world_step(&world) != LANE_FAILED) {
    }
    world.database.down = false;
    while (world_front(&world)->phase != BATCH_TAKEN) {
        world_step(&world);
    }
    world.database.down = true;
    while (world_step(&world) != LANE_FAILED) {
    }
    assert_true(world.broker.open);
    world.database.down = false;
    world_run(&world);
    world_check(&world);
}

static void a_lane_whose_database_is_gone_drains_in_the_end(void **state)
{
    (void)state;
    add_jobs();
    world_run_to(&world, BATCH_FOUND);
    world.database.down = true;
    world_drain(&world);
    assert_int_equal(world.broker.taken, 0);
    assert_false(world.broker.jobs[0].acknowledged);
}

/* ---- The broker ---- */

/* Each time all jobs in hand are delivered once more, and the broker's patience is limited. */
static void a_broker_that_takes_no_events_is_asked_ever_less_often(void **state)
{
    (void)state;
    add_jobs();
    world.broker.refuses_events = true;
    world_step(&world);
    while (world.now_ms < 60000) {
        world_step(&world);
    }
    assert_true(world.broker.jobs[0].delivery.delivery_count < 100);
    assert_int_equal(world.broker.acks, 0);
    world.broker.refuses_events = false;
    world_run(&world);
    world_check(&world);
}

static void thirty_outages_in_a_row_park_no_honest_job(void **state)
{
    (void)state;
    add_jobs();
    world.broker.confirm_losses = 30;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.broker.give_backs, 30);
    assert_int_equal(lane_counters_dead(&world.lane.counters), 0);
    assert_int_equal(world_count(&world, MESSAGE_DEAD, NULL), 0);
}

/* ---- One job ---- */

static void halves_until_the_bad_job_is_alone_and_its_neighbours_are_decided(void **state)
{
    (void)state;
    for (uint32_t bad = 1; bad <= HONEST_JOBS; bad++) {
        add_jobs();
        world.database.bad_job = world.jobs[bad].id;
        world.jobs[bad].fate = FATE_PARKED;
        world_run(&world);
        world_check(&world);
        assert_int_equal(world.lane.counters.dead[DEAD_FAILED], 1);
        assert_true(world.failures <= 6); /* of nine jobs, and not one by one */
        assert_int_equal(world_unsold(&world), 0);
        const struct message *dead = world_message(&world, MESSAGE_DEAD, NULL);
        assert_int_equal(dead->dead->reason, DEAD_FAILED);
        assert_true(span_equal(dead->dead->error, SPAN_OF("the database refuses a job")));
        assert_int_equal(world_count(&world, MESSAGE_EVENT, "job.parked"), 1);
    }
}

/* Subscribers are told what they can do; what the database said stands in the dead letter. */
static void an_answer_does_not_pass_on_what_the_database_said(void **state)
{
    (void)state;
    add_jobs();
    world.database.bad_job = world.jobs[4].id;
    world.jobs[4].fate = FATE_PARKED;
    world.broker.jobs[4].delivery.reply_to = SPAN_OF("till.reply.1");
    world_run(&world);
    const enum message_target told[] = {MESSAGE_EVENT, MESSAGE_REPLY};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        const struct span body = world_message(&world, told[i], "job.parked")->body;
        assert_null(memmem(body.bytes, body.size, "refuses a job", strlen("refuses a job")));
        assert_non_null(memmem(body.bytes, body.size, "dead letter", strlen("dead letter")));
    }
}

static void crash_with(const char *message_id)
{
    add_jobs();
    world.broker.jobs[4].delivery.message_id = span_of(message_id);
    world.database.crashing_job = world.jobs[4].id;
    world.jobs[4].fate = FATE_PARKED;
}

static void a_job_begun_alone_too_often_is_parked(void **state)
{
    (void)state;
    crash_with("d");
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.crashes, DELIVERIES_SUSPECT + LONELY_BEGINNINGS);
    assert_int_equal(world_message(&world, MESSAGE_DEAD, NULL)->dead->reason, DEAD_CRASHING);
    assert_int_equal(world_count(&world, MESSAGE_DEAD, NULL), 1);
    assert_int_equal(fake_lonely_begun(&world.database, SPAN_OF("d")), LONELY_BEGINNINGS + 1);
}

/* It is named by its bytes, and cannot be answered: it was not parsed. */
static void a_crashing_job_without_a_message_id_is_parked_too(void **state)
{
    (void)state;
    crash_with(NULL);
    world.jobs[4].id = SPAN_NONE;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.crashes, DELIVERIES_SUSPECT + LONELY_BEGINNINGS);
}

static void two_crashing_jobs_cost_five_crashes_alone_each(void **state)
{
    (void)state;
    add_jobs();
    world.broker.jobs[4].delivery.message_id = SPAN_OF("d");
    world.broker.jobs[5].delivery.message_id = SPAN_OF("e");
    world.jobs[4].fate = FATE_PARKED;
    world.jobs[5].fate = FATE_PARKED;
    world.database.crashing_job = SPAN_OF("d");
    while (!world.broker.jobs[4].acknowledged) {
        world_step(&world);
    }
    world.database.crashing_job = SPAN_OF("e");
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.crashes, DELIVERIES_SUSPECT + 2 * LONELY_BEGINNINGS);
}

static void a_job_that_was_decided_after_all_leaves_no_count(void **state)
{
    static const char *const message_ids[] = {"d", NULL};
    (void)state;
    for (size_t i = 0; i < sizeof message_ids / sizeof message_ids[0]; i++) {
        add_jobs();
        world.broker.jobs[4].delivery.message_id = span_of(message_ids[i]);
        world.broker.jobs[4].delivery.delivery_count = DELIVERIES_SUSPECT;
        world_run(&world);
        world_check(&world);
        assert_int_equal(world.database.lonely_count, 1);
        assert_int_equal(world.database.lonely[0].begun, 0);
    }
}

/* Whoever must mend it may take as long as it takes. */
static void a_database_that_is_set_up_wrongly_parks_no_honest_job(void **state)
{
    (void)state;
    add_jobs();
    world.broker.jobs[4].delivery.message_id = SPAN_OF("d");
    world.database.bad_job = SPAN_OF("d");
    world.database.bad_error = ERROR_CONFIG;
    while (world.broker.give_backs < 5 * (DELIVERIES_SUSPECT + LONELY_BEGINNINGS)) {
        world_step(&world);
    }
    world.database.bad_job = SPAN_NONE;
    world_run(&world);
    world_check(&world);
    assert_int_equal(lane_counters_dead(&world.lane.counters), 0);
}

/* A fault of the database that it cannot name may be this job's fault, too. */
static void a_job_that_always_ends_in_the_unknown_is_parked_in_the_end(void **state)
{
    (void)state;
    add_jobs();
    world.broker.jobs[4].delivery.message_id = SPAN_OF("d");
    world.database.bad_job = SPAN_OF("d");
    world.database.bad_error = ERROR_FATAL;
    world.jobs[4].fate = FATE_PARKED;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world_message(&world, MESSAGE_DEAD, NULL)->dead->reason, DEAD_CRASHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fenced_lane_gives_everything_back),
        cmocka_unit_test(a_hold_that_comes_up_after_look_is_retried),
        cmocka_unit_test(short_trouble_keeps_the_lane),
        cmocka_unit_test(long_trouble_gives_the_lane_back_and_waits_for_the_database),
        cmocka_unit_test(a_database_that_never_answers_is_waited_for_but_not_with_jobs_in_hand),
        cmocka_unit_test(old_trouble_does_not_shorten_what_comes_later),
        cmocka_unit_test(a_lane_whose_database_is_gone_drains_in_the_end),
        cmocka_unit_test(a_broker_that_takes_no_events_is_asked_ever_less_often),
        cmocka_unit_test(thirty_outages_in_a_row_park_no_honest_job),
        cmocka_unit_test(halves_until_the_bad_job_is_alone_and_its_neighbours_are_decided),
        cmocka_unit_test(an_answer_does_not_pass_on_what_the_database_said),
        cmocka_unit_test(a_job_begun_alone_too_often_is_parked),
        cmocka_unit_test(a_crashing_job_without_a_message_id_is_parked_too),
        cmocka_unit_test(two_crashing_jobs_cost_five_crashes_alone_each),
        cmocka_unit_test(a_job_that_was_decided_after_all_leaves_no_count),
        cmocka_unit_test(a_database_that_is_set_up_wrongly_parks_no_honest_job),
        cmocka_unit_test(a_job_that_always_ends_in_the_unknown_is_parked_in_the_end),
    };
    return cmocka_run_group_tests_name("lane, trouble", tests, NULL, NULL);
}
