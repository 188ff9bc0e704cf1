/* SPDX-License-Identifier: Apache-2.0
 *
 * What the threads of a worker beside its lanes have in common, the sorter and the sweeper:
 * connections of their own, waiting, and an end. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/connect/postgres.h"
#include "worker/crew/lane_thread.h"
#include "worker/crew/trouble.h"
#include "worker/rabbit/broker.h"

struct aide {
    const struct lane_duty *duty;
    const char *what; /* it is, for logs and lists */
    char name[96];    /* worker and what, for the database's own lists */
    pthread_t thread;
    int wake; /* an eventfd: look at draining */
    atomic_bool draining;
    struct rabbit_broker rabbit;
    struct broker broker;     /* the port to it */
    struct postgres postgres; /* opened when it is needed */
    struct trouble trouble;
};

/* Connects nothing and starts nothing yet. NS.queue is what it consumes, or a name for its
 * connection if it consumes nothing. The struct must not be moved. */
bool aide_open(struct aide *aide, const struct lane_duty *duty, const char *what, const char *queue,
               uint16_t prefetch, struct error *error) MUST_CHECK;

/* Starts the thread; what it has connected is closed when it returns. */
bool aide_start(struct aide *aide, void *(*run)(void *), void *self,
                struct error *error) MUST_CHECK;

/* For the thread itself. */
bool aide_draining(struct aide *aide);

/* Until the broker has something, the thread is to drain, or so much time is over; then turns the
 * broker. */
void aide_wait(struct aide *aide, uint64_t wait_ms);

/* The same until this time of trouble_now_ms(), again and again. */
void aide_wait_until(struct aide *aide, uint64_t until_ms);

/* A connection to the database that answers soon or is lost; gives up when the thread is to
 * drain. */
bool aide_database(struct aide *aide, struct error *error) MUST_CHECK;

/* The same for one that commits all the time, and so notices by itself when its server is not the
 * right one any more: it does not ask other hosts meanwhile, which may take seconds each. */
bool aide_database_kept(struct aide *aide, struct error *error) MUST_CHECK;

/* The last thing that the thread does. */
void aide_disconnect(struct aide *aide);

/* Asks it to finish, and to begin nothing new. */
void aide_drain(struct aide *aide);

/* Waits until it has. Only after aide_drain. */
void aide_join(struct aide *aide);

/* Of one that was opened and not started, or has been joined. */
void aide_close(struct aide *aide);
