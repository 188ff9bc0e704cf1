/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of a change against sides that are made up: their order, what each waits for, failures
 * and takeovers between any two calls, two drivers at once. */
#include "worker/change/change.h"

#include <string.h>

#include "tests/support/faulty.h"
#include "tests/support/test.h"

enum { LANES = 40, SOURCE_LANES = 300, TURNS_MAX = 2000, DRIVERS = 2 };

/* The database and the broker. */
struct world {
    uint32_t coming; /* 0: it has come */
    uint32_t current;
    enum change_step step;
    uint64_t now_ms;
    uint64_t step_since_ms;
    uint32_t older;
    bool declared[CHANGE_PARTS(LANES)];
    bool bound_source;
    bool bound_coming;
    bool followed; /* what has come has gone again */
    uint64_t unbound_ms;
    uint32_t marked[SOURCE_LANES];
    uint32_t drained;
    const void *holder; /* of the lease */
    uint64_t held_ms;
    struct faulty faulty;
};

/* Each driver has one. */
struct side {
    struct world *world;
};

static bool look(void *self, struct lanes_change *change, struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    *change = (struct lanes_change){.generation = world->coming,
                                    .lanes = LANES,
                                    .source = world->current,
                                    .source_lanes = SOURCE_LANES,
                                    .drained = world->drained,
                                    .older = world->older,
                                    .step = world->step,
                                    .step_ms = world->now_ms - world->step_since_ms};
    if (world->holder == NULL || world->holder == self ||
        world->now_ms - world->held_ms >= CHANGE_LEASE_MS) {
        world->holder = self;
        world->held_ms = world->now_ms;
        change->ours = true;
    }
    return faulty_end(&world->faulty, error);
}

static bool declare(void *self, const struct lanes_change *change, uint32_t first, uint32_t count,
                    struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    assert_int_equal(world->older == 0 || world->now_ms >= 5000, true);
    assert_in_range(first + count, 1, CHANGE_PARTS(change->lanes));
    memset(&world->declared[first], 1, count);
    return faulty_end(&world->faulty, error);
}

static bool bind(void *self, const struct lanes_change *change, struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    (void)change;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    for (size_t i = 0; i < CHANGE_PARTS(LANES); i++) {
        assert_true(world->declared[i]); /* nothing arrives before it has a place to go */
    }
    world->bound_coming = true;
    return faulty_end(&world->faulty, error);
}

/* Until it has come; then others have followed it. */
static bool leads(void *self, const struct lanes_change *change, bool *may_lead,
                  struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    *may_lead = !world->followed && change->generation == 2;
    return faulty_end(&world->faulty, error);
}

static bool take_back(void *self, const struct lanes_change *change, struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    assert_int_equal(change->generation, 2);
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    assert_true(world->followed);
    world->bound_coming = false;
    return faulty_end(&world->faulty, error);
}

static bool unbind(void *self, const struct lanes_change *change, struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    (void)change;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    assert_true(world->bound_coming); /* or jobs would have nowhere to go */
    world->unbound_ms = world->bound_source ? world->now_ms : world->unbound_ms;
    world->bound_source = false;
    return faulty_end(&world->faulty, error);
}

static bool mark(void *self, const struct lanes_change *change, uint32_t first, uint32_t count,
                 struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    assert_false(world->bound_source);
    assert_true(world->now_ms - world->unbound_ms >= 1000);
    assert_in_range(first + count, 1, change->source_lanes);
    for (uint32_t lane = first; lane < first + count; lane++) {
        world->marked[lane]++;
    }
    return faulty_end(&world->faulty, error);
}

static bool record(void *self, const struct lanes_change *change, enum change_step next,
                   struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    if (world->coming == change->generation && world->step == change->step) {
        const bool lost = world->step == CHANGE_DRAIN && world->drained < SOURCE_LANES;
        assert_int_equal(next, lost ? CHANGE_MARK : world->step + 1);
        world->step = next;
        world->step_since_ms = world->now_ms;
    }
    return faulty_end(&world->faulty, error);
}

