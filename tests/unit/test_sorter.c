/* SPDX-License-Identifier: Apache-2.0
 *
 * What a sorter does that does not see the database, or waits long for the broker, against sides
 * that are made up. */
#include "worker/duty/sorter.h"

#include <stdlib.h>

#include "tests/support/test.h"

struct world {
    bool database_away;
    uint32_t subscriptions;
    uint32_t given_back;
    uint32_t published;
    bool taken; /* the one job that there is */
    struct span job;
    struct span key;  /* that it came by */
    uint64_t now_ms;  /* a look takes a part of it: */
    uint64_t look_ms; /* so long */
    uint32_t looks;
    void *memory;
    struct sorter sorter;
};

static const char commit[] = "{\"id\":\"2\",\"kind\":\"commit\",\"hold\":\"a\"}";
static const char checkout[] = "{\"id\":\"1\",\"customer\":\"c\",\"items\":[{\"sku\":\"PS5\","
                               "\"qty\":1}]}";

static enum port_answer subscribe(void *self, struct error *error)
{
    struct world *world = self;
    (void)error;
    world->subscriptions++;
    world->taken = false;
    return PORT_DONE;
}

static enum port_answer take(void *self, struct arena *arena, struct delivery *delivery,
                             struct error *error)
{
    struct world *world = self;
    (void)arena;
    (void)error;
    if (world->taken) {
        return PORT_WAIT;
    }
    world->taken = true;
    *delivery = (struct delivery){.tag = 1,
                                  .size = world->job.size,
                                  .body = world->job,
                                  .exchange = SPAN_OF("till.jobs"),
                                  .routing_key = world->key};
    return PORT_DONE;
}

static enum port_answer publish(void *self, const struct message *messages, uint32_t count,
                                struct error *error)
{
    struct world *world = self;
    (void)messages;
    (void)error;
    world->published += count;
    return PORT_DONE;
}

static enum port_answer confirm(void *self, struct error *error)
{
    (void)self;
    (void)error;
    return PORT_DONE;
}

static enum port_answer acknowledge(void *self, uint64_t tag, struct error *error)
{
    (void)self;
    (void)tag;
    (void)error;
    return PORT_DONE;
}

static void give_back(void *self)
{
    ((struct world *)self)->given_back++;
}

static const struct broker_ops broker_ops = {subscribe, take,        publish,
                                             confirm,   acknowledge, give_back};

static enum port_answer find(void *self, const struct span *ids, uint32_t count, uint32_t *slots,
                             struct error *error)
{
    const struct world *world = self;
    (void)ids;
    if (world->database_away) {
        error_set(error, ERROR_RETRY, "the database cannot be reached");
        return PORT_FAILED;
    }
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = 7;
    }
    return PORT_DONE;
}

static enum port_answer look(void *self, uint32_t first, uint32_t count, bool bound[SLOTS],
                             uint64_t *waited_ms, struct error *error)
{
    struct world *world = self;
    (void)error;
    world->looks++;
    world->now_ms += world->look_ms;
    *waited_ms = world->look_ms;
    for (uint32_t i = first; i < first + count; i++) {
        bound[i] = true;
    }
    return PORT_DONE;
}

static const struct sort_map_ops map_ops = {find, look};

static struct world *world_new(struct span job)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->job = job;
    world->memory = malloc(SORTER_MEMORY);
    assert_non_null(world->memory);
    sorter_init(&world->sorter, "till", (struct broker){&broker_ops, world},
                (struct sort_map){&map_ops, world}, 1, world->memory);
    return world;
}

static void world_free(struct world *world)
{
    free(world->memory);
    free(world);
}

static void run(struct world *world, uint64_t from_ms, uint64_t to_ms)
{
    struct error error = {0};
    for (uint64_t now_ms = from_ms; now_ms < to_ms; now_ms += 10) {
        for (uint32_t i = 0; i < 20; i++) {
            assert_int_not_equal(sorter_step(&world->sorter, now_ms, &error), DUTY_DRAINED);
        }
    }
}

/* Another worker may see the database: for ten minutes no job on a hold was sorted by anybody. */
static void gives_back_what_it_cannot_look_up(void **state)
{
    struct world *world = world_new((struct span){commit, sizeof commit - 1});
    (void)state;
    world->database_away = true;
    run(world, 10, 9000);
    assert_int_equal(world->given_back, 0); /* each return is counted by the broker */
    run(world, 9000, 15000);
    assert_true(world->given_back > 0);
    run(world, 15000, 120000);
    assert_int_equal(world->subscriptions, 1); /* nor does it take any more meanwhile */
    world->database_away = false;
    run(world, 120000, 125000);
    assert_int_equal(world->subscriptions, 2);
    assert_int_equal(world->published, 1);
    world_free(world);
}

/* A job that came back wants a fresh look at its slot, and on a slow broker none was fresh when it
 * was over: it was looked at for ever. */
static void a_look_is_fresh_however_long_it_took(void **state)
{
    struct world *world = world_new((struct span){checkout, sizeof checkout - 1});
    struct error error = {0};
    (void)state;
    world->key = SPAN_OF("278");
    world->look_ms = 2 * SORT_BOUND_MS;
    for (world->now_ms = 10; world->now_ms < 20000; world->now_ms += 10) {
        assert_int_not_equal(sorter_step(&world->sorter, world->now_ms, &error), DUTY_DRAINED);
    }
    assert_int_equal(world->looks, 1);
    assert_int_equal(world->published, 1);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_is_fresh_however_long_it_took),
        cmocka_unit_test(gives_back_what_it_cannot_look_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
