/* SPDX-License-Identifier: Apache-2.0
 *
 * The port's functions: each sees to its connection and leaves the rest to consumer and publisher.
 */
#include "worker/rabbit/broker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* With more confirms than these to come, a look each millisecond is enough: the broker sends them
 * in dozens of small frames, and each would wake the thread. */
#define CONFIRMS_FEW     64u
#define CONFIRMS_LOOK_MS 1

static void drop_consumer(struct rabbit_broker *self)
{
    wire_drop(&self->consumer.wire);
    consumer_forget(&self->consumer);
}

static void drop_publisher(struct rabbit_broker *self)
{
    wire_drop(&self->publisher.wire);
    publisher_forget(&self->publisher);
}

/* A connection that failed is closed at once; one whose channel was refused goes on. */
static enum port_answer settle_consumer(struct rabbit_broker *self, enum port_answer answer)
{
    self->taking = answer == PORT_WAIT;
    if (!wire_connected(&self->consumer.wire)) {
        drop_consumer(self);
    }
    return answer;
}

static enum port_answer settle_publisher(struct rabbit_broker *self, enum port_answer answer)
{
    self->confirming = answer == PORT_WAIT;
    if (!wire_connected(&self->publisher.wire)) {
        drop_publisher(self);
    }
    return answer;
}

/* Why there is no connection, if a turn has found out. */
static enum port_answer tell_lost(struct error *lost, struct error *error)
{
    if (lost->kind == ERROR_NONE) {
        error_set(error, ERROR_RETRY, "not connected");
    } else {
        *error = *lost;
    }
    *lost = (struct error){0};
    return PORT_FAILED;
}

static bool is_consuming(const struct rabbit_broker *self)
{
    return wire_connected(&self->consumer.wire) && self->consumer.state == CONSUMER_CONSUMING;
}

static enum port_answer subscribe(void *port, struct error *error)
{
    struct rabbit_broker *self = port;
    self->consumer_lost = (struct error){0};
    if (!wire_connected(&self->consumer.wire)) {
        drop_consumer(self);
        if (!wire_connect(&self->consumer.wire, self->lane.url, self->consumer_name, error)) {
            return PORT_FAILED;
        }
    }
    return settle_consumer(self, consumer_subscribe(&self->consumer, error));
}

static enum port_answer take(void *port, struct arena *arena, struct delivery *delivery,
                             struct error *error)
{
    struct rabbit_broker *self = port;
    if (!is_consuming(self)) {
        return tell_lost(&self->consumer_lost, error);
    }
    return settle_consumer(self, consumer_take(&self->consumer, arena, delivery, error));
}

static enum port_answer publish(void *port, const struct message *messages, uint32_t count,
                                struct error *error)
{
    struct rabbit_broker *self = port;
    struct publisher *publisher = &self->publisher;
    if (self->publisher_lost.kind != ERROR_NONE) {
        return tell_lost(&self->publisher_lost, error);
    }
    if (!wire_connected(&publisher->wire)) {
        drop_publisher(self);
        if (!wire_connect(&publisher->wire, self->lane.url, self->publisher_name, error)) {
            return PORT_FAILED;
        }
        publisher_begin(publisher);
    }
    return settle_publisher(self, publisher_publish(publisher, messages, count, error));
}

/* When the events are safe and not before: what is published once more after a failure has not been
 * replied to yet. */
static void offer_replies(const struct rabbit_broker *self, const struct message *messages,
                          uint32_t count)
{
    for (uint32_t i = 0; i < count && self->lane.replies != NULL; i++) {
        if (messages[i].target == MESSAGE_REPLY) {
            replies_offer(self->lane.replies, &messages[i]);
        }
    }
}

static enum port_answer confirm(void *port, struct error *error)
{
    struct rabbit_broker *self = port;
    struct publisher *publisher = &self->publisher;
    if (!wire_connected(&publisher->wire)) {
        return tell_lost(&self->publisher_lost, error);
    }
    const struct message *messages = publisher->messages;
    const uint32_t count = publisher->count;
    const enum port_answer answer = publisher_confirm(publisher, error);
    if (answer == PORT_DONE) {
        offer_replies(self, messages, count);
    }
    return settle_publisher(self, answer);
}

static enum port_answer acknowledge(void *port, uint64_t tag, struct error *error)
{
    struct rabbit_broker *self = port;
    if (!is_consuming(self)) {
        return tell_lost(&self->consumer_lost, error);
    }
    const bool taking = self->taking;
    const enum port_answer answer =
        settle_consumer(self, consumer_acknowledge(&self->consumer, tag, error));
    self->taking |= taking; /* this has taken nothing */
    return answer;
}

static void give_back(void *port)
{
    struct rabbit_broker *self = port;
    self->consumer_lost = self->publisher_lost = (struct error){0};
    if (wire_connected(&self->consumer.wire)) {
        consumer_give_back(&self->consumer);
    }
    if (!wire_connected(&self->consumer.wire)) {
        drop_consumer(self);
    }
    publisher_forget(&self->publisher);
}

static const struct broker_ops ops = {
    .subscribe = subscribe,
    .take = take,
    .publish = publish,
    .confirm = confirm,
    .acknowledge = acknowledge,
    .give_back = give_back,
};

