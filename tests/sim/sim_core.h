/* SPDX-License-Identifier: Apache-2.0
 *
 * What all parts of a run share: time, chance, faults, the trace, and whether something broke. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/prng.h"
#include "tests/sim/sim_fault.h"
#include "tests/sim/sim_mark.h"
#include "tests/sim/sim_timers.h"
#include "tests/sim/sim_trace.h"

#define SIM_MS     INT64_C(1000) /* of virtual time, which is in microseconds */
#define SIM_SECOND INT64_C(1000000)

enum {
    SIM_WORKERS_MAX = 4,
    SIM_LANES_MAX = 8, /* of a generation */
    SIM_GENERATIONS_MAX = 3,
    SIM_QUEUE_SORT = SIM_GENERATIONS_MAX * SIM_LANES_MAX, /* those before it are lanes' */
    SIM_QUEUES_MAX,
    SIM_SERVINGS_MAX = SIM_WORKERS_MAX * SIM_QUEUE_SORT, /* a lane served by a worker */
    SIM_PLUG_SORTER = SIM_SERVINGS_MAX,                  /* plugs before it are servings' */
    SIM_PLUG_SWEEPER = SIM_PLUG_SORTER + SIM_WORKERS_MAX,
    SIM_PLUGS_MAX = SIM_PLUG_SWEEPER + SIM_WORKERS_MAX,
    SIM_SESSIONS_MAX = 120,  /* of the database */
    SIM_CONSUMERS_MAX = 120, /* of the broker */
    SIM_PUBLISHERS_MAX = 4,
    SIM_SCALES_MAX = 2, /* commands that change the number of lanes */
};

/* Lanes of all generations have one number each, that of their queue. */
static inline uint32_t sim_queue_of(uint32_t generation, uint32_t lane)
{
    return (generation - 1) * SIM_LANES_MAX + lane;
}

/* Who may have a turn. Servings, and whoever else has a plug, are counted together. */
enum sim_actor {
    ACTOR_SERVING = 0,
    ACTOR_CHANNEL = ACTOR_SERVING + SIM_PLUGS_MAX, /* what a serving has published */
    ACTOR_SESSION = ACTOR_CHANNEL + SIM_PLUGS_MAX,
    ACTOR_CONSUMER = ACTOR_SESSION + SIM_SESSIONS_MAX,
    ACTOR_PUBLISHER = ACTOR_CONSUMER + SIM_CONSUMERS_MAX,
    ACTOR_WORKER = ACTOR_PUBLISHER + SIM_PUBLISHERS_MAX,
    ACTOR_KEEPER = ACTOR_WORKER + SIM_WORKERS_MAX,
    ACTOR_CHANGER = ACTOR_KEEPER + SIM_WORKERS_MAX,
    ACTOR_COMMAND = ACTOR_CHANGER + SIM_WORKERS_MAX,
    ACTOR_LATE = ACTOR_COMMAND + SIM_SCALES_MAX, /* what channels hold back */
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
    int64_t wakes[SIM_PLUGS_MAX]; /* when a serving's ports want to be asked again */
    bool asleep[SIM_PLUGS_MAX];
    char broken[1024]; /* what must not be and is; empty: nothing */
    struct error error;
};

/* For a turn: one for all, as it is large and seldom set. */
static inline struct error *sim_no_error(struct sim_core *core)
{
    core->error.kind = ERROR_NONE;
    return &core->error;
}

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
    sim_trace_put(&core->trace, core->now, what, actor, a, b);
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
