/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames into deliveries. */
#include "worker/rabbit/consumer.h"

#include <inttypes.h>
#include <stdio.h>

#include "worker/rabbit/channel.h"
#include "worker/rabbit/properties.h"

#define CHANNELS 8u /* used in turn; their numbers are 1 to this */

_Static_assert(PROPERTIES_MEMORY_MAX + 2 * SHORT_TEXT_MAX + JOB_SIZE_MAX <= DELIVERY_MEMORY_MAX,
               "a delivery with the longest properties must fit");
_Static_assert(CHANNELS < 32, "the channels being closed are the bits of a number");

void consumer_init(struct consumer *consumer, struct address queue, uint16_t prefetch)
{
    ENSURE(prefetch > 0); /* 0 would mean without a bound */
    consumer->queue = queue;
    consumer->prefetch = prefetch;
    consumer->channel = 1;
    consumer->subscriptions = 0;
    consumer->answer_timeout_ms = ANSWER_TIMEOUT_MS;
    arena_init(&consumer->arena, consumer->memory, sizeof consumer->memory);
    consumer_forget(consumer);
}

void consumer_forget(struct consumer *consumer)
{
    consumer->state = CONSUMER_IDLE;
    consumer->closing = 0;
    consumer->part = PART_METHOD;
    consumer->asking_ms = 0;
}

static struct span text_of(const char *string)
{
    return (struct span){string, (uint32_t)strlen(string)};
}

/* Opening, prefetch and consuming in one go: a refusal of any closes the channel. */
static void request(const struct consumer *consumer, struct frames *output)
{
    char tag[ADDRESS_MAX + sizeof ".18446744073709551615"];
    const uint16_t channel = consumer->channel;
    (void)snprintf(tag, sizeof tag, "%s.%" PRIu64, consumer->queue.text, consumer->subscriptions);

    channel_open(channel, output);

    frames_begin_method(output, channel, METHOD_BASIC_QOS);
    frames_long(output, 0);
    frames_short(output, consumer->prefetch);
    frames_octet(output, 0); /* for each consumer: quorum queues know no other */
    frames_end(output);

    frames_begin_method(output, channel, METHOD_BASIC_CONSUME);
    frames_short(output, 0);
    frames_short_text(output, text_of(consumer->queue.text));
    frames_short_text(output, text_of(tag));
    frames_octet(output, 0); /* with acknowledgements, not exclusive, with an answer */
    frames_long(output, 0);
    frames_end(output);
}

static enum port_answer fail(struct consumer *consumer, struct error *error)
{
    consumer->state = CONSUMER_IDLE;
    consumer->part = PART_METHOD;
    error_wrap(error, "queue \"%s\"", consumer->queue.text);
    return PORT_FAILED;
}

/* What the broker says is not AMQP, or not in the order of it: nothing is to be had from this
 * connection any more. */
static enum port_answer fail_senseless(struct consumer *consumer, const char *what,
                                       struct error *error)
{
    consumer->wire.rabbit.broken = true;
    error_set(error, ERROR_RETRY, "broker %s: %s makes no sense", consumer->wire.rabbit.address,
              what);
    return fail(consumer, error);
}

static enum port_answer cancelled(struct consumer *consumer, struct error *error)
{
    consumer_give_back(consumer);
    error_set(error, ERROR_RETRY, "consumer cancelled by the broker: the queue is gone");
    error_advise(error, "Run till setup, unless the number of lanes has just been changed.");
    return fail(consumer, error);
}

