/* SPDX-License-Identifier: Apache-2.0
 *
 * A job as the broker delivered it: not parsed yet, and whatever it says not believed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"
#include "common/base/span.h"

#define TIMESTAMP_NONE INT64_MIN

/* The type of a message that only shows where messages go. Nobody but who may write the lanes'
 * exchange can send one that counts as such; it is dropped. */
#define DELIVERY_PROBE "till.probe"

/* What one delivery may take off an arena: its body, and properties of 255 bytes each. */
#define DELIVERY_MEMORY_MAX (JOB_SIZE_MAX + 8u * 1024u)

/* Everything was copied into the batch's arena when it came in. Properties that were not set are
 * absent. */
struct delivery {
    uint64_t tag;            /* of the channel; rises with each delivery */
    uint32_t delivery_count; /* x-delivery-count: how often it was delivered before */
    uint64_t size;           /* of the body as sent */
    struct span body;        /* of one larger than JOB_SIZE_MAX, the first JOB_SIZE_MAX bytes */
    struct span exchange;    /* to which it was first published */
    struct span routing_key;
    struct span message_id;
    struct span correlation_id;
    struct span reply_to;
    struct span content_type;
    struct span type;
    struct span traceparent; /* a header */
    int64_t timestamp;       /* seconds; TIMESTAMP_NONE */
    int64_t timestamp_in_ms; /* a header; TIMESTAMP_NONE */
    uint32_t replays; /* of a dead letter that was replayed: how often (header till-replays) */
};
