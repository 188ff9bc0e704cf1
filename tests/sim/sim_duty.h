/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker does beside its lanes: the real sorter and the real sweeper, and what they ask the
 * servers for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_core.h"
#include "worker/duty/sorter.h"
#include "worker/duty/sweeper.h"

struct sim_crew;

#define SIM_SWEPT 512u /* ends that a sweeper remembers */

/* Of one worker. */
struct sim_duty {
    struct sim_crew *crew;
    uint32_t worker;
    bool sorts;  /* it has a sorter that is not drained */
    bool sweeps; /* and a sweeper */
    bool asking; /* the sorter, of the database or the broker */
    struct sorter sorter;
    struct sweeper sweeper;
    struct swept_entry swept[SIM_SWEPT];
    char *sorter_memory;
    char *sweeper_memory;
};

/* Once: takes the memory of all. */
bool sim_duties_open(struct sim_crew *crew);
void sim_duties_close(struct sim_crew *crew);

/* With the worker they start, drain, and are gone. */
void sim_duty_start(struct sim_crew *crew, uint32_t worker);
void sim_duty_drain(struct sim_crew *crew, uint32_t worker);
void sim_duty_crashed(struct sim_crew *crew, uint32_t worker, bool silently);

/* Its sorter's, its sweeper's turn. False: it is drained just now. */
bool sim_sorter_step(struct sim_crew *crew, uint32_t worker);
bool sim_sweeper_step(struct sim_crew *crew, uint32_t worker);
