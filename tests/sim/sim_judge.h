/* SPDX-License-Identifier: Apache-2.0
 *
 * The sequential truth: all that was committed, one job after the other, is what a model of the
 * contract would have decided; and so is what stands in the tables at the end.
 *
 * The order is that of the commits, for until then a transaction has locked what it decides about.
 * What was not there cannot be locked: of a job that names a SKU, hold or sale that another
 * transaction made known meanwhile, its place is where it was found missing. */
#pragma once

#include "tests/sim/sim_account.h"
#include "tests/sim/sim_database.h"
#include "tests/support/model.h"

enum { SIM_VERDICTS_MAX = 8192 };

/* A job of a transaction, and its place. */
struct sim_verdict {
    uint64_t at;
    const struct sim_change *change;
    const struct sim_entry *entry;
};

struct sim_judge {
    struct model model;
    struct sim_verdict verdicts[SIM_VERDICTS_MAX];
    uint32_t verdict_count;
};

void sim_judge_run(struct sim_judge *judge, struct sim_core *core,
                   const struct sim_database *database, struct sim_account *account);
