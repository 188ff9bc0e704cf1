/* SPDX-License-Identifier: Apache-2.0
 *
 * The consumer of one lane's queue: subscribes, assembles deliveries, acknowledges, gives back.
 *
 * Each subscription has another channel and another tag than the one before: RabbitMQ 3.10.8
 * crashes a channel on which a tag comes back. Channel numbers go round in a small circle, for the
 * broker keeps something for each number ever used. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/address.h"
#include "worker/lane/ports.h"
#include "worker/rabbit/wire.h"

#define CONSUMER_OUTPUT_SIZE (16u * 1024u)

enum consumer_state {
    CONSUMER_IDLE,      /* no channel */
    CONSUMER_ASKED,     /* consume-ok has not come yet */
    CONSUMER_CONSUMING, /* or standing by: the broker tells only by delivering */
};

/* What of a message has to come yet. */
enum consumer_part {
    PART_METHOD,
    PART_HEADER,
    PART_BODY,
};

#define ANSWER_TIMEOUT_MS 20000 /* for a subscription, while the connection is alive */

struct consumer {
    struct wire wire;
    struct address queue;
    uint16_t prefetch;
    enum consumer_state state;
    uint16_t channel;
    uint32_t closing; /* a bit for each channel whose close the broker has not answered */
    uint64_t subscriptions;
    int64_t asking_ms; /* since when a subscription is wanted; 0: it is not */
    int64_t answer_timeout_ms;
    enum consumer_part part;
    struct delivery delivery; /* the message being assembled, in the memory below */
    bool redelivered;
    uint64_t body_left; /* bytes of the body that have to come yet */
    char *body;
    struct arena arena;
    char memory[DELIVERY_MEMORY_MAX];
};

void consumer_init(struct consumer *consumer, struct address queue, uint16_t prefetch);

/* The four below are the port's, on a connection that is open. */
enum port_answer consumer_subscribe(struct consumer *consumer, struct error *error);
enum port_answer consumer_take(struct consumer *consumer, struct arena *arena,
                               struct delivery *delivery, struct error *error);
enum port_answer consumer_acknowledge(struct consumer *consumer, uint64_t tag, struct error *error);
void consumer_give_back(struct consumer *consumer);

/* After the connection was closed or lost: what was in hand is the broker's again. */
void consumer_forget(struct consumer *consumer);
