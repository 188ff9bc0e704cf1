/* SPDX-License-Identifier: Apache-2.0
 *
 * Who changes the number of lanes: commands, and each worker, that goes on where one has died. All
 * of them drive the worker's own steps (worker/change). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_core.h"
#include "worker/change/driver.h"

struct sim_crew;

struct sim_driver {
    struct sim_crew *crew;
    bool there;
    uint32_t id;         /* not SIM_DRIVER_NONE */
    uint32_t worker;     /* SIM_WORKERS_MAX: a command */
    uint32_t generation; /* that a command waits for; 0: it has not begun */
    uint32_t lanes;      /* that it wants */
    struct driver driver;
};

void sim_changers_init(struct sim_crew *crew);

/* The worker has started, or is there again; it is gone, or frozen. */
void sim_changer_begin(struct sim_crew *crew, uint32_t worker);
void sim_changer_pause(struct sim_crew *crew, uint32_t worker);

/* Whoever drives is gone. */
void sim_driver_died(const struct sim_driver *driver);

/* A worker's turn; a command's. */
void sim_changer_turn(struct sim_crew *crew, uint32_t worker);
void sim_scale_turn(struct sim_crew *crew, uint32_t command);

/* No command will do anything any more, and no change is open. */
bool sim_changers_are_done(const struct sim_crew *crew);
