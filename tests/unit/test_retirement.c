/* SPDX-License-Identifier: Apache-2.0
 *
 * How a generation goes, against sides that are made up: no job of it is ever lost, whatever fails
 * and whenever a late job comes. */
#include "worker/change/retirement.h"

#include "tests/support/faulty.h"
#include "tests/support/test.h"

enum { LANES = 150, TURNS_MAX = 4000 };

enum life {
    LIFE_DRAINING,
    LIFE_RETIRED,
    LIFE_REMOVED,
};

/* The database, the broker and the workers. */
struct world {
    enum life life;
    bool may_go;
    bool queue_there[LANES];
    uint32_t ready[LANES];
    uint32_t in_hand; /* of one worker, in lane 0: returns when it leaves */
    bool consumed;
    bool exchange_there;
    uint32_t decided;
    struct faulty faulty;
};

static bool find(void *self, struct retirement *retirement, struct error *error)
{
    struct world *world = self;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    *retirement = (struct retirement){.generation = 0};
    if (world->life != LIFE_REMOVED && (world->may_go || world->life == LIFE_RETIRED)) {
        *retirement = (struct retirement){
            3, LANES, world->life == LIFE_RETIRED ? RETIREMENT_RETIRED : RETIREMENT_DRAINING};
    }
    return faulty_end(&world->faulty, error);
}

static bool look(void *self, const struct retirement *retirement, uint32_t first, uint32_t count,
                 struct retirement_look *look, struct error *error)
{
    struct world *world = self;
    assert_int_equal(retirement->generation, 3);
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    for (uint32_t lane = first; lane < first + count; lane++) {
        look->ready += world->queue_there[lane] ? world->ready[lane] : 0;
        look->consumers += world->consumed ? 1 : 0;
    }
    return faulty_end(&world->faulty, error);
}

static bool retire(void *self, const struct retirement *retirement, struct error *error)
{
    struct world *world = self;
    (void)retirement;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    world->life = world->life == LIFE_DRAINING ? LIFE_RETIRED : world->life;
    return faulty_end(&world->faulty, error);
}

static bool remove_queues(void *self, const struct retirement *retirement, uint32_t first,
                          uint32_t count, bool *left, struct error *error)
{
    struct world *world = self;
    (void)retirement;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    *left = world->life != LIFE_RETIRED;
    for (uint32_t lane = first; lane < first + count && !*left; lane++) {
        *left = world->ready[lane] > 0 || world->consumed;
        if (!*left) {
            world->queue_there[lane] = false;
        }
    }
    return faulty_end(&world->faulty, error);
}

static bool restore(void *self, const struct retirement *retirement, uint32_t first, uint32_t count,
                    struct error *error)
{
    struct world *world = self;
    (void)retirement;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    for (uint32_t lane = first; lane < first + count; lane++) {
        world->queue_there[lane] = true;
    }
    return faulty_end(&world->faulty, error);
}

static bool revive(void *self, const struct retirement *retirement, struct error *error)
{
    struct world *world = self;
    (void)retirement;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    for (uint32_t lane = 0; lane < LANES; lane++) {
        assert_true(world->queue_there[lane]); /* consumers are about to come */
    }
    world->life = LIFE_DRAINING;
    return faulty_end(&world->faulty, error);
}

static bool forget(void *self, const struct retirement *retirement, struct error *error)
{
    struct world *world = self;
    (void)retirement;
    if (!faulty_begin(&world->faulty, error)) {
        return false;
    }
    for (uint32_t lane = 0; lane < LANES; lane++) {
        assert_false(world->queue_there[lane]);
    }
    world->exchange_there = false;
    world->life = LIFE_REMOVED;
    return faulty_end(&world->faulty, error);
}

static const struct retirement_ops ops = {find,    look,   retire, remove_queues,
                                          restore, revive, forget};

static void world_init(struct world *world)
{
    *world = (struct world){.may_go = true, .exchange_there = true, .consumed = true};
    for (uint32_t lane = 0; lane < LANES; lane++) {
        world->queue_there[lane] = true;
    }
}

/* They decide while they may, and leave when they may not; what they had in hand returns. */
static void workers_work(struct world *world)
{
    if (world->life == LIFE_DRAINING) {
        world->consumed = true;
        world->decided += world->in_hand;
        world->in_hand = 0;
        for (uint32_t lane = 0; lane < LANES; lane++) {
            world->decided += world->ready[lane];
            world->ready[lane] = 0;
        }
    } else if (world->consumed) {
        world->consumed = false;
        world->ready[0] += world->in_hand;
        world->in_hand = 0;
    }
}

/* A late job comes before this turn (0: none does), into the last lane or into a worker's hand.
 * Returns the turns it took. */
