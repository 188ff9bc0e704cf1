/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker's keeper: the worker's own looks (worker/duty/keep.h) at the simulated database, by a
 * list of the living which may be an old one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_core.h"
#include "worker/duty/keep.h"

struct sim_crew;

#define SIM_RUN_SIZE 4u /* bytes of a worker's name, and of its run's */

struct sim_keeper {
    struct sim_crew *crew;
    uint32_t worker;
    int64_t look_at;
    char name[SIM_RUN_SIZE];
    char run[SIM_RUN_SIZE];
    struct keep keep;
    uint32_t served[SIM_QUEUE_SORT]; /* during a look: the queues that it has places for */
    uint32_t served_count;
};

/* The worker has started. */
void sim_keeper_begin(struct sim_crew *crew, uint32_t worker);

/* It tells the others that it leaves. */
void sim_keeper_leave(struct sim_crew *crew, uint32_t worker);

void sim_keeper_turn(struct sim_crew *crew, uint32_t worker);

/* After the last run. */
void sim_keepers_close(struct sim_crew *crew);
