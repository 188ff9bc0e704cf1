/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames into letters. */
#include "worker/rabbit/letter.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_SIZE (2u * SHORT_TEXT_MAX)

bool letters_open(struct letters *letters, uint32_t body_max, struct error *error)
{
    *letters = (struct letters){.body_max = body_max,
                                .memory = malloc(NAMES_SIZE + LETTER_HEAD_MAX + body_max)};
    return letters->memory != NULL || error_set(error, ERROR_FATAL, "out of memory");
}

void letters_close(struct letters *letters)
{
    free(letters->memory);
    letters->memory = NULL;
}

static enum port_answer fail(struct letters *letters, struct error *error)
{
    letters->part = LETTER_METHOD;
    error_set(error, ERROR_RETRY, "what the broker delivers makes no sense");
    return PORT_FAILED;
}

static struct span keep(char *memory, struct span text)
{
    memcpy(memory, text.bytes, text.size);
    return (struct span){memory, text.size};
}

static enum port_answer begin(struct letters *letters, const struct frame *frame,
                              struct error *error)
{
    struct fields fields = frame->fields;
    (void)fields_short_text(&fields); /* the consumer's tag */
    letters->letter = (struct letter){.channel = frame->channel, .tag = fields_long_long(&fields)};
    (void)fields_octet(&fields); /* whether it was delivered before */
    const struct span exchange = fields_short_text(&fields);
    const struct span routing_key = fields_short_text(&fields);
    if (fields.broken) {
        return fail(letters, error);
    }
    letters->letter.exchange = keep(letters->memory, exchange);
    letters->letter.routing_key = keep(letters->memory + SHORT_TEXT_MAX, routing_key);
    letters->part = LETTER_HEADER;
    return PORT_WAIT;
}

static enum port_answer take_head(struct letters *letters, const struct frame *frame,
                                  struct error *error)
{
    struct letter *letter = &letters->letter;
    struct fields fields = frame->fields;
    const struct span payload = fields_rest(&fields);
    char *memory = letters->memory + NAMES_SIZE;
    (void)fields_long(&fields); /* class and weight */
    letter->size = letters->body_left = fields_long_long(&fields);
    if (fields.broken) {
        return fail(letters, error);
    }
    if (payload.size <= LETTER_HEAD_MAX) {
        const unsigned char *bytes = (const unsigned char *)keep(memory, payload).bytes;
        letter->head = (struct fields){.at = bytes, .end = bytes + payload.size};
    } else {
        letter->head = (struct fields){.broken = true};
    }
    letter->body = (struct span){memory + LETTER_HEAD_MAX, 0};
    letters->part = letters->body_left == 0 ? LETTER_METHOD : LETTER_BODY;
    return letters->body_left == 0 ? PORT_DONE : PORT_WAIT;
}

static enum port_answer take_body(struct letters *letters, const struct frame *frame,
                                  struct error *error)
{
    struct span *body = &letters->letter.body;
    const struct span bytes = fields_rest(&frame->fields);
    if (bytes.size > letters->body_left) {
        return fail(letters, error);
    }
    const uint32_t room = letters->body_max - body->size;
    const uint32_t kept = bytes.size < room ? bytes.size : room;
    memcpy(letters->memory + NAMES_SIZE + LETTER_HEAD_MAX + body->size, bytes.bytes, kept);
    body->size += kept;
    letters->body_left -= bytes.size;
    if (letters->body_left > 0) {
        return PORT_WAIT;
    }
    letters->part = LETTER_METHOD;
    return PORT_DONE;
}

enum port_answer letters_take(struct letters *letters, const struct frame *frame,
                              struct error *error)
{
    if (frame->type == FRAME_METHOD && frame->method == METHOD_BASIC_DELIVER) {
        return begin(letters, frame, error);
    }
    if (frame->type == FRAME_HEADER && letters->part == LETTER_HEADER) {
        return take_head(letters, frame, error);
    }
    if (frame->type == FRAME_BODY && letters->part == LETTER_BODY) {
        return take_body(letters, frame, error);
    }
    return PORT_WAIT;
}
