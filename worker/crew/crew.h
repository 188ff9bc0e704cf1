/* SPDX-License-Identifier: Apache-2.0
 *
 * All threads of one worker, and what they share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/crew/lane_thread.h"
#include "worker/crew/sorter.h"
#include "worker/crew/summary.h"
#include "worker/crew/sweeper.h"

/* Lanes of one generation, from the first on. */
struct crew {
    struct lane_duty duty;
    struct replies replies;
    struct lane_thread *lanes;
    uint32_t lane_count;
    struct sorter sorter;
    struct sweeper sweeper;
    struct summary summary; /* of threads that are closed */
};

/* Starts a thread for each of the first lanes, the sorter's and the sweeper's. */
bool crew_open(struct crew *crew, const struct lane_duty *duty, uint32_t lane_count,
               struct error *error) MUST_CHECK;

/* Finishes what they have in hand, and ends them, all at once. The summary stays to be read. */
void crew_close(struct crew *crew);
