/* SPDX-License-Identifier: Apache-2.0
 *
 * Lets the lane step, and begins it anew when it has crashed. */
#include "tests/support/world.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/shop.h"
#include "tests/support/test.h"

enum { STEPS_MAX = 200000 };

static void lane_begin(struct world *world)
{
    const struct lane_plan plan = {
        .namespace = "till", .generation = 1, .lane = 0, .jobs_max = world->jobs_max};
    lane_init(&world->lane, &plan, fake_broker_port(&world->broker),
              fake_database_port(&world->database), world->crashes + 1, world->batches);
    for (size_t i = 0; i < BATCHES; i++) {
        batch_init(&world->lane.batches[i], world->batches + i * BATCH_MEMORY, world->batch_memory);
    }
}

void world_init(struct world *world)
{
    world->calls = (struct fake_calls){.count = 0};
    arena_init(&world->arena, world->messages, sizeof world->messages);
    fake_broker_init(&world->broker, &world->calls, &world->arena);
    fake_database_init(&world->database, &world->calls, world->rows, sizeof world->rows);
    world->broker.database = &world->database;
    world->database.broker = &world->broker;
    world->error = (struct error){.kind = ERROR_NONE};
    world->now_ms = 1;
    world->jobs_max = 2;
    world->batch_memory = BATCH_MEMORY;
    world->steps = 0;
    world->failures = 0;
    world->crashes = 0;
}

struct delivery *world_add(struct world *world, const char *id, enum fate fate, const char *format,
                           ...)
{
    static char body[32 * 1024];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < sizeof body);
    char *kept = NULL;
    if (id != NULL) {
        kept = arena_take_bytes(&world->arena, strlen(id) + 1);
        assert_non_null(kept);
        memcpy(kept, id, strlen(id) + 1);
    }
    world->jobs[world->broker.job_count] = (struct world_job){span_of(kept), fate};
    struct delivery *delivery =
        fake_broker_add(&world->broker, (struct span){body, (uint32_t)size});
    if (strstr(body, "\"adjust\"") != NULL) {
        delivery->exchange = SPAN_OF("till.stock");
    }
    return delivery;
}

struct delivery *world_checkout(struct world *world, const char *id, uint32_t qty)
{
    return world_add(
        world, id, FATE_DECIDED,
        "{\"id\":\"%s\",\"customer\":\"c-1\",\"items\":[{\"sku\":\"PS5\",\"qty\":%u}]}", id, qty);
}

struct delivery *world_adjust(struct world *world, const char *id, int32_t qty)
{
    return world_add(world, id, FATE_DECIDED,
                     "{\"id\":\"%s\",\"kind\":\"adjust\",\"items\":[{\"sku\":\"PS5\",\"qty\":%d}]}",
                     id, qty);
}

struct delivery *world_marker(struct world *world, const char *number)
{
    struct delivery *delivery = world_add(world, NULL, FATE_IGNORED, "%s", number);
    delivery->exchange = SPAN_OF("");
    delivery->type = SPAN_OF("till.marker");
    return delivery;
}

/* The process is gone: the broker notices, the database rolls back, another one begins. */
static void crash(struct world *world)
{
    world->calls.crashed = false;
    world->crashes++;
    fake_database_port(&world->database).ops->abandon(&world->database);
    fake_broker_port(&world->broker).ops->give_back(&world->broker);
    lane_begin(world);
}

enum lane_progress world_step(struct world *world)
{
    if (world->steps++ == 0) {
        lane_begin(world);
    }
    if (world->steps > STEPS_MAX) {
        fail_msg("the lane does not come to an end: %s", world->error.text);
    }
    struct error error = {.kind = ERROR_NONE};
    const uint32_t calls = world->calls.count;
    const enum lane_progress progress = lane_step(&world->lane, world->now_ms, &error);
    assert_true(world->calls.count <= calls + 1);
    if (world->calls.crashed) {
        crash(world);
        return LANE_AGAIN;
    }
    if (progress == LANE_WAIT) {
        const uint64_t wait_ms = lane_wait_ms(&world->lane, world->now_ms);
        assert_true(wait_ms > 0);
        world->now_ms += wait_ms;
    }
    if (progress == LANE_FAILED) {
        assert_int_not_equal(error.kind, ERROR_NONE);
        world->error = error;
        world->failures++;
    }
    return progress;
}

static bool all_acknowledged(const struct world *world)
{
    for (uint32_t i = 0; i < world->broker.job_count && i < world->broker.arrived; i++) {
        if (!world->broker.jobs[i].acknowledged) {
            return false;
        }
    }
    return world->broker.open;
}

void world_run(struct world *world)
{
    while (world_step(world) != LANE_WAIT || !all_acknowledged(world)) {
    }
}

void world_drain(struct world *world)
{
    lane_drain(&world->lane);
    while (world_step(world) != LANE_DRAINED) {
    }
}

struct batch *world_front(struct world *world)
{
    return &world->lane.batches[world->lane.front];
}

void world_run_to(struct world *world, enum batch_phase phase)
{
    do {
        world_step(world);
    } while (world_front(world)->phase != phase);
}

static bool is_wanted(const struct message *message, enum message_target target, const char *type)
{
    return message->target == target && (type == NULL || span_equal(message->type, span_of(type)));
}

uint32_t world_count(const struct world *world, enum message_target target, const char *type)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->broker.message_count; i++) {
        count += is_wanted(&world->broker.messages[i].message, target, type) ? 1 : 0;
    }
    return count;
}

const struct message *world_message(const struct world *world, enum message_target target,
                                    const char *type)
{
    uint32_t i = 0;
    while (i < world->broker.message_count &&
           !is_wanted(&world->broker.messages[i].message, target, type)) {
        i++;
    }
    assert_true(i < world->broker.message_count);
    return &world->broker.messages[i].message;
}

int64_t world_unsold(const struct world *world)
{
    const struct memory_database *memory = &world->database.memory;
    for (uint32_t i = 0; i < memory->stock_count; i++) {
        if (span_equal(memory->stocks[i].sku, SPAN_OF("PS5"))) {
            return memory->stocks[i].unsold;
        }
    }
    return -1;
}
