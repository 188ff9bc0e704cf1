/* SPDX-License-Identifier: Apache-2.0
 *
 * The lanes that a worker serves, as owner or standing by: a thread for each, and what the keeper
 * remembers of it. Lanes are begun and ended while others run. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "worker/crew/lane_thread.h"
#include "worker/crew/summary.h"
#include "worker/duty/keep.h"

struct serving {
    struct lane_thread thread;
    struct kept kept;
    uint64_t recorded_ms; /* the subscription that is recorded; 0: none */
    uint64_t jobs;        /* done with at the last look */
    float jobs_per_second;
};

struct servings {
    pthread_mutex_t mutex; /* guards all below against servings_drain */
    struct serving **items;
    uint32_t count;
    uint32_t capacity;
    bool draining;
    struct summary summary; /* of lanes that have ended */
};

void servings_init(struct servings *servings);

/* NULL: it is not served. For the keeper's thread alone, as all that follows but servings_drain. */
struct serving *servings_find(const struct servings *servings, uint32_t generation, uint32_t lane);

/* Begins to serve a lane; does nothing once all are draining. */
bool servings_start(struct servings *servings, const struct lane_duty *duty, uint32_t generation,
                    uint32_t lane, struct error *error) MUST_CHECK;

/* Forgets those that have ended since. */
void servings_reap(struct servings *servings);

/* Asks all to finish; from any thread. */
void servings_drain(struct servings *servings);

/* Waits until all have. Only after servings_drain. */
void servings_close(struct servings *servings);
