/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker's keeper: by a list of the living, which may be an old one, it shares the lanes out and
 * hands them over; both with the worker's own rules (worker/duty). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_core.h"
#include "worker/duty/handover.h"
#include "worker/duty/share.h"

struct sim_crew;

/* What it has in mind of a lane. */
struct sim_kept {
    bool wanted;
    struct share share;
    struct handover_past past;
};

/* Workers that are alive, in order, with their runs. */
struct sim_living {
    uint32_t me; /* the keeper's own place; SHARE_NONE: it is not in it */
    uint32_t count;
    uint32_t workers[SIM_WORKERS_MAX];
    uint32_t runs[SIM_WORKERS_MAX];
};

struct sim_keeper {
    int64_t adopted_at; /* SIM_NEVER: no list yet */
    int64_t look_at;
    struct sim_living living; /* as adopted */
    struct sim_kept lanes[SIM_QUEUE_SORT];
};

/* The worker has started, or is there again. */
void sim_keeper_begin(struct sim_crew *crew, uint32_t worker);

/* It tells the others that it leaves. */
void sim_keeper_leave(struct sim_crew *crew, uint32_t worker);

void sim_keeper_turn(struct sim_crew *crew, uint32_t worker);
