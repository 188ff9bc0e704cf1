/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of the simulated database as they are committed, and what one statement reads of them.
 * Nothing here knows of transactions; what a row has locked is only kept here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "tests/sim/sim_core.h"
#include "worker/lane/ports.h"

enum {
    SIM_ROWS_MAX = 32, /* of stock */
    SIM_STORES_MAX = 4,
    SIM_BUCKETS = 512, /* a power of 2 */
    SIM_HOLDS_MAX = 512,
};

#define SIM_SESSION_NONE (-1)

/* What a customer bought and holds of a row's SKU in one round. */
struct sim_tally {
    struct span round;
    struct span customer;
    int64_t taken;
    struct sim_tally *next;
};

/* One SKU in one pool. Rows stand in the order in which they are locked, and have their place
 * before they are there. */
struct sim_row {
    struct stock stock;
    bool there;           /* committed */
    uint64_t known_at;    /* the place of the commit that made the SKU known; 0: it is not */
    int creator;          /* the session that has inserted it and not yet committed */
    int holder;           /* the session that has it locked */
    int64_t unsold_moved; /* the sums of all movements */
    int64_t held_moved;
    int64_t version_moved;
    struct sim_tally *tallies;
};

/* All that is known under one id. */
struct sim_known {
    struct span id;
    const struct decision *decision;
    struct hold *hold;
    struct sale *sale;
    uint32_t lonely;      /* how often it was begun alone; 0: forgotten */
    uint32_t lonely_most; /* before it was forgotten */
    struct sim_known *next;
};

/* Everything that rows point to is in the arena, which lives as long as the run. */
struct sim_rows {
    struct arena *arena;
    struct span others; /* the pool of stores that are assigned to none; absent: there is none */
    struct store stores[SIM_STORES_MAX];
    uint32_t store_count;
    struct sim_row rows[SIM_ROWS_MAX];
    uint32_t row_count;
    struct sim_known *buckets[SIM_BUCKETS];
    struct hold *holds[SIM_HOLDS_MAX]; /* of all, for whoever looks for overdue ones */
    uint32_t hold_count;
    uint32_t lonely_count;
};

void sim_rows_init(struct sim_rows *rows, struct arena *arena);

/* Rows are added in the order of pool and SKU. */
void sim_rows_add(struct sim_rows *rows, struct span pool, struct span sku);

void *sim_rows_take(struct sim_rows *rows, size_t size);

/* UINT32_MAX: there can be no such row. */
uint32_t sim_rows_find(const struct sim_rows *rows, struct span pool, struct span sku);

/* NULL: nothing is known of it. */
struct sim_known *sim_rows_known(const struct sim_rows *rows, struct span id);

/* The id must belong to the arena. */
struct sim_known *sim_rows_know(struct sim_rows *rows, struct span id);

/* Once more begun alone. Returns how often. */
uint32_t sim_rows_count_lonely(struct sim_rows *rows, struct sim_known *known);

struct sim_tally *sim_rows_tally(struct sim_rows *rows, uint32_t row, struct span round,
                                 struct span customer);

/* The rows that a demand locks, as bits, whether they are there or not; those that it makes. */
uint32_t sim_rows_demanded(const struct sim_rows *rows, const struct demand *demand);
uint32_t sim_rows_made(const struct sim_rows *rows, const struct demand *demand);

/* What one statement reads. False: the arena is full. */
bool sim_rows_read_stocks(const struct sim_rows *rows, const struct demand *demand, uint32_t locked,
                          struct arena *arena, struct state *state) MUST_CHECK;
bool sim_rows_read_decisions(const struct sim_rows *rows, const struct demand *demand,
                             struct arena *arena, struct state *state) MUST_CHECK;
bool sim_rows_read_sales(const struct sim_rows *rows, const struct demand *demand,
                         struct arena *arena, struct state *state) MUST_CHECK;
bool sim_rows_read_holds(const struct sim_rows *rows, const struct demand *demand,
                         struct arena *arena, struct state *state) MUST_CHECK;
bool sim_rows_read_tallies(const struct sim_rows *rows, const struct demand *demand,
                           struct arena *arena, struct state *state) MUST_CHECK;