static bool finish(void *self, const struct lanes_change *change, struct error *error)
{
    struct world *world = ((struct side *)self)->world;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    if (world->coming == change->generation && world->step == CHANGE_DRAIN) {
        assert_int_equal(world->drained, SOURCE_LANES);
        world->current = world->coming;
        world->coming = 0;
    }
    return faulty_end(&world->faulty, error);
}

static const struct change_ops ops = {
    .look = look,
    .declare = declare,
    .bind = bind,
    .leads = leads,
    .take_back = take_back,
    .unbind = unbind,
    .mark = mark,
    .record = record,
    .finish = finish,
};

static void world_init(struct world *world)
{
    *world = (struct world){.coming = 2, .current = 1, .bound_source = true};
}

/* The source's lanes find their markers, one a moment. */
static void lanes_work(struct world *world)
{
    if (world->drained < SOURCE_LANES && world->marked[world->drained] > 0) {
        world->drained++;
    }
}

static void assert_complete(const struct world *world)
{
    assert_int_equal(world->coming, 0);
    assert_int_equal(world->current, 2);
    assert_true(world->bound_coming);
    assert_false(world->bound_source);
    for (size_t i = 0; i < SOURCE_LANES; i++) {
        assert_true(world->marked[i] > 0);
    }
}

/* Drivers take turns, in an order that is drawn by the seed; one that is gone is followed by a new
 * one. Returns how many calls were made until the change was complete. */
static uint32_t run(struct world *world, uint32_t drivers, uint32_t seed)
{
    struct side sides[TURNS_MAX];
    struct change_driver driver[DRIVERS];
    uint32_t used = 0;
    for (uint32_t i = 0; i < drivers; i++) {
        sides[used] = (struct side){world};
        change_driver_init(&driver[i], &ops, &sides[used++]);
    }
    for (uint32_t turn = 0; world->coming != 0; turn++) {
        struct error error = {0};
        const uint32_t calls = world->faulty.calls;
        assert_in_range(turn, 0, TURNS_MAX - 1);
        seed = seed * 1664525u + 1013904223u;
        struct change_driver *next = &driver[(seed >> 16) % drivers];
        const enum change_progress progress = change_turn(next, &error);
        assert_true(world->faulty.calls <= calls + 1);
        assert_int_equal(progress == CHANGE_FAILED, error.kind != ERROR_NONE);
        world->now_ms += progress == CHANGE_AGAIN ? 1 : 100;
        if (world->faulty.gone) {
            world->faulty.gone = false;
            sides[used] = (struct side){world};
            change_driver_init(next, &ops, &sides[used++]);
        }
        lanes_work(world);
    }
    return world->faulty.calls;
}

static void takes_all_steps_in_their_order(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    run(&world, 1, 1);
    assert_complete(&world);
    for (size_t i = 0; i < SOURCE_LANES; i++) {
        assert_int_equal(world.marked[i], 1);
    }
}

/* Somebody has emptied the queues. */
static void markers_that_are_lost_come_again(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    memset(world.declared, 1, sizeof world.declared);
    world.bound_coming = true;
    world.bound_source = false;
    world.step = CHANGE_DRAIN;
    world.now_ms = 299000;
    run(&world, 1, 1);
    assert_complete(&world);
    assert_true(world.now_ms > 301000); /* not before it was waited for long, and a second more */
}

static void survives_any_fault(void **state)
{
    struct world world;
    uint32_t runs = 0;
    (void)state;
    for (enum faulty_kind fault = FAULTY_BEFORE; fault < FAULTY_KINDS; fault++) {
        uint32_t at = 1;
        do {
            world_init(&world);
            world.faulty.kind = fault;
            world.faulty.at = at;
            run(&world, 1, 1);
            assert_complete(&world);
            runs++;
        } while (world.faulty.calls >= at++);
    }
    print_message("%u runs\n", runs);
}

