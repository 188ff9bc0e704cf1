/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands beside a message's body: read from what strangers sent, written for what we send. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "worker/lane/delivery.h"
#include "worker/rabbit/frame.h"

/* Reads the payload of a content header into the delivery, as far as it names the members: size,
 * properties, headers; texts are copied into the arena. Headers of any type, depth and size are
 * passed over; a text longer than SHORT_TEXT_MAX counts as absent. False: the payload is no
 * content header. The arena must have PROPERTIES_MEMORY_MAX bytes of room. */
bool properties_read(struct fields fields, struct arena *arena,
                     struct delivery *delivery) MUST_CHECK;

#define PROPERTIES_MEMORY_MAX (6u * SHORT_TEXT_MAX)

/* The headers of such a payload, to be read value by value; empty if it has none. */
struct fields properties_headers(struct fields fields);

enum header_kind {
    HEADER_TEXT,
    HEADER_NUMBER,
    HEADER_TRUE,
};

struct header {
    struct span name;
    enum header_kind kind;
    struct span text;
    int64_t number;
};

#define HEADERS_MAX 10u

/* Of a message to be published, always persistent. What is absent is left out. */
struct properties {
    struct span content_type;
    struct span correlation_id;
    struct span reply_to;
    struct span message_id;
    struct span type;
    struct span app_id;
    int64_t timestamp; /* seconds; TIMESTAMP_NONE */
    struct header headers[HEADERS_MAX];
    uint32_t header_count;
};

/* An absent text adds nothing. */
void properties_add_text(struct properties *properties, struct span name, struct span text);
void properties_add_number(struct properties *properties, struct span name, int64_t number);
void properties_add_true(struct properties *properties, struct span name);

/* Writes one content header frame. */
void properties_write(const struct properties *properties, uint16_t channel, uint64_t body_size,
                      struct frames *frames);
