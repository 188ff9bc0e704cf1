/* SPDX-License-Identifier: Apache-2.0
 *
 * Many seeds, in several processes, with the same result for any number of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_run.h"

#define SIM_PROCESSES_MAX 64

struct sim_total {
    struct sim_marks marks;
    uint64_t hash; /* of all traces */
    uint64_t decisions;
    uint64_t turns;
    uint64_t failed; /* the lowest seed that did not hold; UINT64_MAX: none */
    double seconds;
};

/* False: there are no processes to be had. */
bool sim_many(struct sim_run *run, uint64_t first, uint64_t count, uint32_t processes,
              struct sim_total *total);
