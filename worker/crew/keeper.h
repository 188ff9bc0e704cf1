/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper: a worker's thread that finds out which lanes are this worker's, and sees that it
 * serves those and no others.
 *
 * Each second it announces the worker, looks who else is alive and who stands in line for which
 * lane, begins and ends lanes, steps aside where a lane is another's, and records where it stands
 * itself. It is never needed for safety: without the database the lanes that are served stay. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/crew/aide.h"
#include "worker/crew/roster.h"
#include "worker/crew/serving.h"
#include "worker/duty/keep.h"
#include "worker/postgres/generation.h"

struct keeper {
    struct aide aide;
    const struct roster *roster;
    _Atomic uint32_t *current; /* generation: for all threads to read */
    struct servings servings;
    struct keep keep;
    uint64_t rated_ms; /* 0: not yet */
    uint64_t forgot_ms;
    uint32_t said_owned; /* lanes, in the last log line */
    uint32_t said_standby;
    uint32_t said_generation;
    uint32_t said_unowned;
};

/* Starts the thread; a database that is not there is waited for. What the duty lacks for lanes is
 * added. The struct must not be moved. */
bool keeper_open(struct keeper *keeper, struct lane_duty *duty, const struct roster *roster,
                 _Atomic uint32_t *current, struct error *error) MUST_CHECK;

/* Asks it to leave the roster, and all lanes to finish what they have in hand. */
void keeper_drain(struct keeper *keeper);

/* Waits until it has. Only after keeper_drain. */
void keeper_close(struct keeper *keeper);
