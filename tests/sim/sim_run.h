/* SPDX-License-Identifier: Apache-2.0
 *
 * One run, from its seed to its end. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_account.h"
#include "tests/sim/sim_broker.h"
#include "tests/sim/sim_core.h"
#include "tests/sim/sim_database.h"
#include "tests/sim/sim_judge.h"
#include "tests/sim/sim_worker.h"
#include "tests/sim/sim_workload.h"
#include "tests/sim/sim_world.h"

/* Everything that a run needs; it is used again for the next. Too large for a stack. */
struct sim_run {
    struct sim_core core;
    struct sim_marks marks; /* of all runs */
    struct sim_world world;
    struct sim_account account;
    struct sim_workload workload;
    struct sim_broker broker;
    struct sim_database database;
    struct sim_crew crew;
    struct sim_judge judge;
    struct arena jobs; /* what publishers have */
    struct arena rows; /* what the database has */
    char *memory;
    bool uneven; /* prefetch: something must break */
    bool calm;
    int64_t calm_at;
    uint64_t turns;
    uint64_t turns_of_all;
    uint64_t jobs_of_all; /* that were decided, in all runs */
    jmp_buf broken;
};

bool sim_run_open(struct sim_run *run);
void sim_run_close(struct sim_run *run);

/* True: all held. The world, the faults and what broke are in the run. */
bool sim_run_seed(struct sim_run *run, uint64_t seed, bool printed);

void sim_run_print_world(const struct sim_run *run);
