/* SPDX-License-Identifier: Apache-2.0
 *
 * A lane's thread, with connections of its own: it steps the lane's loop, waits when the loop
 * waits, and says what failed. Lanes share nothing but what is constant. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/connect/amqp_url.h"
#include "common/connect/config.h"
#include "worker/lane/lane.h"
#include "worker/postgres/database.h"
#include "worker/rabbit/broker.h"

/* What all threads of a worker have in common; outlives them. */
struct lane_duty {
    const struct config *config;
    const struct amqp_url *url;
    const char *worker; /* its name */
    const char *run;    /* of this start of it */
    struct replies *replies;
    const _Atomic uint32_t *generation; /* the current one */
    uint32_t jobs_max;                  /* of a batch */
    int keeper_wake; /* an eventfd: a lane has subscribed, or lost its subscription */
};

struct lane_thread {
    const struct lane_duty *duty;
    uint32_t generation;
    uint32_t number; /* of the lane */
    char name[96];   /* worker and lane, for the database's own lists */
    pthread_t thread;
    int wake; /* an eventfd: look at draining and aside */
    atomic_bool draining;
    atomic_bool aside; /* asked to step aside, and not yet begun */

    /* What the thread says of itself; anybody may read it. */
    _Atomic uint64_t subscribed_ms; /* since when, by the clock of trouble.h; 0: it is not */
    _Atomic uint64_t jobs;          /* done with, since it began */
    _Atomic uint32_t in_hand;       /* jobs */
    _Atomic int64_t oldest_ms;      /* of these, since 1970; TIMESTAMP_NONE */
    atomic_bool ended;

    uint64_t unheard;         /* events that no queue took, as far as that was said */
    uint64_t unheard_said_ms; /* when; 0: never */

    bool rests; /* it has stepped aside: what only an active lane needs can be closed */
    char *memory;
    struct lane lane;
    struct rabbit_broker broker;
    struct postgres_database database;
};

/* Starts the thread; servers that are not there are waited for. The struct must not be moved. */
bool lane_thread_open(struct lane_thread *thread, const struct lane_duty *duty, uint32_t generation,
                      uint32_t number, struct error *error) MUST_CHECK;

/* Asks it to finish what it has taken, and to subscribe anew, behind those who wait. */
void lane_thread_step_aside(struct lane_thread *thread);

/* Asks it to finish what it has taken, and to take no more. */
void lane_thread_drain(struct lane_thread *thread);

/* Waits until it has. Only after lane_thread_drain. */
void lane_thread_close(struct lane_thread *thread);
