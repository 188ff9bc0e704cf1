/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker port's real side: RabbitMQ, for one lane, or for another queue of jobs.
 *
 * Two connections, for under an alarm the broker stops reading one that publishes, acknowledgements
 * on it included. The one that publishes is opened with the first publish: a standby has none.
 *
 * No call blocks but two, and these only while they open a connection, as long as rabbit_open may
 * take: subscribe, and a publish with which another begins. For one thread at a time, the counters
 * excepted. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/connect/amqp_url.h"
#include "worker/lane/ports.h"
#include "worker/rabbit/consumer.h"
#include "worker/rabbit/publisher.h"
#include "worker/rabbit/replies.h"

/* Everything is the caller's, and must stay. */
struct rabbit_lane {
    const struct amqp_url *url;
    const char *namespace;
    uint32_t generation;
    uint32_t lane;
    uint16_t prefetch;       /* jobs in hand at most: four batches, for example */
    struct replies *replies; /* NULL: none are sent */
};

struct rabbit_broker {
    struct rabbit_lane lane;
    char consumer_name[ADDRESS_MAX + sizeof " consumes"]; /* of the connections */
    char publisher_name[ADDRESS_MAX + sizeof " publishes"];
    struct consumer consumer;
    struct publisher publisher; /* its counters may be read by anybody */
    bool taking;          /* subscribe or take has answered PORT_WAIT: deliveries are waited for */
    bool confirming;      /* publish or confirm has answered PORT_WAIT: confirms are waited for */
    bool confirms_coming; /* the last turn has taken some in */
    bool consumer_idle;   /* poll has just said that there is nothing to read */
    bool publisher_idle;
    struct error consumer_lost; /* found by a turn, told by the next call of the port */
    struct error publisher_lost;
    char *memory;
};

/* What the lane's thread waits for. */
struct rabbit_interest {
    struct pollfd files[2]; /* as poll wants them: the consuming connection, the publishing one */
    bool delivery_waiting;  /* take has something to do without waiting */
    int timeout_ms;         /* then a turn is due at the latest */
};

/* Connects nothing yet. Fails for want of memory only. */
bool rabbit_broker_open(struct rabbit_broker *self, const struct rabbit_lane *lane,
                        struct error *error) MUST_CHECK;

/* The same for another queue than a lane's: generation and lane count for nothing. */
bool rabbit_broker_open_at(struct rabbit_broker *self, struct address queue,
                           const struct rabbit_lane *lane, struct error *error) MUST_CHECK;

/* Closes the connections in order; what is in hand returns to the queue. Accepts all zeros. */
void rabbit_broker_close(struct rabbit_broker *self);

/* Closes the connection that publishes, in order, when nothing is being published. The next publish
 * opens another. */
void rabbit_broker_rest(struct rabbit_broker *self);

/* The port. The struct stays where it is as long as this is used. */
struct broker rabbit_broker_port(struct rabbit_broker *self);

/* What to wait for next: what the last calls of the port wait for, and no more. Deliveries that the
 * lane has no room for wake nobody, nor does each of many confirms that are still to come. */
struct rabbit_interest rabbit_broker_interest(const struct rabbit_broker *self);

/* To be called whenever poll returns, and at the latest after timeout_ms: it keeps the connections
 * alive in both directions and takes confirms in. What it finds lost, the next call of the port
 * that needs it answers with PORT_FAILED. */
void rabbit_broker_turn(struct rabbit_broker *self);

/* What poll has just answered for the interest's files: spares the next turn reads that would find
 * nothing. */
void rabbit_broker_polled(struct rabbit_broker *self, const struct pollfd files[2]);

/* The broker takes no messages just now; publish and confirm wait. */
bool rabbit_broker_blocked(const struct rabbit_broker *self);
