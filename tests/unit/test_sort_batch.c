/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a batch: what may go, what stops it, and that nothing overtakes. */
#include "worker/duty/sort_batch.h"

#include <stdlib.h>

#include "tests/support/test.h"

#define NOW 5000u

static const struct entries entries = {{"till.jobs"}, {"till.stock"}};

struct world {
    void *memory;
    char *scratch_memory;
    struct arena scratch;
    struct sort_batch batch;
    uint64_t bound_at_ms[SLOTS];
};

static struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->memory = malloc(SORT_BATCH_SIZE);
    world->scratch_memory = malloc(JOB_MEMORY_MAX + 64);
    assert_non_null(world->memory);
    assert_non_null(world->scratch_memory);
    arena_init(&world->scratch, world->scratch_memory, JOB_MEMORY_MAX + 64);
    sort_batch_init(&world->batch, world->memory);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        world->bound_at_ms[slot] = 1;
    }
    return world;
}

static void world_free(struct world *world)
{
    free(world->memory);
    free(world->scratch_memory);
    free(world);
}

static void add(struct world *world, struct span body, struct span key)
{
    const struct delivery delivery = {
        .tag = world->batch.count + 1,
        .size = body.size,
        .body = body,
        .exchange = SPAN_OF("till.stock"),
        .routing_key = key,
    };
    assert_true(sort_batch_has_room(&world->batch));
    sort_batch_add(&world->batch, &delivery, &entries, &world->scratch);
}

#define PS5    SPAN_OF("{\"id\":\"1\",\"kind\":\"adjust\",\"items\":[{\"sku\":\"PS5\",\"qty\":1}]}")
#define COMMIT SPAN_OF("{\"id\":\"2\",\"kind\":\"commit\",\"hold\":\"a\"}")
#define NO_KEY SPAN_OF("")

/* How many jobs the next part has. */
static uint32_t compose(struct world *world)
{
    sort_batch_compose(&world->batch, &entries, world->bound_at_ms, NOW);
    return world->batch.part;
}

static void finish(struct world *world)
{
    world->batch.phase = SORT_CONFIRMED;
    sort_batch_next(&world->batch);
}

static void a_message_has_the_slot_and_its_own_entry(void **state)
{
    (void)state;
    struct world *world = world_new();
    add(world, PS5, NO_KEY);
    assert_int_equal(compose(world), 1);
    assert_int_equal(world->batch.messages[0].target, MESSAGE_STOCK_JOB);
    assert_true(span_equal(world->batch.messages[0].routing_key, SPAN_OF("278")));
    assert_true(span_equal(world->batch.messages[0].body, PS5));
    finish(world);
    assert_int_equal(world->batch.count, 0);
    world_free(world);
}

static void a_part_ends_before_a_job_on_a_hold_that_was_not_looked_up(void **state)
{
    (void)state;
    struct world *world = world_new();
    add(world, PS5, NO_KEY);
    add(world, COMMIT, NO_KEY);
    add(world, PS5, NO_KEY);
    assert_int_equal(compose(world), 1);
    finish(world);
    assert_int_equal(compose(world), 0);
    sort_batch_settle(&world->batch, 1, 77, &entries);
    assert_int_equal(compose(world), 2);
    assert_true(span_equal(world->batch.messages[0].routing_key, SPAN_OF("77")));
    world_free(world);
}

static void a_part_ends_before_a_slot_that_is_not_bound(void **state)
{
    (void)state;
    struct world *world = world_new();
    world->bound_at_ms[0] = 0;
    add(world, PS5, NO_KEY);
    add(world, SPAN_OF("garbage"), NO_KEY);
    add(world, PS5, NO_KEY);
    assert_int_equal(compose(world), 1);
    finish(world);
    assert_int_equal(compose(world), 0);
    world->bound_at_ms[0] = 1;
    assert_int_equal(compose(world), 2);
    world_free(world);
}

static void what_came_back_wants_a_fresh_look(void **state)
{
    (void)state;
    struct world *world = world_new();
    add(world, PS5, SPAN_OF("278"));
    world->bound_at_ms[278] = NOW - SORT_BOUND_MS;
    assert_int_equal(compose(world), 0);
    world->bound_at_ms[278] = NOW - SORT_BOUND_MS + 1;
    assert_int_equal(compose(world), 1);
    world_free(world);
}

static void a_part_that_failed_is_made_again(void **state)
{
    (void)state;
    struct world *world = world_new();
    add(world, PS5, NO_KEY);
    add(world, PS5, NO_KEY);
    assert_int_equal(compose(world), 2);
    sort_batch_again(&world->batch);
    assert_int_equal(compose(world), 2);
    assert_int_equal(world->batch.message_count, 2);
    world_free(world);
}

static void one_that_is_too_large_becomes_a_dead_letter(void **state)
{
    (void)state;
    struct world *world = world_new();
    add(world, PS5, NO_KEY);
    world->batch.items[0].sorted.sorting = SORTING_TOO_LARGE;
    assert_int_equal(compose(world), 1);
    assert_int_equal(world->batch.messages[0].target, MESSAGE_DEAD);
    assert_int_equal(world->batch.messages[0].dead->reason, DEAD_MALFORMED);
    world_free(world);
}

static void a_batch_has_an_end(void **state)
{
    (void)state;
    struct world *world = world_new();
    for (uint32_t i = 0; i < SORT_JOBS_MAX; i++) {
        add(world, PS5, NO_KEY);
    }
    assert_false(sort_batch_has_room(&world->batch));
    assert_int_equal(compose(world), SORT_JOBS_MAX);
    finish(world);
    assert_true(sort_batch_has_room(&world->batch));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_has_the_slot_and_its_own_entry),
        cmocka_unit_test(a_part_ends_before_a_job_on_a_hold_that_was_not_looked_up),
        cmocka_unit_test(a_part_ends_before_a_slot_that_is_not_bound),
        cmocka_unit_test(what_came_back_wants_a_fresh_look),
        cmocka_unit_test(a_part_that_failed_is_made_again),
        cmocka_unit_test(one_that_is_too_large_becomes_a_dead_letter),
        cmocka_unit_test(a_batch_has_an_end),
    };
    return cmocka_run_group_tests_name("sort_batch", tests, NULL, NULL);
}