static void two_drivers_do_no_harm(void **state)
{
    struct world world;
    (void)state;
    for (uint32_t seed = 1; seed < 200; seed++) {
        for (enum faulty_kind fault = FAULTY_NONE; fault < FAULTY_KINDS; fault++) {
            world_init(&world);
            world.faulty.kind = fault;
            world.faulty.at = seed % 80;
            run(&world, 2, seed);
            assert_complete(&world);
        }
    }
}

static void one_that_was_frozen_wakes_when_all_is_over(void **state)
{
    struct world world;
    (void)state;
    for (uint32_t turns = 1; turns < 60; turns++) {
        struct side side = {&world};
        struct change_driver frozen;
        struct error error = {0};
        world_init(&world);
        change_driver_init(&frozen, &ops, &side);
        for (uint32_t i = 0; i < turns && world.coming != 0; i++) {
            assert_int_not_equal(change_turn(&frozen, &error), CHANGE_FAILED);
            world.now_ms += 100;
            lanes_work(&world);
        }
        world.now_ms += CHANGE_LEASE_MS;
        run(&world, 1, 1);
        do { /* a late call; a binding is followed by a question */
            assert_int_not_equal(change_turn(&frozen, &error), CHANGE_FAILED);
        } while (!change_is_settled(&frozen));
        assert_int_not_equal(change_turn(&frozen, &error), CHANGE_FAILED);
        assert_int_equal(change_turn(&frozen, &error), CHANGE_NOTHING);
        assert_complete(&world);
    }
}

/* A generation that jobs were led away from gets none because somebody woke up. */
static void what_was_bound_too_late_is_taken_back(void **state)
{
    struct world world;
    (void)state;
    for (enum faulty_kind fault = FAULTY_NONE; fault < FAULTY_GONE; fault++) {
        for (uint32_t at = 1; at <= 4; at++) {
            struct side side = {&world};
            struct change_driver frozen;
            struct error error = {0};
            world_init(&world);
            memset(world.declared, 1, sizeof world.declared);
            world.step = CHANGE_BIND;
            change_driver_init(&frozen, &ops, &side);
            assert_int_equal(change_turn(&frozen, &error), CHANGE_AGAIN); /* and it freezes */
            world.coming = 0;
            world.followed = true;
            world.faulty = (struct faulty){.kind = fault, .at = at};
            for (uint32_t turn = 0; turn < 10; turn++) {
                error = (struct error){0};
                const bool failed = change_turn(&frozen, &error) == CHANGE_FAILED;
                assert_int_equal(failed, error.kind != ERROR_NONE);
            }
            assert_false(world.bound_coming);
            assert_true(change_is_settled(&frozen));
            assert_int_equal(change_turn(&frozen, &error), CHANGE_NOTHING);
        }
    }
}

/* Or it would renew its lease, and lead jobs astray as long as the check fails. */
static void does_nothing_else_before_it_knows_if_it_may_lead(void **state)
{
    struct world world;
    struct side side = {&world};
    struct change_driver driver;
    struct error error = {0};
    (void)state;
    world_init(&world);
    memset(world.declared, 1, sizeof world.declared);
    world.step = CHANGE_BIND;
    change_driver_init(&driver, &ops, &side);
    assert_int_equal(change_turn(&driver, &error), CHANGE_AGAIN);
    assert_int_equal(change_turn(&driver, &error), CHANGE_AGAIN);
    for (uint32_t turn = 0; turn < 5; turn++) {
        world.now_ms += 100;
        world.faulty = (struct faulty){.kind = FAULTY_BEFORE, .at = 1};
        assert_int_equal(change_turn(&driver, &error), CHANGE_FAILED);
        assert_false(change_is_settled(&driver));
    }
    assert_int_equal(world.held_ms, 0);
    world.faulty = (struct faulty){.kind = FAULTY_NONE};
    run(&world, 1, 1);
    assert_complete(&world);
}

