/* SPDX-License-Identifier: Apache-2.0
 *
 * All threads of one worker, and what they share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/crew/changer.h"
#include "worker/crew/keeper.h"
#include "worker/crew/lane_thread.h"
#include "worker/crew/sorter_thread.h"
#include "worker/crew/summary.h"
#include "worker/crew/sweeper_thread.h"

struct crew {
    struct lane_duty duty;
    _Atomic uint32_t generation; /* the current one, as the keeper knows it */
    struct replies replies;
    struct keeper keeper; /* and the lanes */
    struct sorter_thread sorter;
    struct sweeper_thread sweeper;
    struct changer changer;
    struct summary summary; /* of threads that are closed */
};

/* Starts the threads of sorter, sweeper and changer, and the keeper's, which starts those of the
 * lanes. */
bool crew_open(struct crew *crew, const struct lane_duty *duty, const struct roster *roster,
               uint32_t generation, struct error *error) MUST_CHECK;

/* Finishes what they have in hand, and ends them, all at once. The summary stays to be read. */
void crew_close(struct crew *crew);
