/* SPDX-License-Identifier: Apache-2.0
 *
 * What the simulated database knows of generations, their lanes, and workers. What is asked of it
 * is one statement each of worker/postgres and worker/crew. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/instant.h"
#include "tests/sim/sim_core.h"
#include "worker/change/change.h"
#include "worker/change/retirement.h"

#define SIM_DRIVER_NONE 0u

enum sim_generation_state {
    GENERATION_NONE,
    GENERATION_COMING,
    GENERATION_CURRENT,
    GENERATION_DRAINING,
    GENERATION_RETIRED,
};

struct sim_generation {
    enum sim_generation_state state;
    uint32_t lanes;
    enum change_step step; /* of one that is coming */
    instant step_since;
    uint32_t driver; /* SIM_DRIVER_NONE: nobody yet */
    instant driver_seen_at;
    bool removed; /* its queues are gone */
};

/* A lane's row. */
struct sim_lane {
    uint64_t epoch;
    bool drained; /* its marker is recorded */
    uint32_t decided;
    uint32_t stragglers;
    instant saved_at; /* INSTANT_NONE: never */
    bool claimed;
    uint32_t claimer; /* a worker, */
    uint32_t claimer_run;
    instant claimed_at;
};

struct sim_announced {
    bool there;
    uint32_t run;
    instant seen_at;
};

/* That a worker is subscribed to a lane, as it said itself. */
struct sim_line_row {
    bool there;
    uint32_t run;
    instant subscribed_at;
};

struct sim_tables {
    struct sim_generation generations[SIM_GENERATIONS_MAX]; /* the first is number 1 */
    struct sim_lane lanes[SIM_QUEUES_MAX];
    struct sim_announced workers[SIM_WORKERS_MAX];
    struct sim_line_row lines[SIM_WORKERS_MAX][SIM_QUEUES_MAX];
    uint32_t sweeper; /* who is elected; SIM_WORKERS_MAX: nobody */
    int64_t swept_at; /* when the elected one was seen last, in virtual time */
};

void sim_tables_init(struct sim_tables *tables, uint32_t lanes);

const struct sim_generation *sim_tables_generation(const struct sim_tables *tables,
                                                   uint32_t number);

/* How many there have been; their numbers are 1 to this. */
uint32_t sim_tables_count(const struct sim_tables *tables);

/* 0: there is none in this state. */
uint32_t sim_tables_find(const struct sim_tables *tables, enum sim_generation_state state);

/* Whether its lanes may be claimed. */
bool sim_tables_is_live(const struct sim_tables *tables, uint32_t generation);

/* A change is open, or a generation is going. */
bool sim_tables_has_work(const struct sim_tables *tables);

/* worker/postgres/change.h */
void sim_tables_begin(struct sim_tables *tables, uint32_t lanes, uint32_t driver, instant now);
void sim_tables_read(const struct sim_tables *tables, instant now, struct lanes_change *change);
void sim_tables_take(struct sim_tables *tables, uint32_t driver, instant now,
                     struct lanes_change *change);
void sim_tables_record(struct sim_tables *tables, const struct lanes_change *change,
                       enum change_step next, instant now);
void sim_tables_finish(struct sim_tables *tables, const struct lanes_change *change);
bool sim_tables_leads_to(const struct sim_tables *tables, uint32_t generation);

/* worker/postgres/retirement.h */
void sim_tables_find_retiring(struct sim_tables *tables, uint32_t driver, instant now,
                              struct retirement *retirement);
void sim_tables_retire(struct sim_tables *tables, uint32_t generation);
void sim_tables_revive(struct sim_tables *tables, uint32_t generation);
bool sim_tables_goes_on(struct sim_tables *tables, uint32_t driver, uint32_t generation,
                        instant now);
void sim_tables_forget(struct sim_tables *tables, uint32_t generation);
