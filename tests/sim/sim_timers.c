/* SPDX-License-Identifier: Apache-2.0
 *
 * A tournament of the actors' times. */
#include "tests/sim/sim_timers.h"

#include "common/base/ensure.h"

_Static_assert(SIM_ACTORS_MAX <= UINT16_MAX + 1u, "an actor's number must fit");

/* The leaves are the actors; node 1 is the root, the children of node n are 2n and 2n + 1. */
static uint16_t winner_of(const struct sim_timers *timers, uint32_t node)
{
    return node >= SIM_ACTORS_MAX ? (uint16_t)(node - SIM_ACTORS_MAX) : timers->winner[node];
}

static uint16_t play(const struct sim_timers *timers, uint32_t node)
{
    const uint16_t left = winner_of(timers, 2 * node);
    const uint16_t right = winner_of(timers, 2 * node + 1);
    return timers->due[right] < timers->due[left] ? right : left;
}

void sim_timers_init(struct sim_timers *timers)
{
    for (uint32_t i = 0; i < SIM_ACTORS_MAX; i++) {
        timers->due[i] = SIM_NEVER;
    }
    for (uint32_t node = SIM_ACTORS_MAX - 1; node > 0; node--) {
        timers->winner[node] = play(timers, node);
    }
}

void sim_timers_set(struct sim_timers *timers, uint32_t actor, int64_t due)
{
    ENSURE(actor < SIM_ACTORS_MAX);
    if (timers->due[actor] == due) {
        return;
    }
    timers->due[actor] = due;
    for (uint32_t node = (SIM_ACTORS_MAX + actor) / 2; node > 0; node /= 2) {
        const uint16_t winner = play(timers, node);
        if (winner != actor && winner == timers->winner[node]) {
            return; /* somebody else wins here as before, so nothing changes above */
        }
        timers->winner[node] = winner;
    }
}

void sim_timers_advance(struct sim_timers *timers, uint32_t actor, int64_t due)
{
    if (due < timers->due[actor]) {
        sim_timers_set(timers, actor, due);
    }
}

uint32_t sim_timers_next(const struct sim_timers *timers)
{
    return timers->winner[1];
}
