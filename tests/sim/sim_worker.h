/* SPDX-License-Identifier: Apache-2.0
 *
 * Workers: processes with a lane object for each lane that they serve. They step, crash and start
 * again, freeze and wake, drain, lose the sight of a server, each by his own clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_broker.h"
#include "tests/sim/sim_core.h"
#include "tests/sim/sim_database.h"
#include "tests/sim/sim_workload.h"
#include "worker/lane/lane.h"

enum sim_worker_state {
    WORKER_DOWN,
    WORKER_UP,
    WORKER_FROZEN,
    WORKER_DRAINING,
};

struct sim_worker {
    enum sim_worker_state state;
    bool gone; /* it never comes again */
    uint32_t runs;
    int64_t clock; /* its monotonic time, against virtual time */
    int64_t until; /* when it starts, wakes, or has to be drained; SIM_NEVER */
    int64_t broker_cut_until;
    int64_t database_cut_until;
};

/* A lane of a worker. */
struct sim_serving {
    bool there;
    bool stopped; /* drained */
    uint32_t worker;
    uint32_t lane;
    struct lane work; /* the real loop */
    char *memory;
};

struct sim_crew {
    struct sim_core *core;
    const struct sim_world *world;
    struct sim_broker *broker;
    struct sim_database *database;
    struct sim_workload *workload;
    struct sim_worker workers[SIM_WORKERS_MAX];
    struct sim_serving servings[SIM_SERVINGS_MAX];
    uint32_t owners[SIM_LANES_MAX]; /* which worker claimed last; SIM_WORKERS_MAX: none */
};

/* Once, before the first run: takes the memory of all lanes. */
bool sim_crew_open(struct sim_crew *crew);
void sim_crew_close(struct sim_crew *crew);

void sim_crew_begin(struct sim_crew *crew, struct sim_core *core, const struct sim_world *world,
                    struct sim_broker *broker, struct sim_database *database,
                    struct sim_workload *workload);

/* Their turns. */
void sim_crew_step(struct sim_crew *crew, uint32_t number);
void sim_crew_turn(struct sim_crew *crew, uint32_t number);

/* The storm is over: all come again, but for the one that is ill. */
void sim_crew_calm(struct sim_crew *crew);

/* Nobody has a job in hand. */
bool sim_crew_is_idle(const struct sim_crew *crew);