static void begin_delivery(struct consumer *consumer, struct fields fields)
{
    arena_reset(&consumer->arena);
    consumer->delivery = (struct delivery){0};
    (void)fields_short_text(&fields); /* the tag: there is one consumer a channel */
    consumer->delivery.tag = fields_long_long(&fields);
    consumer->redelivered = (fields_octet(&fields) & 1) != 0;
    const struct span exchange = fields_short_text(&fields);
    const struct span routing_key = fields_short_text(&fields);

    char *bytes = arena_take_bytes(&consumer->arena, exchange.size + routing_key.size);
    ENSURE(bytes != NULL);
    memcpy(bytes, exchange.bytes, exchange.size);
    memcpy(bytes + exchange.size, routing_key.bytes, routing_key.size);
    consumer->delivery.exchange = (struct span){bytes, exchange.size};
    consumer->delivery.routing_key = (struct span){bytes + exchange.size, routing_key.size};
    consumer->part = fields.broken ? PART_METHOD : PART_HEADER;
}

/* PORT_DONE: the delivery is whole. */
static enum port_answer take_header(struct consumer *consumer, const struct frame *frame,
                                    struct error *error)
{
    struct delivery *delivery = &consumer->delivery;
    if (!properties_read(frame->fields, &consumer->arena, delivery)) {
        return fail_senseless(consumer, "a content header", error);
    }
    /* A publisher can write the header himself; the broker, only over it. */
    delivery->delivery_count = consumer->redelivered ? delivery->delivery_count : 0;
    const uint32_t kept = delivery->size < JOB_SIZE_MAX ? (uint32_t)delivery->size : JOB_SIZE_MAX;
    consumer->body = arena_take_bytes(&consumer->arena, kept);
    ENSURE(consumer->body != NULL);
    delivery->body = (struct span){consumer->body, 0};
    consumer->body_left = delivery->size;
    consumer->part = consumer->body_left == 0 ? PART_METHOD : PART_BODY;
    return consumer->body_left == 0 ? PORT_DONE : PORT_WAIT;
}

/* What is beyond JOB_SIZE_MAX is only counted. */
static enum port_answer take_body(struct consumer *consumer, const struct frame *frame,
                                  struct error *error)
{
    struct span *body = &consumer->delivery.body;
    const struct span bytes = fields_rest(&frame->fields);
    if (bytes.size > consumer->body_left) {
        return fail_senseless(consumer, "a body longer than announced", error);
    }
    const uint32_t room = JOB_SIZE_MAX - body->size;
    const uint32_t kept = bytes.size < room ? bytes.size : room;
    memcpy(consumer->body + body->size, bytes.bytes, kept);
    body->size += kept;
    consumer->body_left -= bytes.size;
    if (consumer->body_left > 0) {
        return PORT_WAIT;
    }
    consumer->part = PART_METHOD;
    return PORT_DONE;
}

static enum port_answer take_method(struct consumer *consumer, const struct frame *frame,
                                    struct error *error)
{
    switch (frame->method) {
    case METHOD_BASIC_CONSUME_OK:
        consumer->state = CONSUMER_CONSUMING;
        return PORT_WAIT;
    case METHOD_BASIC_DELIVER:
        begin_delivery(consumer, frame->fields);
        return consumer->part == PART_HEADER ? PORT_WAIT
                                             : fail_senseless(consumer, "a delivery", error);
    case METHOD_BASIC_CANCEL:
        return cancelled(consumer, error);
    case METHOD_CHANNEL_CLOSE:
        (void)channel_refused(&consumer->wire, frame, error); /* false, as all that set an error */
        return fail(consumer, error);
    default:
        return PORT_WAIT; /* open-ok, qos-ok, and what later versions may say */
    }
}

/* A channel that we have closed may still say something before it has heard of it. */
static void note_closed(struct consumer *consumer, const struct frame *frame)
{
    const bool known = frame->channel <= CHANNELS;
    if (known &&
        (frame->method == METHOD_CHANNEL_CLOSE_OK || frame->method == METHOD_CHANNEL_CLOSE)) {
        consumer->closing &= ~(1u << frame->channel);
    }
    if (frame->method == METHOD_CHANNEL_CLOSE) {
        struct error late = {0};
        (void)channel_refused(&consumer->wire, frame, &late); /* the channel is not used any more */
    }
}

