/* SPDX-License-Identifier: Apache-2.0
 *
 * The world of a run, as its seed draws it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/prng.h"
#include "common/contract/names.h"
#include "tests/sim/sim_core.h"

enum {
    SIM_SKUS_MAX = 6,
    SIM_CUSTOMERS_MAX = 6,
    SIM_JOBS_MAX = 640, /* all that are ever published, expires included */
};

/* What stays when the storm is over. */
enum sim_ill {
    ILL_NONE,
    ILL_DEAD,         /* a worker never comes again */
    ILL_CUT_BROKER,   /* a worker has the database only */
    ILL_CUT_DATABASE, /* a worker has the broker only */
};

/* A command that changes the number of lanes. */
struct sim_scale {
    uint32_t lanes; /* 0: there is none */
    int64_t at;
};

struct sim_world {
    uint64_t seed;
    uint32_t workers;
    uint32_t lanes; /* of the first generation */
    struct sim_scale scales[SIM_SCALES_MAX];
    bool sorts;  /* jobs without a key are sent */
    bool sweeps; /* holds may be overdue */
    uint32_t skus;
    uint32_t pools; /* main, and perhaps another one */
    uint32_t customers;
    uint32_t publishers;
    uint32_t jobs;                      /* that publishers think of; repeats come on top */
    uint32_t jobs_max[SIM_WORKERS_MAX]; /* of a batch */
    uint32_t prefetch[SIM_WORKERS_MAX]; /* the same for all, but in a world that must break */
    uint32_t stock;                     /* units of a SKU at the beginning, at most */
    uint32_t cart_max;                  /* SKUs of a cart */
    uint32_t ttl_max;                   /* seconds */
    uint32_t limit_share;               /* of defines that set a limit, in a hundred */
    uint32_t burst;                     /* jobs that a publisher sends at once, at most */
    int64_t pace;                       /* between two bursts, at most */
    int64_t tick; /* of the database's clock: with a coarse one, things end just now */
    uint32_t weights[KIND_COUNT];
    int64_t storm; /* how long it lasts at least */
    enum sim_ill ill;
    uint32_t ill_worker;
};

/* Uneven: the first worker has a smaller prefetch than the others, which breaks the order. */
void sim_world_draw(struct sim_world *world, struct prng *prng, uint64_t seed, bool uneven);
void sim_world_print(const struct sim_world *world);
