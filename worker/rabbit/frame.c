/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads and writes the frames of AMQP 0-9-1: numbers big end first, sizes before what they bound.
 */
#include "worker/rabbit/frame.h"

#define FRAME_HEAD 7u    /* type, channel, size of the payload */
#define FRAME_END  0xceu /* the last byte of each frame */

static uint64_t read_number(const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

enum frame_answer frame_find(const char *bytes, size_t size, size_t size_max, struct frame *frame,
                             size_t *found)
{
    const unsigned char *head = (const unsigned char *)bytes;
    if (size < FRAME_HEAD) {
        return FRAME_INCOMPLETE;
    }
    const size_t payload = read_number(head + 3, 4);
    if (payload > size_max - FRAME_OVERHEAD) {
        return FRAME_BROKEN;
    }
    if (size < payload + FRAME_OVERHEAD) {
        return FRAME_INCOMPLETE;
    }
    if (head[FRAME_HEAD + payload] != FRAME_END) {
        return FRAME_BROKEN;
    }

    struct frame whole = {
        .type = head[0],
        .channel = (uint16_t)read_number(head + 1, 2),
        .fields = {.at = head + FRAME_HEAD, .end = head + FRAME_HEAD + payload},
    };
    if (whole.type == FRAME_METHOD) {
        whole.method = fields_long(&whole.fields);
    }
    if (whole.fields.broken) {
        return FRAME_BROKEN;
    }
    *frame = whole;
    *found = payload + FRAME_OVERHEAD;
    return FRAME_FOUND;
}

/* NULL: so much is not there. */
static const unsigned char *take(struct fields *fields, size_t size)
{
    if (fields->broken || size > (size_t)(fields->end - fields->at)) {
        fields->broken = true;
        return NULL;
    }
    const unsigned char *taken = fields->at;
    fields->at += size;
    return taken;
}

static uint64_t take_number(struct fields *fields, size_t size)
{
    const unsigned char *bytes = take(fields, size);
    return bytes == NULL ? 0 : read_number(bytes, size);
}

uint8_t fields_octet(struct fields *fields)
{
    return (uint8_t)take_number(fields, 1);
}

uint16_t fields_short(struct fields *fields)
{
    return (uint16_t)take_number(fields, 2);
}

uint32_t fields_long(struct fields *fields)
{
    return (uint32_t)take_number(fields, 4);
}

uint64_t fields_long_long(struct fields *fields)
{
    return take_number(fields, 8);
}

struct span fields_short_text(struct fields *fields)
{
    const uint8_t size = fields_octet(fields);
    const unsigned char *bytes = take(fields, size);
    return bytes == NULL ? SPAN_OF("") : (struct span){(const char *)bytes, size};
}

struct fields fields_part(struct fields *fields)
{
    const uint32_t size = fields_long(fields);
    const unsigned char *bytes = take(fields, size);
    return bytes == NULL ? (struct fields){.broken = true}
                         : (struct fields){.at = bytes, .end = bytes + size};
}

struct span fields_rest(const struct fields *fields)
{
    return (struct span){(const char *)fields->at, (uint32_t)(fields->end - fields->at)};
}

static void put(struct frames *frames, const char *bytes, size_t size)
{
    ENSURE(frames->size <= frames->capacity);
    if (frames->full || size > frames->capacity - frames->size) {
        frames->full = true;
        return;
    }
    memcpy(frames->bytes + frames->size, bytes, size);
    frames->size += size;
}

static void put_number(struct frames *frames, uint64_t number, size_t size)
{
    char bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(number >> 8 * (size - 1 - i));
    }
    put(frames, bytes, size);
}

/* Writes the size of what stands behind a place that was kept free for it. */
static void put_size(struct frames *frames, size_t place)
{
    const size_t size = frames->size - place - 4;
    ENSURE(size <= UINT32_MAX);
    for (size_t i = 0; i < 4; i++) {
        frames->bytes[place + i] = (char)(size >> 8 * (3 - i));
    }
}

void frames_begin(struct frames *frames, uint8_t type, uint16_t channel)
{
    frames->begun = frames->size;
    frames_octet(frames, type);
    frames_short(frames, channel);
    frames_long(frames, 0);
}

void frames_begin_method(struct frames *frames, uint16_t channel, enum method method)
{
    frames_begin(frames, FRAME_METHOD, channel);
    frames_long(frames, method);
}

void frames_end(struct frames *frames)
{
    if (!frames->full) {
        put_size(frames, frames->begun + 3);
    }
    frames_octet(frames, FRAME_END);
}

void frames_octet(struct frames *frames, uint8_t value)
{
    put_number(frames, value, 1);
}

void frames_short(struct frames *frames, uint16_t value)
{
    put_number(frames, value, 2);
}

void frames_long(struct frames *frames, uint32_t value)
{
    put_number(frames, value, 4);
}

void frames_long_long(struct frames *frames, uint64_t value)
{
    put_number(frames, value, 8);
}

void frames_bytes(struct frames *frames, struct span bytes)
{
    if (bytes.size > 0) {
        put(frames, bytes.bytes, bytes.size);
    }
}

void frames_short_text(struct frames *frames, struct span text)
{
    ENSURE(text.size <= SHORT_TEXT_MAX);
    frames_octet(frames, (uint8_t)text.size);
    frames_bytes(frames, text);
}

void frames_long_text(struct frames *frames, struct span text)
{
    frames_long(frames, text.size);
    frames_bytes(frames, text);
}

size_t frames_part_begin(struct frames *frames)
{
    const size_t part = frames->size;
    frames_long(frames, 0);
    return part;
}

void frames_part_end(struct frames *frames, size_t part)
{
    if (!frames->full) {
        put_size(frames, part);
    }
}
