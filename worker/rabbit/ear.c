/* SPDX-License-Identifier: Apache-2.0
 *
 * An exclusive queue, and what comes out of it. Acknowledging is left to the broker: a program that
 * loses its connection loses the queue too. */
#include "worker/rabbit/ear.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <amqp.h>
#include <amqp_framing.h>

/* Not 1: that is for what topology.h and backlog.h do on the same connection. */
#define CHANNEL_EAR 2u

#define TURN_MESSAGES 64u /* in one turn */

#define MARK_TYPE "mark"

bool ear_open(struct ear *ear, const struct amqp_url *url, const char *namespace, const char *name,
              struct error *error)
{
    char what[ADDRESS_MAX];
    (void)snprintf(what, sizeof what, "sub.%s", name);
    *ear = (struct ear){.queue = address_of(namespace, what)};
    if (!rabbit_open(&ear->rabbit, url, "till ear", error)) {
        return false;
    }
    if (!rabbit_channel_open(&ear->rabbit, CHANNEL_EAR, error)) {
        ear_close(ear);
        return false;
    }
    (void)amqp_queue_declare(ear->rabbit.connection, CHANNEL_EAR,
                             amqp_cstring_bytes(ear->queue.text), 0, 0, 1, 0,
                             amqp_empty_table); /* asked below */
    if (rabbit_reply(&ear->rabbit, CHANNEL_EAR, amqp_get_rpc_reply(ear->rabbit.connection),
                     "declare a queue of our own", error)) {
        return true;
    }
    if (ear->rabbit.reply_code == AMQP_RESOURCE_LOCKED) {
        error_set(error, ERROR_REFUSED, "another program has the queue \"%s\"", ear->queue.text);
    }
    const uint16_t reply_code = ear->rabbit.reply_code;
    ear_close(ear);
    ear->rabbit.reply_code = reply_code;
    return false;
}

void ear_close(struct ear *ear)
{
    rabbit_close(&ear->rabbit);
}

bool ear_bind(struct ear *ear, const char *namespace, const char *pattern, struct error *error)
{
    const struct address exchange = address_of(namespace, "events");
    (void)amqp_queue_bind(ear->rabbit.connection, CHANNEL_EAR, amqp_cstring_bytes(ear->queue.text),
                          amqp_cstring_bytes(exchange.text), amqp_cstring_bytes(pattern),
                          amqp_empty_table); /* asked below */
    return rabbit_reply(&ear->rabbit, CHANNEL_EAR, amqp_get_rpc_reply(ear->rabbit.connection),
                        "ask for events", error);
}

bool ear_listen(struct ear *ear, struct error *error)
{
    (void)amqp_basic_consume(ear->rabbit.connection, CHANNEL_EAR,
                             amqp_cstring_bytes(ear->queue.text), amqp_empty_bytes, 0, 1, 1,
                             amqp_empty_table); /* asked below */
    return rabbit_reply(&ear->rabbit, CHANNEL_EAR, amqp_get_rpc_reply(ear->rabbit.connection),
                        "listen to events", error);
}

static bool bytes_are(amqp_bytes_t bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.bytes, text, bytes.len) == 0;
}

static bool is_mark(const amqp_envelope_t *envelope)
{
    const amqp_basic_properties_t *properties = &envelope->message.properties;
    return envelope->exchange.len == 0 && (properties->_flags & AMQP_BASIC_TYPE_FLAG) != 0 &&
           bytes_are(properties->type, MARK_TYPE);
}

static bool is_repeat(const amqp_basic_properties_t *properties)
{
    if ((properties->_flags & AMQP_BASIC_HEADERS_FLAG) == 0) {
        return false;
    }
    for (int i = 0; i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];
        if (bytes_are(entry->key, "till-repeat") && entry->value.kind == AMQP_FIELD_KIND_BOOLEAN) {
            return entry->value.value.boolean != 0;
        }
    }
    return false;
}

static void take(struct ear *ear, const amqp_envelope_t *envelope, ear_hear *hear, void *self)
{
    if (is_mark(envelope)) {
        ear->marks_heard++;
        return;
    }
    const amqp_bytes_t body = envelope->message.body;
    hear(self, (struct span){body.bytes, (uint32_t)body.len},
         is_repeat(&envelope->message.properties));
}

/* What is no delivery: the broker tells of blocking, or of an end. */
static bool take_other(struct ear *ear, struct error *error)
{
    const struct timeval at_once = {0};
    amqp_frame_t frame;
    const int status = amqp_simple_wait_frame_noblock(ear->rabbit.connection, &frame, &at_once);
    if (status == AMQP_STATUS_TIMEOUT) {
        return true;
    }
    if (!rabbit_status(&ear->rabbit, status, "listen to events", error)) {
        return false;
    }
    if (rabbit_notice(&ear->rabbit, &frame) || frame.frame_type != AMQP_FRAME_METHOD) {
        return true;
    }
    if (frame.payload.method.id == AMQP_BASIC_CANCEL_METHOD) {
        return error_set(error, ERROR_RETRY, "broker %s: the queue \"%s\" was removed",
                         ear->rabbit.address, ear->queue.text);
    }
    const amqp_rpc_reply_t reply = {.reply_type = AMQP_RESPONSE_SERVER_EXCEPTION,
                                    .reply = frame.payload.method};
    return rabbit_reply(&ear->rabbit, frame.channel, reply, "listen to events", error);
}

bool ear_turn(struct ear *ear, int timeout_ms, ear_hear *hear, void *self, struct error *error)
{
    struct timeval wait = {.tv_sec = timeout_ms / 1000,
                           .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    for (uint32_t i = 0; i < TURN_MESSAGES; i++) {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(ear->rabbit.connection);
        const amqp_rpc_reply_t reply =
            amqp_consume_message(ear->rabbit.connection, &envelope, &wait, 0);
        const bool none = reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION;
        if (none && reply.library_error == AMQP_STATUS_TIMEOUT) {
            return true;
        }
        wait = (struct timeval){0};
        if (none && reply.library_error == AMQP_STATUS_UNEXPECTED_STATE) {
            if (!take_other(ear, error)) {
                return false;
            }
            continue;
        }
        if (!rabbit_reply(&ear->rabbit, CHANNEL_EAR, reply, "listen to events", error)) {
            return false;
        }
        take(ear, &envelope, hear, self);
        amqp_destroy_envelope(&envelope);
    }
    return true;
}

bool ear_mark(struct ear *ear, struct error *error)
{
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_TYPE_FLAG,
                                                .type = amqp_cstring_bytes(MARK_TYPE)};
    const int status = amqp_basic_publish(ear->rabbit.connection, CHANNEL_EAR, amqp_empty_bytes,
                                          amqp_cstring_bytes(ear->queue.text), 0, 0, &properties,
                                          amqp_empty_bytes);
    ear->marks_sent++;
    return rabbit_status(&ear->rabbit, status, "mark the end of the events", error);
}

bool ear_caught_up(const struct ear *ear)
{
    return ear->marks_heard == ear->marks_sent;
}
