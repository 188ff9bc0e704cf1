/* SPDX-License-Identifier: Apache-2.0
 *
 * Watches a lane's steps from outside, by its fields: what it came through is marked, and a job
 * that crashes workers does so. */
#pragma once

#include <stdbool.h>

#include "tests/sim/sim_worker.h"

/* What a lane looked like before its step. */
struct sim_watch {
    enum batch_phase phases[BATCHES];
    uint64_t takeovers;
    bool database_ready;
};

struct sim_watch sim_watch_before(const struct lane *lane);
void sim_watch_after(struct sim_crew *crew, uint32_t number, const struct sim_watch *before,
                     enum lane_progress progress, const struct error *error);

/* Whether the step has just parsed a job that crashes whoever handles it. */
bool sim_watch_crashes(const struct sim_crew *crew, const struct sim_serving *serving);

void sim_watch_crash(struct sim_marks *marks, const struct lane *lane);
void sim_watch_wake(struct sim_marks *marks, const struct lane *lane);
