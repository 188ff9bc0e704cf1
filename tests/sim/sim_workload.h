/* SPDX-License-Identifier: Apache-2.0
 *
 * Who sends jobs: publishers, each over a channel of his own. They repeat themselves, use ids
 * again, mistake the routing key or the exchange, and send what is no job at all. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/prng.h"
#include "tests/sim/sim_account.h"

struct sim_broker;
struct sim_database;

struct sim_workload {
    struct sim_core *core;
    const struct sim_world *world;
    struct sim_account *account;
    struct sim_broker *broker;
    const struct sim_database *database;
    struct arena *arena; /* of jobs and bodies */
    struct prng prng;
    uint32_t to_stock; /* rows that nobody has filled yet */
    uint32_t thought;  /* jobs that publishers have thought of */
    uint32_t weight_all;
    uint32_t reserves[SIM_JOBS_MAX]; /* that later jobs name */
    uint32_t reserve_count;
    uint32_t sales[SIM_JOBS_MAX];
    uint32_t sale_count;
};

void sim_workload_init(struct sim_workload *workload, struct sim_core *core,
                       const struct sim_world *world, struct sim_account *account,
                       struct sim_broker *broker, const struct sim_database *database,
                       struct arena *arena);

/* The names that the world has, in order. */
struct span sim_sku(uint32_t number);
struct span sim_pool(uint32_t number);

/* A publisher's turn. */
void sim_workload_publish(struct sim_workload *workload, uint32_t publisher);

/* Publishers have nothing more to send. */
bool sim_workload_is_done(const struct sim_workload *workload);

/* Whether one of the jobs crashes who handles it. */
bool sim_workload_crashes(const struct sim_workload *workload, uint32_t copy);
