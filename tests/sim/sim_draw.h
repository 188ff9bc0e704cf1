/* SPDX-License-Identifier: Apache-2.0
 *
 * One job at a time, drawn from what the world has. */
#pragma once

#include "tests/sim/sim_workload.h"

/* A new one, whole: its body, meaning and slot too. Returns its number. */
uint32_t sim_draw_job(struct sim_workload *workload);

/* Of a SKU that nobody has filled yet. */
uint32_t sim_draw_stocking(struct sim_workload *workload);

/* The same id, something else. */
uint32_t sim_draw_reused(struct sim_workload *workload, uint32_t original);

/* Bytes that are no job. */
uint32_t sim_draw_malformed(struct sim_workload *workload);

/* The expire of a hold, the same each time; SIM_JOB_NONE: there are too many jobs. */
uint32_t sim_draw_expire(struct sim_workload *workload, const struct hold *hold);
