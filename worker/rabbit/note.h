/* SPDX-License-Identifier: Apache-2.0
 *
 * What the headers of a dead letter say: why it was put aside, and where it came from. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/instant.h"
#include "common/contract/json_write.h"
#include "worker/rabbit/frame.h"

#define NOTE_REASON_UNKNOWN "unknown" /* neither a worker nor the broker has put it here */

/* Texts are in the headers; absent, and INSTANT_NONE, where nothing is said. */
struct note {
    bool by_broker;     /* which then has the last word: a publisher's own headers survive */
    struct span reason; /* never absent */
    struct span error;
    struct span exchange;
    struct span key;
    instant time;
    uint32_t replays;
    int64_t size; /* of the body, where the worker kept a part only; else 0 */
};

void note_read(struct fields headers, struct note *note);

/* The headers as a JSON object; what is nested deeper than NOTE_DEPTH_MAX, and numbers that are no
 * integers, as null. */
#define NOTE_DEPTH_MAX 8u
void note_write_headers(struct fields headers, struct json *json);
