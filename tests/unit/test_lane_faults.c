/* SPDX-License-Identifier: Apache-2.0
 *
 * Every call to a port fails once, in every way, and then every two of them: whatever happens, all
 * that was promised holds in the end. */
#include "worker/lane/lane.h"

#include "tests/support/shop.h"
#include "tests/support/test.h"
#include "tests/support/world.h"

static struct world world;

/* Sells out and comes back. */
static void sell(void)
{
    world_adjust(&world, "po-1", 3);
    world_checkout(&world, "a", 2);
    world_checkout(&world, "b", 2);
    world_checkout(&world, "c", 1);
    world_adjust(&world, "po-2", 5);
    world_checkout(&world, "d", 4)->reply_to = SPAN_OF("till.reply.shop");
    world_checkout(&world, "e", 1);
}

static int64_t unsold_after_sell(void)
{
    return 0;
}

static void add(const char *id, const char *rest)
{
    world_add(&world, id, FATE_DECIDED, "{\"id\":\"%s\",%s}", id, rest);
}

/* Holds and sales that later jobs name, over several batches. */
static void hold(void)
{
    world_adjust(&world, "po-1", 10);
    add("h-1", "\"kind\":\"reserve\",\"customer\":\"c\",\"items\":[{\"sku\":\"PS5\",\"qty\":4}]");
    add("h-2", "\"kind\":\"reserve\",\"customer\":\"c\",\"items\":[{\"sku\":\"PS5\",\"qty\":6}]");
    add("h-1.commit", "\"kind\":\"commit\",\"hold\":\"h-1\"");
    add("h-2.release", "\"kind\":\"release\",\"hold\":\"h-2\"");
    add("h-3", "\"kind\":\"reserve\",\"customer\":\"c\",\"items\":[{\"sku\":\"PS5\",\"qty\":6}]");
    add("h-4", "\"kind\":\"reserve\",\"customer\":\"c\",\"replaces\":\"h-3\","
               "\"items\":[{\"sku\":\"PS5\",\"qty\":5}]");
    add("back", "\"kind\":\"cancel\",\"sale\":\"h-1.commit\"");
}

static int64_t unsold_after_hold(void)
{
    return 10;
}

/* Repeats in and across batches, reused ids, jobs that are none, and a doctor's probe. */
static void disturb(void)
{
    world_adjust(&world, "po-1", 10);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "a", 1);
    world_add(&world, NULL, FATE_PARKED, "{\"id\":\"m");
    world_add(&world, "m-2", FATE_PARKED, "{\"id\":\"m-2\",\"kind\":\"checkout\"}");
    world_checkout(&world, "a", 2)->correlation_id = SPAN_OF("reused");
    world.jobs[world.broker.job_count - 1].fate = FATE_ANSWERED;
    world_adjust(&world, "po-2", 1)->exchange = SPAN_OF("till.jobs");
    world.jobs[world.broker.job_count - 1].fate = FATE_ANSWERED;
    struct delivery *probe = world_add(&world, NULL, FATE_IGNORED, "probe");
    probe->exchange = SPAN_OF("till.lanes.g1");
    probe->type = SPAN_OF("till.probe");
    world_checkout(&world, "b", 1);
}

static int64_t unsold_after_disturb(void)
{
    return 8;
}

/* Jobs that have come back so often that each is begun alone. */
static void suspect(void)
{
    world_adjust(&world, "po-1", 3);
    world_checkout(&world, "a", 1)->delivery_count = 5;
    world_add(&world, NULL, FATE_PARKED, "{}")->delivery_count = 5;
    world_checkout(&world, "b", 1)->message_id = SPAN_OF("b");
    world_checkout(&world, "c", 1);
}

static int64_t unsold_after_suspect(void)
{
    return 0;
}

/* The lane's generation ends in the middle of a batch, and two jobs come late. */
static void end(void)
{
    world_adjust(&world, "po-1", 3);
    world_checkout(&world, "a", 1);
    world_checkout(&world, "b", 1);
    world_marker(&world, "2");
    world_checkout(&world, "c", 1);
    world_checkout(&world, "d", 1);
}