static void leaves_alone_what_another_drives(void **state)
{
    struct world world;
    struct side one = {&world};
    struct side two = {&world};
    struct change_driver drivers[2];
    struct error error = {0};
    (void)state;
    world_init(&world);
    change_driver_init(&drivers[0], &ops, &one);
    change_driver_init(&drivers[1], &ops, &two);
    assert_int_equal(change_turn(&drivers[0], &error), CHANGE_AGAIN);
    assert_int_equal(change_turn(&drivers[1], &error), CHANGE_OTHERS);
    world.now_ms += CHANGE_LEASE_MS;
    assert_int_equal(change_turn(&drivers[1], &error), CHANGE_AGAIN);
}

/* Or whoever sees the database only would keep the lease, and the change would stand still. */
static void gives_way_when_a_step_fails_again(void **state)
{
    struct world world;
    struct side one = {&world};
    struct side two = {&world};
    struct change_driver drivers[2];
    struct error error = {0};
    (void)state;
    world_init(&world);
    world.step = CHANGE_DECLARE;
    change_driver_init(&drivers[0], &ops, &one);
    change_driver_init(&drivers[1], &ops, &two);
    for (uint32_t failures = 1; failures <= 3; failures++) {
        assert_int_equal(change_turn(&drivers[0], &error), CHANGE_AGAIN); /* the look */
        world.faulty = (struct faulty){.kind = FAULTY_BEFORE, .at = 1};
        assert_int_equal(change_turn(&drivers[0], &error), CHANGE_FAILED);
        world.faulty = (struct faulty){.kind = FAULTY_NONE};
        assert_int_equal(change_failed_ms(&drivers[0]) > CHANGE_LEASE_MS, failures >= 2);
    }
    world.now_ms += change_failed_ms(&drivers[0]) - CHANGE_GIVE_WAY_MS;
    assert_int_equal(change_turn(&drivers[1], &error), CHANGE_AGAIN);
    assert_int_equal(change_turn(&drivers[1], &error), CHANGE_AGAIN);
    world.now_ms += CHANGE_GIVE_WAY_MS;
    assert_int_equal(change_turn(&drivers[0], &error), CHANGE_OTHERS);
}

static void waits_for_what_is_older_but_not_for_ever(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    world.older = 1; /* what was asserted stands in declare */
    run(&world, 1, 1);
    assert_complete(&world);
    assert_in_range(world.now_ms, 5000, 60000);
}

static void without_a_change_there_is_nothing_to_do(void **state)
{
    struct world world;
    struct side side = {&world};
    struct change_driver driver;
    struct error error = {0};
    (void)state;
    world_init(&world);
    world.coming = 0;
    change_driver_init(&driver, &ops, &side);
    assert_int_equal(change_turn(&driver, &error), CHANGE_NOTHING);
    assert_int_equal(change_turn(&driver, &error), CHANGE_NOTHING);
}

static void steps_have_names(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CHANGE_STEPS; i++) {
        enum change_step step = CHANGE_RETIRE;
        assert_true(change_step_find(change_step_name((enum change_step)i), &step));
        assert_int_equal(step, i);
    }
    enum change_step step = CHANGE_MARK;
    assert_false(change_step_find("dance", &step));
    assert_int_equal(step, CHANGE_MARK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_all_steps_in_their_order),
        cmocka_unit_test(markers_that_are_lost_come_again),
        cmocka_unit_test(survives_any_fault),
        cmocka_unit_test(two_drivers_do_no_harm),
        cmocka_unit_test(one_that_was_frozen_wakes_when_all_is_over),
        cmocka_unit_test(what_was_bound_too_late_is_taken_back),
        cmocka_unit_test(does_nothing_else_before_it_knows_if_it_may_lead),
        cmocka_unit_test(leaves_alone_what_another_drives),
        cmocka_unit_test(gives_way_when_a_step_fails_again),
        cmocka_unit_test(waits_for_what_is_older_but_not_for_ever),
        cmocka_unit_test(without_a_change_there_is_nothing_to_do),
        cmocka_unit_test(steps_have_names),
    };
    return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
