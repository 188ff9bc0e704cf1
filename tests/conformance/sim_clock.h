/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual time for the simulated sides, with no faults but those that a script asks for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_core.h"

struct sim_clock {
    struct sim_core core;
    struct sim_marks marks;
};

/* Time begins; nothing is due. */
void sim_clock_begin(struct sim_clock *clock);

/* To whoever is next: the actor whose turn it is, or SIM_ACTORS_MAX if the serving's port has asked
 * for time. False: nobody is. */
bool sim_clock_pass(struct sim_clock *clock, uint32_t serving, uint32_t *turn);

/* From now on the fault strikes whenever it can, or never. */
void sim_clock_plan(struct sim_clock *clock, enum sim_fault fault, bool strikes);
