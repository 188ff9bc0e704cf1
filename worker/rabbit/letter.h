/* SPDX-License-Identifier: Apache-2.0
 *
 * A message as it came, with all that stands beside its body, put together from frames: for
 * commands that show messages or pass them on. What a lane takes is a delivery (consumer.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/lane/ports.h"
#include "worker/rabbit/frame.h"

#define LETTER_HEAD_MAX 131072u /* bytes of properties and headers; of more, none are kept */

/* In the memory of whoever put it together, until the next begins. */
struct letter {
    uint64_t tag; /* of its channel */
    uint16_t channel;
    struct span exchange;
    struct span routing_key;
    struct fields head; /* the payload of its content header */
    struct span body;   /* as much as there was room for */
    uint64_t size;      /* of the body as sent */
};

enum letter_part {
    LETTER_METHOD,
    LETTER_HEADER,
    LETTER_BODY,
};

struct letters {
    struct letter letter;
    enum letter_part part;
    uint64_t body_left;
    uint32_t body_max;
    char *memory; /* the two names, the head, the body */
};

/* Of a body that is longer only body_max bytes are kept. Fails for want of memory only. */
bool letters_open(struct letters *letters, uint32_t body_max, struct error *error) MUST_CHECK;

/* Accepts all zeros. */
void letters_close(struct letters *letters);

/* Takes the next frame. PORT_DONE: the letter is whole. PORT_WAIT: it is not, or the frame has
 * nothing to do with letters. */
enum port_answer letters_take(struct letters *letters, const struct frame *frame,
                              struct error *error);