static int64_t unsold_after_end(void)
{
    assert_true(world.database.drained);
    assert_int_equal(world.database.stragglers, 2);
    return 0;
}

/* One job that the database refuses, in the middle of a batch. */
static void refuse(void)
{
    sell();
    world.database.bad_job = world.jobs[3].id;
    world.jobs[3].fate = FATE_PARKED;
}

static int64_t unsold_after_refuse(void)
{
    return 1;
}

static const struct scenario {
    const char *name;
    void (*add_jobs)(void);
    int64_t (*unsold)(void);
    uint32_t jobs_max;
    uint32_t waits;
} scenarios[] = {
    {"selling", sell, unsold_after_sell, 2, 0},
    {"selling in one batch", sell, unsold_after_sell, 100, 0},
    {"selling with slow ports", sell, unsold_after_sell, 2, 1},
    {"holding", hold, unsold_after_hold, 2, 0},
    {"holding in one batch", hold, unsold_after_hold, 100, 0},
    {"disturbed", disturb, unsold_after_disturb, 3, 0},
    {"one job refused", refuse, unsold_after_refuse, 100, 0},
    {"ending", end, unsold_after_end, 2, 0},
    {"ending in one batch", end, unsold_after_end, 100, 0},
    {"suspects", suspect, unsold_after_suspect, 4, 0},
};

enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

/* Returns how many calls it took. */
static uint32_t run(const struct scenario *scenario, uint32_t first, enum fault_kind first_kind,
                    uint32_t second, enum fault_kind second_kind)
{
    world_init(&world);
    world.jobs_max = scenario->jobs_max;
    world.calls.waits = scenario->waits;
    world.calls.faults[0].at = first;
    world.calls.faults[0].kind = first_kind;
    world.calls.faults[1].at = second;
    world.calls.faults[1].kind = second_kind;
    scenario->add_jobs();
    world_run(&world);
    const uint32_t calls = world.calls.count;
    world_check(&world);
    assert_int_equal(world_unsold(&world), scenario->unsold());
    world_drain(&world);
    assert_int_equal(world.broker.taken, 0);
    return calls;
}

static void survives_any_fault(void **state)
{
    const struct scenario *scenario = *state;
    uint32_t runs = 0;
    for (enum fault_kind kind = FAULT_BEFORE; kind < FAULT_KINDS; kind++) {
        uint32_t n = 1;
        for (; run(scenario, n, kind, 0, FAULT_NONE) >= n; n++, runs++) {
        }
        assert_true(n > 10);
    }
    print_message("%s: %u runs\n", scenario->name, runs);
}

static void survives_any_two_faults(void **state)
{
    const struct scenario *scenario = *state;
    enum { PAIRS = (FAULT_KINDS - 1) * (FAULT_KINDS - 1) };
    uint32_t runs = 0;
    for (uint32_t pair = 0; pair < PAIRS; pair++) {
        const enum fault_kind first = FAULT_BEFORE + pair / (FAULT_KINDS - 1);
        const enum fault_kind second = FAULT_BEFORE + pair % (FAULT_KINDS - 1);
        for (uint32_t n = 1; run(scenario, n, first, 0, FAULT_NONE) >= n; n++) {
            for (uint32_t m = n + 1; run(scenario, n, first, m, second) >= m; m++, runs++) {
            }
        }
    }
    print_message("%s: %u runs\n", scenario->name, runs);
}

int main(void)
{
    struct CMUnitTest tests[2 * SCENARIOS];
    for (size_t i = 0; i < SCENARIOS; i++) {
        tests[i] = (struct CMUnitTest){.name = scenarios[i].name,
                                       .test_func = survives_any_fault,
                                       .initial_state = (void *)&scenarios[i]};
        tests[SCENARIOS + i] = tests[i];
        tests[SCENARIOS + i].test_func = survives_any_two_faults;
    }
    return cmocka_run_group_tests_name("lane, faults", tests, NULL, NULL);
}
