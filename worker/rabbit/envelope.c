/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts a message into frames. What strangers said, in a dead letter's properties and in the error
 * about it, is carried over as it is, cut to what AMQP takes. */
#include "worker/rabbit/envelope.h"

#include "common/base/instant.h"
#include "common/base/limits.h"
#include "common/contract/names.h"
#include "worker/rabbit/properties.h"

#define EVENT_TYPE     "application/cloudevents+json"
#define ERROR_MAX      1024u /* bytes of the header till-error */
#define BODY_FRAME_MAX 65536u

enum { FLAG_MANDATORY = 1 };

static struct span cut(struct span text, uint32_t size_max)
{
    if (text.size > size_max) {
        text.size = size_max;
        while (text.size > 0 && ((unsigned char)text.bytes[text.size] & 0xc0) == 0x80) {
            text.size--; /* not in the middle of a character */
        }
    }
    return text;
}

static struct span short_text(struct span text)
{
    return cut(text, SHORT_TEXT_MAX);
}

/* Also before 1970: the property is a number without a sign, so such a time is left out. */
static int64_t seconds_of(instant time)
{
    return time == INSTANT_NONE || time < 0 ? TIMESTAMP_NONE : time / INSTANT_SECOND;
}

static void describe_event(const struct message *message, struct properties *properties)
{
    *properties = (struct properties){
        .content_type = SPAN_OF(EVENT_TYPE),
        .correlation_id = short_text(message->correlation_id),
        .message_id = short_text(message->id),
        .type = short_text(message->type),
        .app_id = SPAN_OF("till"),
        .timestamp = seconds_of(message->time),
    };
    properties_add_text(properties, SPAN_OF("traceparent"), short_text(message->traceparent));
    if (message->repeat) {
        properties_add_true(properties, SPAN_OF("till-repeat"));
    }
}

/* Of what came in, but for the properties that a message has itself. */
static void carry_over(const struct delivery *delivery, struct properties *properties)
{
    *properties = (struct properties){
        .content_type = short_text(delivery->content_type),
        .reply_to = short_text(delivery->reply_to),
        .timestamp = delivery->timestamp,
    };
    if (delivery->timestamp_in_ms != TIMESTAMP_NONE) {
        properties_add_number(properties, SPAN_OF("timestamp_in_ms"), delivery->timestamp_in_ms);
    }
}

/* No other property of it may go on: user_id would be refused, expiration run again, CC multiply
 * (RabbitMQ 3.10.8). */
static void describe_job(const struct message *message, struct properties *properties)
{
    carry_over(message->job, properties);
    properties->message_id = short_text(message->id);
    properties->correlation_id = short_text(message->correlation_id);
    properties_add_text(properties, SPAN_OF("traceparent"), short_text(message->traceparent));
    if (message->replays > 0) {
        properties_add_number(properties, SPAN_OF("till-replays"), message->replays);
    }
}

/* The text of the header till-time; memory has room for it. */
static struct span time_text(instant time, char *memory)
{
    if (time == INSTANT_NONE) {
        return SPAN_NONE;
    }
    instant_write(time, memory);
    return (struct span){memory, INSTANT_TEXT_SIZE};
}

static void describe_dead(const struct message *message, char *time_memory,
                          struct properties *properties)
{
    const struct dead_letter *dead = message->dead;
    const struct delivery *delivery = dead->delivery;
    const char *reason = dead_reason_text(dead->reason);
    carry_over(delivery, properties);
    properties->message_id = short_text(delivery->message_id);
    properties->correlation_id = short_text(delivery->correlation_id);
    properties_add_text(properties, SPAN_OF("traceparent"), short_text(delivery->traceparent));
    properties_add_text(properties, SPAN_OF("till-reason"),
                        (struct span){reason, (uint32_t)strlen(reason)});
    properties_add_text(properties, SPAN_OF("till-error"), cut(dead->error, ERROR_MAX));
    properties_add_text(properties, SPAN_OF("till-exchange"), short_text(delivery->exchange));
    properties_add_text(properties, SPAN_OF("till-key"), short_text(delivery->routing_key));
    properties_add_text(properties, SPAN_OF("till-time"), time_text(message->time, time_memory));
    properties_add_number(properties, SPAN_OF("till-replays"), delivery->replays);
    if (delivery->size > message->body.size) {
        const int64_t size = delivery->size > INT64_MAX ? INT64_MAX : (int64_t)delivery->size;
        properties_add_number(properties, SPAN_OF("till-size"), size);
    }
}

static uint32_t body_frame_max(const struct envelope *envelope)
{
    const uint32_t frame_max =
        envelope->frame_max < BODY_FRAME_MAX ? envelope->frame_max : BODY_FRAME_MAX;
    return frame_max - FRAME_OVERHEAD;
}

static void write_body(const struct envelope *envelope, struct span body, struct frames *frames)
{
    const uint32_t piece_max = body_frame_max(envelope);
    for (uint32_t begin = 0; begin < body.size;) {
        const uint32_t left = body.size - begin;
        const struct span piece = {body.bytes + begin, left < piece_max ? left : piece_max};
        frames_begin(frames, FRAME_BODY, envelope->channel);
        frames_bytes(frames, piece);
        frames_end(frames);
        begin += piece.size;
    }
}

size_t envelope_size(const struct envelope *envelope, const struct message *message)
{
    const size_t pieces = message->body.size / body_frame_max(envelope) + 1;
    return ENVELOPE_HEAD_MAX + message->body.size + pieces * FRAME_OVERHEAD;
}

void envelope_write(const struct envelope *envelope, const struct message *message,
                    struct frames *frames)
{
    const size_t room = envelope_size(envelope, message);
    const size_t before = frames->size;
    char time_memory[INSTANT_TEXT_SIZE];
    struct properties properties;
    ENSURE(message->body.size <= ENVELOPE_BODY_MAX);
    ENSURE(frames->capacity - frames->size >= room);
    ENSURE((message->target == MESSAGE_DEAD) == (message->dead != NULL));
    switch (message->target) {
    case MESSAGE_DEAD:
        describe_dead(message, time_memory, &properties);
        break;
    case MESSAGE_JOB:
    case MESSAGE_STOCK_JOB:
        describe_job(message, &properties);
        break;
    case MESSAGE_EVENT:
    case MESSAGE_REPLY:
        describe_event(message, &properties);
        break;
    }

    frames_begin_method(frames, envelope->channel, METHOD_BASIC_PUBLISH);
    frames_short(frames, 0);
    frames_short_text(frames, envelope->exchange);
    frames_short_text(frames, short_text(message->routing_key));
    frames_octet(frames, message->target == MESSAGE_REPLY ? 0 : FLAG_MANDATORY);
    frames_end(frames);
    properties_write(&properties, envelope->channel, message->body.size, frames);
    write_body(envelope, message->body, frames);
    ENSURE(!frames->full && frames->size - before <= room);
}
