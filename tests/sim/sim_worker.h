/* SPDX-License-Identifier: Apache-2.0
 *
 * Workers: processes with a lane object for each lane that they serve. They step, crash and start
 * again, freeze and wake, drain, lose the sight of a server, each by his own clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_broker.h"
#include "tests/sim/sim_changer.h"
#include "tests/sim/sim_core.h"
#include "tests/sim/sim_database.h"
#include "tests/sim/sim_duty.h"
#include "tests/sim/sim_keeper.h"
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
    bool stopped; /* drained, with its worker */
    uint32_t worker;
    uint32_t lane;         /* its queue */
    int64_t ending_since;  /* since it was told to drain; SIM_NEVER: it was not */
    int64_t subscribed_at; /* SIM_NEVER: it is not */
    struct kept kept;      /* by the keeper */
    struct lane work;      /* the real loop */
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
    struct sim_keeper keepers[SIM_WORKERS_MAX];
    struct sim_driver changers[SIM_WORKERS_MAX];
    struct sim_driver commands[SIM_SCALES_MAX];
    struct sim_duty duties[SIM_WORKERS_MAX];
    uint32_t owners[SIM_QUEUES_MAX]; /* which worker claimed last; SIM_WORKERS_MAX: none */
};

/* Once, before the first run: takes the memory of all lanes. */
bool sim_crew_open(struct sim_crew *crew);
void sim_crew_close(struct sim_crew *crew);

void sim_crew_begin(struct sim_crew *crew, struct sim_core *core, const struct sim_world *world,
                    struct sim_broker *broker, struct sim_database *database,
                    struct sim_workload *workload);

/* A lane of a worker, by its queue. */
static inline struct sim_serving *sim_crew_serving(struct sim_crew *crew, uint32_t worker,
                                                   uint32_t queue)
{
    return &crew->servings[worker * SIM_QUEUE_SORT + queue];
}

/* What its keeper has it do with a lane: serve it, if it does not yet; step aside; leave it. */
void sim_crew_serve(struct sim_crew *crew, uint32_t worker, uint32_t generation, uint32_t lane);
void sim_crew_step_aside(struct sim_crew *crew, uint32_t worker, uint32_t queue);
void sim_crew_end(struct sim_crew *crew, uint32_t worker, uint32_t queue);

/* A worker's monotonic clock. */
static inline uint64_t sim_crew_clock_ms(const struct sim_crew *crew, uint32_t worker)
{
    return (uint64_t)((crew->core->now + crew->workers[worker].clock) / SIM_MS + 1);
}

/* Whoever has this plug sleeps so long, or until a port has something. */
void sim_crew_sleep(struct sim_crew *crew, uint32_t plug, int64_t until);

/* The process is gone, with all its lanes; it is, if that was the last of it; or some accident has
 * happened to it: then it does not come to its step. */
void sim_crew_crash(struct sim_crew *crew, uint32_t number);
void sim_crew_end_if_drained(struct sim_crew *crew, uint32_t number);
bool sim_crew_strikes(struct sim_crew *crew, uint32_t number);

/* The turns of whoever has a plug, and of workers. */
void sim_crew_step(struct sim_crew *crew, uint32_t plug);
void sim_crew_turn(struct sim_crew *crew, uint32_t number);

/* The storm is over: all come again, but for the one that is ill. */
void sim_crew_calm(struct sim_crew *crew);

/* Nobody has a job in hand. */
bool sim_crew_is_idle(const struct sim_crew *crew);
