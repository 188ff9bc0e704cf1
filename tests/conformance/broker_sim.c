/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated broker, with accidents at chosen moments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/broker_side.h"
#include "tests/conformance/sim_book.h"
#include "tests/conformance/sim_clock.h"
#include "tests/sim/sim_broker.h"
#include "tests/support/test.h"

static struct sim_clock time_of;
static struct sim_world world;
static struct sim_account account;
static struct sim_tables tables;
static struct sim_broker broker;
static struct sim_book *book;
static struct broker ports[ACTOR_COUNT];
static char bodies[BOOK_MAX][BODY_MAX];
static uint32_t heard;

static void begin(uint16_t prefetch)
{
    sim_clock_begin(&time_of);
    world = (struct sim_world){.lanes = 1};
    for (uint32_t i = 0; i < SIM_WORKERS_MAX; i++) {
        world.prefetch[i] = prefetch;
    }
    sim_tables_init(&tables, world.lanes);
    account.job_count = account.copy_count = 0;
    book = sim_book_begin();
    heard = 0;
    sim_broker_init(&broker, &time_of.core, &account, &world, &tables);
    sim_clock_plan(&time_of, FAULT_RETURNED, true); /* nobody listens */
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        ports[i] = sim_broker_port(&broker, i, i, 0);
    }
}

static void end(void)
{
}

static struct broker port(enum actor actor)
{
    return ports[actor];
}

static bool pass(enum actor actor)
{
    uint32_t turn;
    if (!sim_clock_pass(&time_of, actor, &turn)) {
        return false;
    }
    if (turn == SIM_ACTORS_MAX) {
        return true;
    }
    assert_in_range(turn, ACTOR_CHANNEL, ACTOR_PUBLISHER - 1);
    if (turn < ACTOR_SESSION) {
        sim_broker_channel_turn(&broker, turn - ACTOR_CHANNEL);
    } else {
        sim_broker_consumer_turn(&broker, turn - ACTOR_CONSUMER);
    }
    return true;
}

static void settle(enum actor actor)
{
    while (pass(actor)) {
    }
}

static void send(bool stock, uint32_t key, const char *body)
{
    const uint32_t number = account.copy_count++;
    struct sim_copy *copy = &account.copies[number];
    assert_in_range(number, 0, BOOK_MAX - 1);
    (void)snprintf(bodies[number], BODY_MAX, "%s", body);
    const struct span text = {bodies[number], (uint32_t)strlen(bodies[number])};
    account.jobs[number] = (struct sim_job){.job = {.id = text}, .body = text};
    *copy = (struct sim_copy){.job = number, .slot = key, .from_stock_exchange = stock};
    copy->key_size = (uint32_t)snprintf(copy->key, sizeof copy->key, "%u", key);
    sim_broker_publish(&broker, number);
}

static uint32_t key_of(struct span routing_key)
{
    return (uint32_t)strtoul(routing_key.bytes, NULL, 10);
}

static uint32_t ready(uint32_t expected)
{
    (void)expected;
    return broker.queues[0].given.count + broker.queues[0].ready.count;
}

static uint32_t dead(uint32_t expected)
{
    (void)expected;
    return book->dead;
}

static bool hear(char body[BODY_MAX])
{
    if (heard == book->heard_count) {
        return false;
    }
    (void)snprintf(body, BODY_MAX, "%s", book->bodies[book->heard[heard++]]);
    return true;
}

static uint64_t unheard(enum actor actor)
{
    (void)actor;
    return time_of.marks.counts[MARK_RETURNED] + time_of.marks.counts[MARK_CONFIRM_GIVEN_UP];
}

/* All of an actor's: what it has in hand is another's before it knows. */
static void lose_consumer(enum actor actor)
{
    struct error error = {0};
    struct arena arena;
    struct delivery delivery;
    char memory[64];
    arena_init(&arena, memory, sizeof memory);
    sim_clock_plan(&time_of, FAULT_CONSUMER_LOST, true);
    assert_int_equal(ports[actor].ops->take(ports[actor].self, &arena, &delivery, &error),
                     PORT_FAILED);
    sim_clock_plan(&time_of, FAULT_CONSUMER_LOST, false);
}

static void strike(enum actor actor, enum broker_accident accident)
{
    switch (accident) {
    case CONSUMER_LOST:
    case CONSUMER_CLOSED:
        lose_consumer(actor);
        break;
    case CONFIRMS_HELD:
        sim_clock_plan(&time_of, FAULT_CONFIRM_LOST, true);
        break;
    case PUBLISHER_LOST:
        sim_clock_plan(&time_of, FAULT_CONFIRM_LOST, false);
        sim_channel_lose(&broker.plugs[actor]);
        break;
    case SOMEBODY_LISTENS:
        book->listened = true;
        sim_clock_plan(&time_of, FAULT_RETURNED, false);
        break;
    case SUBSCRIBER_FULL:
    case SUBSCRIBER_GONE:
        broker.nacks_events = accident == SUBSCRIBER_FULL;
        break;
    case DEAD_QUEUE_GONE:
    case DEAD_QUEUE_BACK:
        sim_clock_plan(&time_of, FAULT_DEAD_UNROUTABLE, accident == DEAD_QUEUE_GONE);
        break;
    }
}

const struct broker_side broker_simulated = {
    .name = "simulated",
    .begin = begin,
    .end = end,
    .port = port,
    .pass = pass,
    .settle = settle,
    .send = send,
    .key_of = key_of,
    .ready = ready,
    .dead = dead,
    .hear = hear,
    .unheard = unheard,
    .strike = strike,
};
