/* SPDX-License-Identifier: Apache-2.0
 *
 * The consuming half of the port, and what becomes of connections. */
#include "tests/sim/sim_broker.h"

#include <string.h>

#include "common/base/ensure.h"

static void wake(struct sim_plug *plug, int64_t at)
{
    sim_wake(plug->broker->core, plug->serving, at);
}

/* ---- The port ---- */

static enum port_answer lost(struct sim_plug *plug, const char *why, struct error *error)
{
    plug->lost = false;
    plug->asking = false;
    error_set(error, ERROR_RETRY, "%s", why);
    return PORT_FAILED;
}

static enum port_answer subscribe(void *self, struct error *error)
{
    struct sim_plug *plug = self;
    struct sim_broker *broker = plug->broker;
    struct sim_core *core = broker->core;
    if (!plug->asking) {
        plug->asking = true;
        plug->lost = false;
        plug->asked_at = core->now;
        wake(plug, core->now + sim_between(core, 100, 3000));
        return PORT_WAIT;
    }
    if (broker->cut[plug->worker]) {
        if (core->now - plug->asked_at >= 10 * SIM_SECOND) {
            return lost(plug, "the broker cannot be reached", error);
        }
        wake(plug, plug->asked_at + 10 * SIM_SECOND);
        return PORT_WAIT;
    }
    plug->asking = false;
    if (!broker->queues[plug->lane].there) {
        SIM_MARK(core->marks, MARK_NO_QUEUE);
        return lost(plug, "no such queue", error);
    }
    sim_consumer_open(plug);
    sim_note(core, EVENT_SUBSCRIBED, plug->serving, plug->consumer, 0);
    sim_consumer_activate_next(broker, plug->lane);
    return PORT_DONE;
}

/* What goes wrong with a consumer, now and then, when it is looked at. */
static void disturb(struct sim_plug *plug)
{
    struct sim_broker *broker = plug->broker;
    struct sim_consumer *consumer = &broker->consumers[plug->consumer];
    if (sim_strikes(broker->core, FAULT_CONSUMER_LOST) ||
        sim_strikes(broker->core, FAULT_CHANNEL_CLOSED)) {
        sim_note(broker->core, EVENT_LOST, plug->serving, 0, 0);
        sim_consumer_close(broker, consumer);
        plug->lost = true;
    } else if (consumer->state == CONSUMER_ACTIVE && sim_strikes(broker->core, FAULT_HANDED_ON)) {
        sim_consumer_hand_on(broker, consumer);
    }
}

static void hand_marker_over(uint32_t coming, struct arena *arena, struct delivery *delivery)
{
    char *body = arena_take_bytes(arena, 1);
    ENSURE(body != NULL && coming <= 9);
    body[0] = (char)('0' + coming);
    *delivery = (struct delivery){
        .size = 1,
        .body = {body, 1},
        .exchange = SPAN_OF(""),
        .type = SPAN_OF(DELIVERY_MARKER),
        .timestamp = TIMESTAMP_NONE,
        .timestamp_in_ms = TIMESTAMP_NONE,
    };
}

/* As the real one does: all properties are copied into the batch's memory. */
static void hand_over(const struct sim_account *account, uint32_t number, struct arena *arena,
                      struct delivery *delivery)
{
    const struct sim_copy *copy = &account->copies[number];
    const struct sim_job *job = &account->jobs[copy->job];
    char *body = arena_take_bytes(arena, job->body.size);
    ENSURE(body != NULL);
    memcpy(body, job->body.bytes, job->body.size);
    *delivery = (struct delivery){
        .size = job->body.size,
        .body = {body, job->body.size},
        .exchange = copy->from_stock_exchange ? SPAN_OF("till.stock") : SPAN_OF("till.jobs"),
        .routing_key = {copy->key, copy->key_size},
        .message_id = job->job.id,
        .reply_to = copy->reply_to,
        .content_type = SPAN_OF("application/json"),
        .traceparent = {copy->trace, sizeof copy->trace},
        .timestamp = TIMESTAMP_NONE,
        .timestamp_in_ms = TIMESTAMP_NONE,
    };
}

static enum port_answer take(void *self, struct arena *arena, struct delivery *delivery,
                             struct error *error)
{
    struct sim_plug *plug = self;
    struct sim_broker *broker = plug->broker;
    if (plug->consumer != SIM_CONSUMER_NONE && !plug->lost) {
        disturb(plug);
    }
    if (plug->consumer == SIM_CONSUMER_NONE || plug->lost) {
        return lost(plug, "the consuming connection is lost", error);
    }
    struct sim_consumer *consumer = &broker->consumers[plug->consumer];
    const uint32_t place = (uint32_t)(consumer->taken % SIM_WINDOW);
    if (consumer->taken == consumer->next || broker->cut[plug->worker]) {
        return PORT_WAIT;
    }
    if (consumer->arrives[place] > broker->core->now) {
        wake(plug, consumer->arrives[place]);
        return PORT_WAIT;
    }
    if (sim_is_marker(consumer->copies[place])) {
        hand_marker_over(consumer->copies[place] - SIM_MARKER_FIRST, arena, delivery);
    } else {
        hand_over(broker->account, consumer->copies[place], arena, delivery);
    }
    delivery->tag = consumer->taken++;
    delivery->delivery_count = consumer->counts[place];
    sim_note(broker->core, EVENT_DELIVERED, plug->serving, consumer->copies[place],
             delivery->delivery_count);
    return PORT_DONE;
}

