/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker publishes: a lane its events, dead letters and replies; the sorter and the sweeper,
 * jobs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"
#include "common/contract/answer.h"
#include "common/contract/job.h"
#include "worker/lane/delivery.h"

enum message_target {
    MESSAGE_EVENT,     /* to NS.events */
    MESSAGE_DEAD,      /* to NS.dead */
    MESSAGE_REPLY,     /* to one queue, at most once, never waited for */
    MESSAGE_JOB,       /* to NS.jobs */
    MESSAGE_STOCK_JOB, /* to NS.stock */
};

/* Why a job is put aside; becomes the headers till-... */
struct dead_letter {
    enum dead_reason reason;
    struct span error;
    const struct delivery *delivery; /* its properties are carried over */
};

/* Everything points into the batch's arena, and stays until the message is confirmed. What a job
 * carries over and has no member here is taken from the delivery. */
struct message {
    enum message_target target;
    struct span routing_key; /* of a reply: the queue */
    struct span body;
    struct span id;
    struct span correlation_id;
    struct span type;
    struct span traceparent;
    instant time;                   /* INSTANT_NONE: none */
    bool repeat;                    /* may have been published before */
    const struct dead_letter *dead; /* of a dead letter; else NULL */
    const struct delivery *job;     /* of a job: how it came; else NULL */
    uint32_t replays;               /* of a job that was a dead letter: how often it was replayed */
};
