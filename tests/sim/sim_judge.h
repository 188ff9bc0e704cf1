/* SPDX-License-Identifier: Apache-2.0
 *
 * The sequential truth: all that was committed, one job after the other, is what a model of the
 * contract would have decided; and so is what stands in the tables at the end.
 *
 * The order is that of the transactions' reading of decisions. Between that and its commit a
 * transaction has its rows locked, so of what it moved this is the order of the commits, too; but a
 * hold or sale of another lane that was committed in between it could not know. */
#pragma once

#include "tests/sim/sim_account.h"
#include "tests/sim/sim_database.h"
#include "tests/support/model.h"

struct sim_judge {
    struct model model;
    const struct sim_change *changes[4096];
    uint32_t change_count;
};

void sim_judge_run(struct sim_judge *judge, struct sim_core *core,
                   const struct sim_database *database, struct sim_account *account);