/* What was returned meanwhile is somebody else's: the acknowledgement means nothing. */
static enum port_answer acknowledge(void *self, uint64_t tag, struct error *error)
{
    struct sim_plug *plug = self;
    struct sim_broker *broker = plug->broker;
    if (plug->consumer == SIM_CONSUMER_NONE || plug->lost) {
        return lost(plug, "the consuming connection is lost", error);
    }
    struct sim_consumer *consumer = &broker->consumers[plug->consumer];
    ENSURE(tag < consumer->taken);
    if (broker->cut[plug->worker]) {
        return PORT_DONE;
    }
    if (tag < consumer->first) {
        SIM_MARK(broker->core->marks, MARK_ZOMBIE_ACK_IGNORED);
        sim_note(broker->core, EVENT_ACK_IGNORED, plug->serving, plug->consumer, tag);
        return PORT_DONE;
    }
    sim_note(broker->core, EVENT_ACKED, plug->serving, plug->consumer, tag);
    for (; consumer->first <= tag; consumer->first++) {
        const uint32_t copy = consumer->copies[consumer->first % SIM_WINDOW];
        if (!sim_is_marker(copy)) {
            sim_account_acknowledged(broker->account, copy);
        } else if (!broker->tables->lanes[consumer->lane].drained) {
            sim_break(broker->core, "queue %u: a marker is acknowledged, and not recorded",
                      consumer->lane);
        }
    }
    sim_queue_deliver(broker, consumer->lane);
    return PORT_DONE;
}

static void give_back(void *self)
{
    struct sim_plug *plug = self;
    struct sim_broker *broker = plug->broker;
    sim_channel_forget(plug);
    plug->lost = false;
    plug->asking = false;
    if (plug->consumer == SIM_CONSUMER_NONE) {
        return;
    }
    struct sim_consumer *consumer = &broker->consumers[plug->consumer];
    if (broker->cut[plug->worker]) { /* the broker does not hear of it */
        consumer->plug = NULL;
        plug->consumer = SIM_CONSUMER_NONE;
        sim_timers_set(&broker->core->timers,
                       ACTOR_CONSUMER + sim_consumer_number(broker, consumer),
                       broker->core->now + sim_between(broker->core, 1, 15 * SIM_SECOND));
        return;
    }
    sim_consumer_close(broker, consumer);
}

static const struct broker_ops ops = {
    .subscribe = subscribe,
    .take = take,
    .publish = sim_channel_publish,
    .confirm = sim_channel_confirm,
    .acknowledge = acknowledge,
    .give_back = give_back,
};

/* ---- From outside ---- */

void sim_broker_init(struct sim_broker *broker, struct sim_core *core, struct sim_account *account,
                     const struct sim_world *world, const struct sim_tables *tables)
{
    broker->core = core;
    broker->account = account;
    broker->world = world;
    broker->tables = tables;
    broker->asked = 0;
    broker->nacks_events = sim_strikes(core, FAULT_NACKING_SUBSCRIBER);
    memset(broker->cut, 0, sizeof broker->cut);
    for (uint32_t i = 0; i < SIM_QUEUES_MAX; i++) {
        broker->queues[i].there = i < world->lanes || i == SIM_QUEUE_SORT;
        broker->queues[i].given.count = 0;
        broker->queues[i].ready.count = 0;
        broker->queues[i].active = SIM_CONSUMER_NONE;
    }
    broker->consumer_count = 0;
    for (uint32_t i = 0; i < SIM_PLUGS_MAX; i++) {
        broker->plugs[i].broker = NULL;
    }
    sim_exchanges_init(broker);
}

struct broker sim_broker_port(struct sim_broker *broker, uint32_t serving, uint32_t worker,
                              uint32_t lane)
{
    struct sim_plug *plug = &broker->plugs[serving];
    plug->broker = broker;
    plug->serving = serving;
    plug->worker = worker;
    plug->lane = lane;
    plug->consumer = SIM_CONSUMER_NONE;
    plug->asking = false;
    plug->lost = false;
    sim_channel_init(&plug->channel);
    return (struct broker){&ops, plug};
}

void sim_broker_crashed(struct sim_broker *broker, uint32_t serving, bool silently)
{
    struct sim_plug *plug = &broker->plugs[serving];
    if (plug->broker == NULL) {
        return;
    }
    sim_channel_lose(plug);
    if (plug->consumer == SIM_CONSUMER_NONE) {
        return;
    }
    struct sim_consumer *consumer = &broker->consumers[plug->consumer];
    consumer->plug = NULL;
    plug->consumer = SIM_CONSUMER_NONE;
    const int64_t noticed = silently ? sim_between(broker->core, 10 * SIM_SECOND, 15 * SIM_SECOND)
                                     : sim_between(broker->core, 100, 10 * SIM_MS);
    sim_timers_set(&broker->core->timers, ACTOR_CONSUMER + sim_consumer_number(broker, consumer),
                   broker->core->now + noticed);
}

void sim_broker_silent(struct sim_broker *broker, uint32_t serving)
{
    const struct sim_plug *plug = &broker->plugs[serving];
    if (plug->broker != NULL && plug->consumer != SIM_CONSUMER_NONE) {
        struct sim_consumer *consumer = &broker->consumers[plug->consumer];
        consumer->state = consumer->state == CONSUMER_SUSPECT ? CONSUMER_WAITING : consumer->state;
        sim_timers_set(&broker->core->timers, ACTOR_CONSUMER + plug->consumer,
                       broker->core->now +
                           sim_between(broker->core, 10 * SIM_SECOND, 15 * SIM_SECOND));
    }
}

void sim_broker_forget(struct sim_broker *broker, uint32_t serving)
{
    struct sim_plug *plug = &broker->plugs[serving];
    if (plug->broker == NULL) {
        return;
    }
    sim_channel_lose(plug);
    if (plug->consumer != SIM_CONSUMER_NONE) {
        sim_consumer_close(broker, &broker->consumers[plug->consumer]);
        plug->lost = true;
    }
}