/* PORT_DONE: a delivery is whole. PORT_WAIT: the frame was something else, or a part of one. */
static enum port_answer take_frame(struct consumer *consumer, const struct frame *frame,
                                   struct error *error)
{
    if (frame->channel != consumer->channel || consumer->state == CONSUMER_IDLE) {
        note_closed(consumer, frame);
        return PORT_WAIT;
    }
    if (frame->type == FRAME_METHOD) {
        consumer->part = PART_METHOD;
        return take_method(consumer, frame, error);
    }
    if (frame->type == FRAME_HEADER && consumer->part == PART_HEADER) {
        return take_header(consumer, frame, error);
    }
    if (frame->type == FRAME_BODY && consumer->part == PART_BODY) {
        return take_body(consumer, frame, error);
    }
    return fail_senseless(consumer, "a frame out of turn", error);
}

/* Frames, until a delivery is whole or nothing more is there. */
static enum port_answer advance(struct consumer *consumer, struct error *error)
{
    for (;;) {
        struct frame frame;
        const enum port_answer next = wire_next(&consumer->wire, &frame, error);
        if (next != PORT_DONE) {
            return next;
        }
        const enum port_answer answer = take_frame(consumer, &frame, error);
        if (answer != PORT_WAIT) {
            return answer;
        }
    }
}

/* Frames, until the broker has answered: what is behind the answer is left for take. */
static enum port_answer await_answer(struct consumer *consumer, struct error *error)
{
    while (consumer->state == CONSUMER_ASKED) {
        struct frame frame;
        const enum port_answer next = wire_next(&consumer->wire, &frame, error);
        if (next != PORT_DONE) {
            return next;
        }
        if (take_frame(consumer, &frame, error) == PORT_FAILED) {
            return PORT_FAILED;
        }
    }
    return PORT_DONE;
}

/* Frames, until the channel is free and there is room: before the broker has closed it, much of
 * what was on its way may come. */
static enum port_answer await_channel(struct consumer *consumer, uint16_t channel,
                                      struct frames **output, struct error *error)
{
    while (wire_connected(&consumer->wire)) {
        struct frame frame;
        *output = wire_output(&consumer->wire, CHANNEL_REQUEST_SIZE);
        if (*output != NULL && (consumer->closing & 1u << channel) == 0) {
            return PORT_DONE;
        }
        const enum port_answer next = wire_next(&consumer->wire, &frame, error);
        if (next != PORT_DONE) {
            return next;
        }
        note_closed(consumer, &frame);
    }
    return PORT_WAIT; /* a new connection is made next */
}

/* Asks, once the channel that is next in turn is free. */
static enum port_answer ask(struct consumer *consumer, struct error *error)
{
    const uint16_t channel = (uint16_t)(consumer->channel % CHANNELS + 1);
    struct frames *output = NULL;
    const enum port_answer ready = await_channel(consumer, channel, &output, error);
    if (ready != PORT_DONE) {
        return ready;
    }
    consumer->channel = channel;
    consumer->subscriptions++;
    consumer->state = CONSUMER_ASKED;
    consumer->part = PART_METHOD;
    request(consumer, output);
    return PORT_DONE;
}

static enum port_answer subscribe(struct consumer *consumer, struct error *error)
{
    if (consumer->state == CONSUMER_IDLE) {
        const enum port_answer asked = ask(consumer, error);
        if (asked != PORT_DONE) {
            return asked;
        }
    }
    (void)wire_flush(&consumer->wire); /* or with the next */
    return await_answer(consumer, error);
}

/* A connection may live and its channel hang, at a queue whose leader does not answer. */
static enum port_answer give_up(struct consumer *consumer, struct error *error)
{
    const struct rabbit *rabbit = &consumer->wire.rabbit;
    error_set(error, ERROR_RETRY, "broker %s: no answer to a subscription within %u ms",
              rabbit->address, (unsigned)consumer->answer_timeout_ms);
    error_advise(error, "Check that the queue has its leader: rabbitmqctl list_queues name type "
                        "state.");
    consumer->wire.rabbit.broken = true; /* the next attempt has another connection */
    return fail(consumer, error);
}