static uint32_t run(struct world *world, uint32_t job_at, bool in_hand)
{
    struct retirement_driver driver;
    uint32_t turn = 1;
    bool came = false;
    retirement_driver_init(&driver, &ops, world);
    for (; world->life != LIFE_REMOVED; turn++) {
        struct error error = {0};
        assert_in_range(turn, 1, TURNS_MAX);
        if (turn == job_at && world->queue_there[LANES - 1]) {
            came = true;
            if (in_hand && world->consumed) {
                world->in_hand = 1;
            } else {
                world->ready[LANES - 1] = 1;
            }
        }
        const uint32_t calls = world->faulty.calls;
        const enum retirement_progress progress = retirement_turn(&driver, &error);
        assert_true(world->faulty.calls <= calls + 1);
        assert_int_equal(progress == RETIREMENT_FAILED, error.kind != ERROR_NONE);
        if (world->faulty.gone) {
            world->faulty.gone = false;
            retirement_driver_init(&driver, &ops, world);
        }
        if (progress == RETIREMENT_WAITS || progress == RETIREMENT_FAILED) {
            workers_work(world);
        }
    }
    assert_int_equal(world->decided, came ? 1 : 0);
    assert_false(world->exchange_there);
    return turn;
}

static void goes_when_it_is_empty(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    run(&world, 0, false);
}

static void a_late_job_is_decided_whenever_it_comes(void **state)
{
    (void)state;
    for (uint32_t at = 1; at < 60; at++) {
        struct world world;
        world_init(&world);
        run(&world, at, false);
        world_init(&world);
        run(&world, at, true);
    }
}

static void survives_any_fault(void **state)
{
    uint32_t runs = 0;
    (void)state;
    for (enum faulty_kind fault = FAULTY_BEFORE; fault < FAULTY_KINDS; fault++) {
        for (uint32_t job_at = 0; job_at < 30; job_at += 3) {
            struct world world;
            uint32_t at = 1;
            do {
                world_init(&world);
                world.faulty.kind = fault;
                world.faulty.at = at;
                run(&world, job_at, job_at % 2 == 0);
                runs++;
            } while (world.faulty.calls >= at++);
        }
    }
    print_message("%u runs\n", runs);
}

static void waits_while_its_lanes_have_jobs(void **state)
{
    struct world world;
    struct retirement_driver driver;
    struct error error = {0};
    enum retirement_progress progress = RETIREMENT_AGAIN;
    (void)state;
    world_init(&world);
    world.ready[7] = 1;
    retirement_driver_init(&driver, &ops, &world);
    while (progress == RETIREMENT_AGAIN) {
        progress = retirement_turn(&driver, &error);
    }
    assert_int_equal(progress, RETIREMENT_WAITS);
    assert_int_equal(world.life, LIFE_DRAINING);
}

/* One who has only the broker does not leave. */
static void a_late_job_does_not_wait_for_a_consumer(void **state)
{
    struct world world;
    struct retirement_driver driver;
    struct error error = {0};
    enum retirement_progress progress = RETIREMENT_AGAIN;
    (void)state;
    world_init(&world);
    world.life = LIFE_RETIRED;
    world.consumed = true;
    world.ready[7] = 1;
    retirement_driver_init(&driver, &ops, &world);
    while (progress == RETIREMENT_AGAIN) {
        progress = retirement_turn(&driver, &error);
    }
    assert_int_equal(progress, RETIREMENT_WAITS);
    assert_int_equal(world.life, LIFE_DRAINING);
}

static void gives_way_when_it_fails_again(void **state)
{
    struct world world;
    struct retirement_driver driver;
    struct error error = {0};
    (void)state;
    world_init(&world);
    retirement_driver_init(&driver, &ops, &world);
    for (uint32_t failures = 1; failures <= 3; failures++) {
        assert_int_equal(retirement_turn(&driver, &error), RETIREMENT_AGAIN); /* it was found */
        world.faulty = (struct faulty){.kind = FAULTY_BEFORE, .at = 1};
        assert_int_equal(retirement_turn(&driver, &error), RETIREMENT_FAILED);
        world.faulty = (struct faulty){.kind = FAULTY_NONE};
        assert_int_equal(retirement_failed_ms(&driver) > 0, failures >= 2);
    }
    assert_int_equal(retirement_turn(&driver, &error), RETIREMENT_AGAIN);
    assert_int_equal(retirement_turn(&driver, &error), RETIREMENT_AGAIN);
    assert_int_equal(retirement_failed_ms(&driver), 0);
}

static void none_that_may_go_is_nothing_to_do(void **state)
{
    struct world world;
    struct retirement_driver driver;
    struct error error = {0};
    (void)state;
    world_init(&world);
    world.may_go = false;
    retirement_driver_init(&driver, &ops, &world);
    assert_int_equal(retirement_turn(&driver, &error), RETIREMENT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_when_it_is_empty),
        cmocka_unit_test(a_late_job_is_decided_whenever_it_comes),
        cmocka_unit_test(survives_any_fault),
        cmocka_unit_test(waits_while_its_lanes_have_jobs),
        cmocka_unit_test(a_late_job_does_not_wait_for_a_consumer),
        cmocka_unit_test(gives_way_when_it_fails_again),
        cmocka_unit_test(none_that_may_go_is_nothing_to_do),
    };
    return cmocka_run_group_tests_name("retirement", tests, NULL, NULL);
}