bool rabbit_broker_open_at(struct rabbit_broker *self, struct address queue,
                           const struct rabbit_lane *lane, struct error *error)
{
    const size_t input_size = lane->url->frame_max;
    char *memory = malloc(2 * input_size + CONSUMER_OUTPUT_SIZE + PUBLISHER_OUTPUT_SIZE);
    if (memory == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for the queue %s", queue.text);
    }
    *self = (struct rabbit_broker){.lane = *lane, .memory = memory};
    (void)snprintf(self->consumer_name, sizeof self->consumer_name, "%s consumes", queue.text);
    (void)snprintf(self->publisher_name, sizeof self->publisher_name, "%s publishes", queue.text);

    char *output = memory + 2 * input_size;
    wire_init(&self->consumer.wire, memory, input_size, output, CONSUMER_OUTPUT_SIZE);
    wire_init(&self->publisher.wire, memory + input_size, input_size, output + CONSUMER_OUTPUT_SIZE,
              PUBLISHER_OUTPUT_SIZE);
    consumer_init(&self->consumer, queue, lane->prefetch);
    publisher_init(&self->publisher, lane->namespace);
    return true;
}

bool rabbit_broker_open(struct rabbit_broker *self, const struct rabbit_lane *lane,
                        struct error *error)
{
    return rabbit_broker_open_at(self, address_lane(lane->namespace, lane->generation, lane->lane),
                                 lane, error);
}

void rabbit_broker_close(struct rabbit_broker *self)
{
    if (self->memory == NULL) {
        return;
    }
    wire_close(&self->consumer.wire);
    wire_close(&self->publisher.wire);
    free(self->memory);
    *self = (struct rabbit_broker){0};
}

void rabbit_broker_rest(struct rabbit_broker *self)
{
    if (!self->publisher.under_way) {
        wire_close(&self->publisher.wire);
        publisher_forget(&self->publisher);
    }
}

struct broker rabbit_broker_port(struct rabbit_broker *self)
{
    return (struct broker){.ops = &ops, .self = self};
}

void rabbit_broker_turn(struct rabbit_broker *self)
{
    struct wire *consuming = &self->consumer.wire;
    struct publisher *publisher = &self->publisher;
    if (wire_connected(consuming) &&
        (!wire_turn(consuming, &self->consumer_lost) ||
         (!self->consumer_idle && !wire_fill(consuming, &self->consumer_lost)))) {
        drop_consumer(self);
    }
    const bool needed = publisher->under_way;
    const uint32_t waiting = publisher->confirms.waiting;
    if (wire_connected(&publisher->wire) &&
        !publisher_turn(publisher, !self->publisher_idle, &self->publisher_lost)) {
        drop_publisher(self);
        if (!needed) { /* nobody waits for it: the next publish connects anew */
            self->publisher_lost = (struct error){0};
        }
    }
    self->confirms_coming = publisher->confirms.waiting < waiting;
    self->consumer_idle = self->publisher_idle = false;
}

static bool is_idle(const struct pollfd *file)
{
    return file->fd == -1 || (file->revents & ~POLLOUT) == 0;
}

void rabbit_broker_polled(struct rabbit_broker *self, const struct pollfd files[2])
{
    self->consumer_idle = is_idle(&files[0]);
    self->publisher_idle = (files[1].events & POLLIN) != 0 && is_idle(&files[1]);
}

static int timeout_of(int64_t deadline, int64_t now)
{
    return deadline <= now ? 0 : deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

/* What is to be sent is waited for in any case. */
static struct pollfd interest_of(const struct wire *wire, bool listening)
{
    struct pollfd file = wire_interest(wire);
    if (!listening) {
        file.events &= POLLOUT;
        file.fd = file.events == 0 ? -1 : file.fd;
    }
    return file;
}

struct rabbit_interest rabbit_broker_interest(const struct rabbit_broker *self)
{
    const int64_t now = wire_now_ms();
    int64_t deadline = INT64_MAX;
    if (wire_connected(&self->consumer.wire)) {
        deadline = wire_deadline(&self->consumer.wire);
    }
    if (wire_connected(&self->publisher.wire)) {
        const int64_t publisher_ms = publisher_deadline(&self->publisher);
        deadline = publisher_ms < deadline ? publisher_ms : deadline;
    }
    const bool many = self->confirms_coming && self->publisher.confirms.waiting > CONFIRMS_FEW;
    if (self->confirming && many && !self->publisher.wire.rabbit.blocked) {
        deadline = now + CONFIRMS_LOOK_MS < deadline ? now + CONFIRMS_LOOK_MS : deadline;
    }
    return (struct rabbit_interest){
        .files = {interest_of(&self->consumer.wire, self->taking),
                  interest_of(&self->publisher.wire, self->confirming && !many)},
        .delivery_waiting = wire_has_frame(&self->consumer.wire),
        .timeout_ms = timeout_of(deadline, now),
    };
}

bool rabbit_broker_blocked(const struct rabbit_broker *self)
{
    return self->publisher.wire.rabbit.blocked;
}