enum port_answer consumer_subscribe(struct consumer *consumer, struct error *error)
{
    const int64_t now = wire_now_ms();
    consumer->asking_ms = consumer->asking_ms == 0 ? now : consumer->asking_ms;
    const bool late = now - consumer->asking_ms >= consumer->answer_timeout_ms;
    const enum port_answer answer = subscribe(consumer, error);
    if (answer == PORT_WAIT && !late) {
        return answer;
    }
    consumer->asking_ms = 0;
    return answer == PORT_WAIT ? give_up(consumer, error) : answer;
}

static struct span moved(struct span text, const char *from, char *to)
{
    return span_absent(text) ? text : (struct span){to + (text.bytes - from), text.size};
}

/* All of it lies in one piece of memory, so one piece goes over. */
static void hand_over(const struct consumer *consumer, struct arena *arena,
                      struct delivery *delivery)
{
    const char *from = consumer->memory;
    char *to = arena_take_bytes(arena, consumer->arena.used);
    ENSURE(to != NULL); /* the caller has left room */
    memcpy(to, from, consumer->arena.used);
    *delivery = consumer->delivery;
    delivery->body = moved(delivery->body, from, to);
    delivery->exchange = moved(delivery->exchange, from, to);
    delivery->routing_key = moved(delivery->routing_key, from, to);
    delivery->message_id = moved(delivery->message_id, from, to);
    delivery->correlation_id = moved(delivery->correlation_id, from, to);
    delivery->reply_to = moved(delivery->reply_to, from, to);
    delivery->content_type = moved(delivery->content_type, from, to);
    delivery->type = moved(delivery->type, from, to);
    delivery->traceparent = moved(delivery->traceparent, from, to);
}

enum port_answer consumer_take(struct consumer *consumer, struct arena *arena,
                               struct delivery *delivery, struct error *error)
{
    ENSURE(consumer->state == CONSUMER_CONSUMING);
    const enum port_answer answer = advance(consumer, error);
    if (answer == PORT_DONE) {
        hand_over(consumer, arena, delivery);
    }
    return answer;
}

/* Always all up to a tag: quorum queues keep back single acknowledgements when there are many, and
 * forget them with the channel (RabbitMQ 3.10.8). */
enum port_answer consumer_acknowledge(struct consumer *consumer, uint64_t tag, struct error *error)
{
    ENSURE(tag > 0); /* 0 would mean all that was delivered */
    (void)error;
    struct frames *output = wire_output(&consumer->wire, CHANNEL_REQUEST_SIZE);
    if (output == NULL) {
        (void)wire_flush(&consumer->wire); /* whether it made room, the next call sees */
        return PORT_WAIT;
    }
    frames_begin_method(output, consumer->channel, METHOD_BASIC_ACK);
    frames_long_long(output, tag);
    frames_octet(output, 1);
    frames_end(output);
    (void)wire_flush(&consumer->wire); /* or with the next */
    return PORT_DONE;
}

void consumer_give_back(struct consumer *consumer)
{
    if (consumer->state == CONSUMER_IDLE) {
        return;
    }
    consumer->state = CONSUMER_IDLE;
    consumer->part = PART_METHOD;
    consumer->asking_ms = 0;
    struct frames *output = wire_output(&consumer->wire, CHANNEL_REQUEST_SIZE);
    if (output == NULL) {
        consumer->wire.rabbit.broken =
            true; /* the broker does not read: the connection has to go */
        return;
    }
    channel_close(consumer->channel, output);
    consumer->closing |= 1u << consumer->channel;
    (void)wire_flush(&consumer->wire); /* or with the next */
}
