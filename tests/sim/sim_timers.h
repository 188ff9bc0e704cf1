/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual time: who is next. Everybody who may do something by himself is an actor with a time at
 * which it is his turn; the earliest is next, and among equals the first, so that a seed has one
 * order only. */
#pragma once

#include <stdint.h>

#define SIM_ACTORS_MAX 512u /* a power of 2 */
#define SIM_NEVER      INT64_MAX

struct sim_timers {
    int64_t due[SIM_ACTORS_MAX];       /* microseconds of virtual time */
    uint16_t place[SIM_ACTORS_MAX];    /* in the heap; 0: never due */
    uint64_t heap[SIM_ACTORS_MAX + 2]; /* behind the last one is one that is above all */
    uint32_t count;
};

/* Nobody is due. */
void sim_timers_init(struct sim_timers *timers);

void sim_timers_set(struct sim_timers *timers, uint32_t actor, int64_t due);

/* As set, but only if it is earlier. */
void sim_timers_advance(struct sim_timers *timers, uint32_t actor, int64_t due);

/* Whose turn it is; if nobody is due, his time is SIM_NEVER. */
uint32_t sim_timers_next(const struct sim_timers *timers);
