/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues and their consumers. */
#include <string.h>

#include "common/base/ensure.h"
#include "tests/sim/sim_broker.h"

/* ---- Queues ---- */

static void wake(struct sim_plug *plug, int64_t at)
{
    sim_wake(plug->broker->core, plug->serving, at);
}

static void push(struct sim_line *line, uint32_t copy)
{
    line->jobs[(line->head + line->count++) % SIM_LINE] = (uint16_t)copy;
}

static uint32_t pop(struct sim_line *line)
{
    const uint32_t copy = line->jobs[line->head];
    line->head = (line->head + 1) % SIM_LINE;
    line->count--;
    return copy;
}

static bool is_empty(const struct sim_queue *queue)
{
    return queue->given.count == 0 && queue->ready.count == 0;
}

static uint32_t pop_next(struct sim_queue *queue)
{
    return pop(queue->given.count > 0 ? &queue->given : &queue->ready);
}

static bool has_room(const struct sim_consumer *consumer)
{
    return consumer->next - consumer->first < consumer->prefetch;
}

/* How often it was delivered before. Nobody asks that of a marker. */
static uint32_t counted(const struct sim_broker *broker, uint32_t copy)
{
    return sim_is_marker(copy) ? 0 : broker->account->copies[copy].delivery_count;
}

/* To the active consumer, as far as its window has room. */
void sim_queue_deliver(struct sim_broker *broker, uint32_t lane)
{
    struct sim_queue *queue = &broker->queues[lane];
    struct sim_core *core = broker->core;
    if (queue->active == SIM_CONSUMER_NONE) {
        return;
    }
    struct sim_consumer *consumer = &broker->consumers[queue->active];
    int64_t at = core->now + sim_between(core, 10, 100);
    if (sim_strikes(core, FAULT_SLOW_DELIVERY)) {
        at += sim_between(core, 1, 200 * SIM_MS);
    }
    while (!is_empty(queue) && has_room(consumer)) {
        const uint32_t copy = pop_next(queue);
        const uint32_t place = (uint32_t)(consumer->next % SIM_WINDOW);
        const uint32_t before = (uint32_t)((consumer->next - 1) % SIM_WINDOW);
        consumer->copies[place] = copy;
        consumer->counts[place] = counted(broker, copy);
        consumer->arrives[place] =
            consumer->next > 1 && consumer->arrives[before] > at ? consumer->arrives[before] : at;
        consumer->next++;
        if (consumer->plug != NULL) {
            wake(consumer->plug, consumer->arrives[place]);
        }
    }
}

/* ---- Consumers ---- */

uint32_t sim_consumer_number(const struct sim_broker *broker, const struct sim_consumer *consumer)
{
    return (uint32_t)(consumer - broker->consumers);
}

void sim_consumer_activate_next(struct sim_broker *broker, uint32_t lane)
{
    struct sim_queue *queue = &broker->queues[lane];
    if (queue->active != SIM_CONSUMER_NONE) {
        return;
    }
    struct sim_consumer *first = NULL;
    for (uint32_t i = 0; i < broker->consumer_count; i++) {
        struct sim_consumer *consumer = &broker->consumers[i];
        if (consumer->state == CONSUMER_WAITING && consumer->lane == lane &&
            (first == NULL || consumer->asked < first->asked)) {
            first = consumer;
        }
    }
    if (first == NULL) {
        return;
    }
    first->state = CONSUMER_ACTIVE;
    queue->active = sim_consumer_number(broker, first);
    if (first->was_suspect) {
        SIM_MARK(broker->core->marks, MARK_ZOMBIE_ACTIVE_AGAIN);
    }
    sim_note(broker->core, EVENT_ACTIVE, lane, queue->active, 0);
    sim_queue_deliver(broker, lane);
}

/* All that it has not acknowledged, in order; what was given back before is taken before. */
static void return_window(struct sim_broker *broker, struct sim_consumer *consumer)
{
    struct sim_queue *queue = &broker->queues[consumer->lane];
    const uint64_t count = consumer->next - consumer->first;
    if (count > 0 && counted(broker, consumer->copies[consumer->first % SIM_WINDOW]) > 0) {
        SIM_MARK(broker->core->marks, MARK_GIVEN_BACK_TWICE);
    }
    for (uint64_t tag = consumer->first; tag < consumer->next; tag++) {
        const uint32_t copy = consumer->copies[tag % SIM_WINDOW];
        push(&queue->given, copy);
        if (sim_is_marker(copy)) {
            SIM_MARK(broker->core->marks, MARK_MARKER_RETURNED);
        } else {
            broker->account->copies[copy].delivery_count++;
        }
    }
    if (count > 0) {
        SIM_MARK(broker->core->marks, MARK_TAKEOVER_IN_HAND);
        sim_note(broker->core, EVENT_RETURNED, consumer->lane,
                 sim_consumer_number(broker, consumer), count);
    }
    if (count > 0 && count == consumer->prefetch) {
        SIM_MARK(broker->core->marks, MARK_REDELIVERED_WINDOW);
    }
    consumer->first = consumer->next;
}

