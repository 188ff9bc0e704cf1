/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is next. */
#include "tests/conformance/sim_clock.h"

#include <string.h>

void sim_clock_begin(struct sim_clock *clock)
{
    struct sim_core *core = &clock->core;
    memset(clock, 0, sizeof *clock);
    core->marks = &clock->marks;
    prng_init(&core->chance, 1);
    prng_init(&core->faults.prng, 1);
    sim_timers_init(&core->timers);
    sim_trace_init(&core->trace, false);
    for (uint32_t i = 0; i < SIM_SERVINGS_MAX; i++) {
        core->wakes[i] = SIM_NEVER;
    }
}

bool sim_clock_pass(struct sim_clock *clock, uint32_t serving, uint32_t *turn)
{
    struct sim_core *core = &clock->core;
    const uint32_t next = sim_timers_next(&core->timers);
    const int64_t wake = core->wakes[serving];
    const int64_t due = core->timers.due[next] < wake ? core->timers.due[next] : wake;
    if (due == SIM_NEVER) {
        return false;
    }
    *turn = core->timers.due[next] <= wake ? next : SIM_ACTORS_MAX;
    core->now = due > core->now ? due : core->now;
    if (*turn == SIM_ACTORS_MAX) {
        core->wakes[serving] = SIM_NEVER;
    }
    return true;
}

void sim_clock_plan(struct sim_clock *clock, enum sim_fault fault, bool strikes)
{
    sim_fault_force(&clock->core.faults, fault, strikes);
}
