/* SPDX-License-Identifier: Apache-2.0
 *
 * The front ends of a demonstration: threads that publish the buyers' checkouts, each over a
 * connection of its own, with confirms, as fast as the broker takes them. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/connect/amqp_url.h"

#define DEMO_FRONTS     4u
#define DEMO_BUYERS_MAX 1000000u

#define DEMO_SKU      "PS5"
#define DEMO_ID       "buyer-" /* and the buyer's number: the id of the checkout */
#define DEMO_STOCK_ID "delivery-1"

struct submitter;
struct demo_fronts;

struct demo_front {
    struct demo_fronts *fronts;
    uint32_t number;
    pthread_t thread;
    bool started;
    bool done;                   /* without an error; for the thread, and once it has ended */
    struct submitter *submitter; /* the thread's */
    struct error error;          /* likewise */
};

struct demo_fronts {
    const struct amqp_url *url;
    const char *namespace;
    uint32_t buyers;
    _Atomic int64_t *sent_us; /* when each buyer's checkout was handed to the broker; 0: not yet */
    atomic_uint sent;
    atomic_uint accepted; /* confirmed by the broker */
    atomic_uint ended;    /* threads */
    atomic_bool stopping;
    struct demo_front list[DEMO_FRONTS];
};

/* Microseconds, of the clock that sent_us has. */
int64_t demo_now_us(void);

/* Publishes the delivery of so many units, and returns when the broker has it. */
bool demo_fronts_deliver(const struct amqp_url *url, const char *namespace, uint32_t units,
                         struct error *error) MUST_CHECK;

/* Starts to publish. Zeroed but for url, namespace and buyers. */
bool demo_fronts_open(struct demo_fronts *fronts, struct error *error) MUST_CHECK;

/* Whether all checkouts are accepted; an error if a front end has failed. Only once all threads
 * have ended they can be looked at. */
bool demo_fronts_check(const struct demo_fronts *fronts, struct error *error) MUST_CHECK;

/* Ends what still publishes. Accepts what was never opened (all zeros). */
void demo_fronts_close(struct demo_fronts *fronts);