static void leave_line(struct sim_broker *broker, struct sim_consumer *consumer)
{
    struct sim_queue *queue = &broker->queues[consumer->lane];
    return_window(broker, consumer);
    if (queue->active == sim_consumer_number(broker, consumer)) {
        queue->active = SIM_CONSUMER_NONE;
    }
}

void sim_consumer_close(struct sim_broker *broker, struct sim_consumer *consumer)
{
    leave_line(broker, consumer);
    consumer->state = CONSUMER_FREE;
    if (consumer->plug != NULL) {
        consumer->plug->consumer = SIM_CONSUMER_NONE;
        consumer->plug = NULL;
    }
    sim_timers_set(&broker->core->timers, ACTOR_CONSUMER + sim_consumer_number(broker, consumer),
                   SIM_NEVER);
    sim_consumer_activate_next(broker, consumer->lane);
}

/* Its client does not know. Later it stands in the line again, or is closed after all. */
void sim_consumer_hand_on(struct sim_broker *broker, struct sim_consumer *consumer)
{
    struct sim_core *core = broker->core;
    leave_line(broker, consumer);
    consumer->state = CONSUMER_SUSPECT;
    consumer->asked = ++broker->asked;
    consumer->was_suspect = true;
    sim_timers_set(&core->timers, ACTOR_CONSUMER + sim_consumer_number(broker, consumer),
                   core->now + sim_between(core, SIM_MS, sim_between(core, 10, 5000) * SIM_MS));
    sim_consumer_activate_next(broker, consumer->lane);
}

static uint32_t free_consumer(struct sim_broker *broker)
{
    for (uint32_t i = 0; i < broker->consumer_count; i++) {
        if (broker->consumers[i].state == CONSUMER_FREE) {
            return i;
        }
    }
    ENSURE(broker->consumer_count < SIM_CONSUMERS_MAX);
    return broker->consumer_count++;
}

void sim_consumer_open(struct sim_plug *plug)
{
    struct sim_broker *broker = plug->broker;
    plug->consumer = free_consumer(broker);
    struct sim_consumer *consumer = &broker->consumers[plug->consumer];
    consumer->state = CONSUMER_WAITING;
    consumer->plug = plug;
    consumer->lane = plug->lane;
    consumer->prefetch = broker->world->prefetch[plug->worker];
    consumer->first = consumer->next = consumer->taken = 1;
    consumer->asked = ++broker->asked;
    consumer->was_suspect = false;
}

void sim_broker_consumer_turn(struct sim_broker *broker, uint32_t number)
{
    struct sim_consumer *consumer = &broker->consumers[number];
    struct sim_core *core = broker->core;
    sim_timers_set(&core->timers, ACTOR_CONSUMER + number, SIM_NEVER);
    const bool restored = consumer->state == CONSUMER_SUSPECT && consumer->plug != NULL &&
                          consumer->next - consumer->taken + consumer->prefetch <= SIM_WINDOW &&
                          prng_below(&core->chance, 2) == 0;
    if (restored) {
        consumer->state = CONSUMER_WAITING;
        sim_consumer_activate_next(broker, consumer->lane);
        return;
    }
    if (consumer->plug != NULL) {
        consumer->plug->lost = true;
        wake(consumer->plug, core->now);
    }
    if (consumer->plug != NULL && consumer->state != CONSUMER_SUSPECT) {
        sim_channel_lose(consumer->plug); /* both connections have been silent */
    }
    if (consumer->state != CONSUMER_FREE) {
        sim_consumer_close(broker, consumer);
    }
}

/* ---- From outside ---- */

void sim_broker_put(struct sim_broker *broker, uint32_t queue, uint32_t what)
{
    push(&broker->queues[queue].ready, what);
    sim_queue_deliver(broker, queue);
}

void sim_broker_publish(struct sim_broker *broker, uint32_t copy)
{
    sim_broker_put(broker, broker->account->copies[copy].lane, copy);
}

void sim_broker_look(const struct sim_broker *broker, uint32_t queue, struct retirement_look *look)
{
    const struct sim_queue *at = &broker->queues[queue];
    if (at->there) {
        look->ready += at->given.count + at->ready.count;
        look->consumers += at->active == SIM_CONSUMER_NONE ? 0 : 1;
    }
}

void sim_broker_delete(struct sim_broker *broker, uint32_t queue)
{
    broker->queues[queue].there = false;
    for (uint32_t i = 0; i < broker->consumer_count; i++) {
        struct sim_consumer *consumer = &broker->consumers[i];
        if (consumer->state == CONSUMER_FREE || consumer->lane != queue) {
            continue;
        }
        if (consumer->plug != NULL) {
            consumer->plug->lost = true;
            wake(consumer->plug, broker->core->now);
        }
        sim_consumer_close(broker, consumer);
    }
    if (!is_empty(&broker->queues[queue])) {
        sim_break(broker->core, "queue %u is deleted with jobs in it", queue);
    }
}

bool sim_broker_is_empty(const struct sim_broker *broker)
{
    for (uint32_t i = 0; i < SIM_QUEUES_MAX; i++) {
        if (!is_empty(&broker->queues[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < broker->consumer_count; i++) {
        const struct sim_consumer *consumer = &broker->consumers[i];
        if (consumer->state != CONSUMER_FREE && consumer->first != consumer->next) {
            return false;
        }
    }
    return true;
}
