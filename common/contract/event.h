/* SPDX-License-Identifier: Apache-2.0
 *
 * From what was decided to the event that says so: its body, byte for byte the same each time, and
 * the AMQP properties that follow from it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/span.h"
#include "common/contract/answer.h"
#include "common/contract/decision.h"

/* What one event may take off an arena, at most; a usual one takes less than a KiB. */
#define EVENT_MEMORY_MAX 163840u

/* In the arena. */
struct event {
    struct span routing_key;
    struct span id;   /* message_id too */
    struct span type; /* the AMQP property: the first two words of the routing key */
    struct span job;  /* correlation_id, if the job had none; absent of stock */
    struct span body; /* of content type application/cloudevents+json */
};

/* What happened to a SKU's stock, as the second word of the routing key. */
enum stock_news {
    STOCK_CHANGED,
    STOCK_OUT,  /* available became 0 */
    STOCK_BACK, /* and more again */
};

/* A SKU in a pool, as last committed. */
struct stock_report {
    struct span pool;
    struct span sku;
    int64_t unsold;
    int64_t held;
    int64_t version;
};

/* These return false, and leave the arena as it was, when it is full. */

bool event_of_decision(const char *namespace, const struct decision *decision, struct arena *arena,
                       struct event *event) MUST_CHECK;
bool event_of_answer(const char *namespace, const struct answer *answer, struct arena *arena,
                     struct event *event) MUST_CHECK;

/* version numbers the change that is told of; the report may be of a later one if it is an edge. */
bool event_of_stock(const char *namespace, enum stock_news news, int64_t version,
                    const struct stock_report *report, struct arena *arena,
                    struct event *event) MUST_CHECK;
