/* SPDX-License-Identifier: Apache-2.0
 *
 * By librabbitmq's own calls. */
#include "tests/bench/subscriber.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <amqp_framing.h>

#include "common/contract/address.h"
#include "tests/bench/measure.h"

#define CHANNEL_EVENTS 1u
#define FRAMES_MAX     1200u   /* in one turn: publishing goes on beside it */
#define EVENTS_MAX     1000000 /* in the queue, as the contract wants it bounded */

static void expect(struct subscriber *subscriber, const char *what)
{
    struct error error = {0};
    const amqp_rpc_reply_t reply = amqp_get_rpc_reply(subscriber->rabbit.connection);
    if (!rabbit_reply(&subscriber->rabbit, CHANNEL_EVENTS, reply, what, &error)) {
        measure_fail_by(&error);
    }
}

static void bind(struct subscriber *subscriber, const char *namespace)
{
    const amqp_connection_state_t connection = subscriber->rabbit.connection;
    const struct address queue = address_of(namespace, "sub.bench");
    const struct address events = address_of(namespace, "events");
    amqp_table_entry_t arguments[] = {
        {.key = amqp_cstring_bytes("x-max-length"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = EVENTS_MAX}},
        {.key = amqp_cstring_bytes("x-overflow"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("drop-head")}},
    };
    (void)amqp_queue_declare(connection, CHANNEL_EVENTS, amqp_cstring_bytes(queue.text), 0, 0, 1, 1,
                             (amqp_table_t){2, arguments}); /* asked in expect, as the next two */
    expect(subscriber, "declare a subscriber's queue");
    (void)amqp_queue_bind(connection, CHANNEL_EVENTS, amqp_cstring_bytes(queue.text),
                          amqp_cstring_bytes(events.text), amqp_cstring_bytes("#"),
                          amqp_empty_table);
    expect(subscriber, "bind a subscriber's queue");
    (void)amqp_basic_consume(connection, CHANNEL_EVENTS, amqp_cstring_bytes(queue.text),
                             amqp_empty_bytes, 0, 1, 1, amqp_empty_table);
    expect(subscriber, "consume events");
}

void subscriber_open(struct subscriber *subscriber, const struct amqp_url *url,
                     const char *namespace, const struct subscriber_sink *sink)
{
    struct error error = {0};
    *subscriber = (struct subscriber){.sink = *sink};
    if (!rabbit_open(&subscriber->rabbit, url, "bench subscribes", &error) ||
        !rabbit_channel_open(&subscriber->rabbit, CHANNEL_EVENTS, &error)) {
        measure_fail_by(&error);
    }
    bind(subscriber, namespace);
}

void subscriber_close(struct subscriber *subscriber)
{
    rabbit_close(&subscriber->rabbit);
}

static uint32_t copy(char *target, size_t capacity, amqp_bytes_t source)
{
    const size_t size = source.len < capacity ? source.len : capacity;
    memcpy(target, source.bytes, size);
    return (uint32_t)size;
}

static void finish(const struct subscriber *subscriber)
{
    const struct span id = {subscriber->id, subscriber->id_size};
    const struct span key = {subscriber->key, subscriber->key_size};
    subscriber->sink.event(subscriber->sink.self, id, key, subscriber->size);
}

static void take_header(struct subscriber *subscriber, const amqp_frame_t *frame)
{
    const amqp_basic_properties_t *properties = frame->payload.properties.decoded;
    subscriber->id_size = 0;
    if ((properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0) {
        subscriber->id_size = copy(subscriber->id, sizeof subscriber->id, properties->message_id);
    }
    subscriber->size = subscriber->left = frame->payload.properties.body_size;
    if (subscriber->left == 0) {
        finish(subscriber);
    }
}

static void take_frame(struct subscriber *subscriber, const amqp_frame_t *frame)
{
    if (rabbit_notice(&subscriber->rabbit, frame)) {
        return;
    }
    switch (frame->frame_type) {
    case AMQP_FRAME_METHOD: {
        const amqp_basic_deliver_t *deliver = frame->payload.method.decoded;
        if (frame->payload.method.id != AMQP_BASIC_DELIVER_METHOD) {
            measure_fail("the broker has taken the subscriber's queue away");
        }
        subscriber->key_size = copy(subscriber->key, sizeof subscriber->key, deliver->routing_key);
        break;
    }
    case AMQP_FRAME_HEADER:
        take_header(subscriber, frame);
        break;
    case AMQP_FRAME_BODY:
        subscriber->left -= frame->payload.body_fragment.len;
        if (subscriber->left == 0) {
            finish(subscriber);
        }
        break;
    default:
        break;
    }
}

void subscriber_turn(struct subscriber *subscriber)
{
    for (uint32_t i = 0; i < FRAMES_MAX; i++) {
        const struct timeval nothing = {0};
        struct error error = {0};
        amqp_frame_t frame;
        amqp_maybe_release_buffers(subscriber->rabbit.connection);
        const int status =
            amqp_simple_wait_frame_noblock(subscriber->rabbit.connection, &frame, &nothing);
        if (status == AMQP_STATUS_TIMEOUT) {
            subscriber->more = false;
            return;
        }
        if (!rabbit_status(&subscriber->rabbit, status, "take events", &error)) {
            measure_fail_by(&error);
        }
        take_frame(subscriber, &frame);
    }
    subscriber->more = true;
}
