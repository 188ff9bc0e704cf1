/* SPDX-License-Identifier: Apache-2.0
 *
 * AMQP 0-9-1 on the wire: bytes into frames and their fields, and back.
 *
 * Our own, because librabbitmq 0.11's decoder calls itself for each table inside a table, as deep
 * as the frame is long: a stranger's header would overflow the stack, and come back to the next
 * worker. And because many messages go into one send only if their frames can be written into
 * memory.
 *
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/ensure.h"
#include "common/base/span.h"

#define FRAME_METHOD    1u
#define FRAME_HEADER    2u
#define FRAME_BODY      3u
#define FRAME_HEARTBEAT 8u

#define FRAME_OVERHEAD 8u /* bytes beside the payload */
#define CLASS_BASIC    60u
#define SHORT_TEXT_MAX 255u /* bytes of what AMQP calls a short string */

/* A method's number: its class, then its own. */
#define METHOD(class_id, method_id) ((uint32_t)(class_id) << 16 | (method_id))
enum method {
    METHOD_CONNECTION_CLOSE = METHOD(10, 50),
    METHOD_CONNECTION_CLOSE_OK = METHOD(10, 51),
    METHOD_CONNECTION_BLOCKED = METHOD(10, 60),
    METHOD_CONNECTION_UNBLOCKED = METHOD(10, 61),
    METHOD_CHANNEL_OPEN = METHOD(20, 10),
    METHOD_CHANNEL_OPEN_OK = METHOD(20, 11),
    METHOD_CHANNEL_CLOSE = METHOD(20, 40),
    METHOD_CHANNEL_CLOSE_OK = METHOD(20, 41),
    METHOD_QUEUE_DECLARE = METHOD(50, 10),
    METHOD_QUEUE_DECLARE_OK = METHOD(50, 11),
    METHOD_QUEUE_BIND = METHOD(50, 20),
    METHOD_QUEUE_BIND_OK = METHOD(50, 21),
    METHOD_BASIC_QOS = METHOD(60, 10),
    METHOD_BASIC_QOS_OK = METHOD(60, 11),
    METHOD_BASIC_CONSUME = METHOD(60, 20),
    METHOD_BASIC_CONSUME_OK = METHOD(60, 21),
    METHOD_BASIC_CANCEL = METHOD(60, 30),
    METHOD_BASIC_CANCEL_OK = METHOD(60, 31),
    METHOD_BASIC_PUBLISH = METHOD(60, 40),
    METHOD_BASIC_RETURN = METHOD(60, 50),
    METHOD_BASIC_DELIVER = METHOD(60, 60),
    METHOD_BASIC_ACK = METHOD(60, 80),
    METHOD_BASIC_NACK = METHOD(60, 120),
    METHOD_CONFIRM_SELECT = METHOD(85, 10),
    METHOD_CONFIRM_SELECT_OK = METHOD(85, 11),
};

/* What is left to read of a payload. What is not there reads as 0, or empty, and is remembered: a
 * reader is asked once, at the end, whether all of it was there. */
struct fields {
    const unsigned char *at;
    const unsigned char *end;
    bool broken;
};

/* A frame points into the bytes that it was found in. */
struct frame {
    uint8_t type;
    uint16_t channel;
    uint32_t method;      /* of a method frame, else 0 */
    struct fields fields; /* the payload; of a method frame, its arguments */
};

enum frame_answer {
    FRAME_FOUND,
    FRAME_INCOMPLETE, /* more bytes are needed */
    FRAME_BROKEN,     /* what came is no AMQP, or larger than was agreed */
};

/* Looks at the beginning of the bytes. Writes how many of them the frame has. */
enum frame_answer frame_find(const char *bytes, size_t size, size_t size_max, struct frame *frame,
                             size_t *found) MUST_CHECK;

uint8_t fields_octet(struct fields *fields);
uint16_t fields_short(struct fields *fields);
uint32_t fields_long(struct fields *fields);
uint64_t fields_long_long(struct fields *fields);
struct span fields_short_text(struct fields *fields);

/* A long string, or the inside of a table: to be read on its own. */
struct fields fields_part(struct fields *fields);
struct span fields_rest(const struct fields *fields);

/* Frames written one behind the other into the caller's memory. What does not fit is dropped and
 * remembered. */
struct frames {
    char *bytes;
    size_t size;
    size_t capacity;
    size_t begun; /* where the frame being written begins */
    bool full;
};

void frames_begin(struct frames *frames, uint8_t type, uint16_t channel);
void frames_begin_method(struct frames *frames, uint16_t channel, enum method method);
void frames_end(struct frames *frames);

void frames_octet(struct frames *frames, uint8_t value);
void frames_short(struct frames *frames, uint16_t value);
void frames_long(struct frames *frames, uint32_t value);
void frames_long_long(struct frames *frames, uint64_t value);
void frames_bytes(struct frames *frames, struct span bytes);

/* At most SHORT_TEXT_MAX bytes. */
void frames_short_text(struct frames *frames, struct span text);
void frames_long_text(struct frames *frames, struct span text);

/* A table, or whatever else has its size in front: begin returns what end must be given. */
size_t frames_part_begin(struct frames *frames);
void frames_part_end(struct frames *frames, size_t part);
