/* SPDX-License-Identifier: Apache-2.0
 *
 * What all parts of a run share: time, chance, faults, the trace, and whether something broke. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/prng.h"
#include "tests/sim/sim_fault.h"
#include "tests/sim/sim_mark.h"
#include "tests/sim/sim_timers.h"
#include "tests/sim/sim_trace.h"

#define SIM_MS     INT64_C(1000) /* of virtual time, which is in microseconds */
#define SIM_SECOND INT64_C(1000000)

enum {
    SIM_WORKERS_MAX = 4,
    SIM_LANES_MAX = 8,
    SIM_SERVINGS_MAX = SIM_WORKERS_MAX * SIM_LANES_MAX, /* a lane served by a worker */
    SIM_SESSIONS_MAX = 80,                              /* of the database */
    SIM_CONSUMERS_MAX = 64,                             /* of the broker */
    SIM_PUBLISHERS_MAX = 4,
};

/* Who may have a turn. */
enum sim_actor {
    ACTOR_SERVING = 0,
    ACTOR_CHANNEL = ACTOR_SERVING + SIM_SERVINGS_MAX, /* what a serving has published */
    ACTOR_SESSION = ACTOR_CHANNEL + SIM_SERVINGS_MAX,
    ACTOR_CONSUMER = ACTOR_SESSION + SIM_SESSIONS_MAX,
    ACTOR_PUBLISHER = ACTOR_CONSUMER + SIM_CONSUMERS_MAX,
    ACTOR_WORKER = ACTOR_PUBLISHER + SIM_PUBLISHERS_MAX,
    ACTOR_SWEEPER = ACTOR_WORKER + SIM_WORKERS_MAX,
    ACTOR_CALM,
    ACTORS,
};
_Static_assert(ACTORS <= SIM_ACTORS_MAX, "all actors have a timer");

struct sim_core {
    int64_t now;
    struct prng chance; /* how long things take */
    struct sim_faults faults;
    struct sim_timers timers;
    struct sim_trace trace;
    struct sim_marks *marks;
    int64_t wakes[SIM_SERVINGS_MAX]; /* when a serving's ports want to be asked again */
    bool asleep[SIM_SERVINGS_MAX];
    char broken[1024]; /* what must not be and is; empty: nothing */
};

/* What must not be. Only the first is kept. */
void sim_break(struct sim_core *core, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline bool sim_is_broken(const struct sim_core *core)
{
    return core->broken[0] != '\0';
}

static inline void sim_note(struct sim_core *core, enum sim_event what, uint32_t actor, uint32_t a,
                            uint64_t b)
{
    sim_trace_put(&core->trace,
                  (struct sim_record){core->now, (uint16_t)what, (uint16_t)actor, a, b});
}

/* A port of the serving will have something then. */
static inline void sim_wake(struct sim_core *core, uint32_t serving, int64_t at)
{
    core->wakes[serving] = at < core->wakes[serving] ? at : core->wakes[serving];
    if (core->asleep[serving]) {
        sim_timers_advance(&core->timers, ACTOR_SERVING + serving, at);
    }
}

/* From least to most, each as likely. */
static inline int64_t sim_between(struct sim_core *core, int64_t least, int64_t most)
{
    return least + prng_below(&core->chance, (uint32_t)(most - least + 1));
}

static inline bool sim_strikes(struct sim_core *core, enum sim_fault fault)
{
    return sim_fault_strikes(&core->faults, fault);
}
