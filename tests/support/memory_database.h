/* SPDX-License-Identifier: Apache-2.0
 *
 * What a database does for a batch, in memory: loads what was demanded and nothing else, saves what
 * was marked and nothing else, and refuses what the real one's constraints would refuse. */
#pragma once

#include <stdint.h>

#include "common/base/arena.h"
#include "worker/lane/decide.h"
#include "worker/lane/state.h"

enum {
    MEMORY_STOCKS_MAX = 1024,
    MEMORY_TALLIES_MAX = 64,
    MEMORY_HOLDS_MAX = 128,
    MEMORY_SALES_MAX = 640,
    MEMORY_DECISIONS_MAX = 640,
    MEMORY_STORES_MAX = 4,
};

/* Everything that rows point to is in an arena that lives as long as the database. */
struct memory_database {
    struct arena *arena;
    struct span others;
    struct store stores[MEMORY_STORES_MAX];
    uint32_t store_count;
    struct stock stocks[MEMORY_STOCKS_MAX];
    struct stock moved[MEMORY_STOCKS_MAX]; /* the same, added up from the movements alone */
    uint32_t stock_count;
    struct tally tallies[MEMORY_TALLIES_MAX]; /* delta: added up from the movements alone */
    uint32_t tally_count;
    struct hold holds[MEMORY_HOLDS_MAX];
    uint32_t hold_count;
    struct sale sales[MEMORY_SALES_MAX];
    uint32_t sale_count;
    struct decision decisions[MEMORY_DECISIONS_MAX];
    uint32_t decision_count;
};

void memory_database_init(struct memory_database *database, struct arena *arena);

/* Decides one batch: demand, load, decide, save. False, with nothing saved, if what decide() wants
 * to write breaks a constraint: then why says which. */
bool memory_database_decide(struct memory_database *database, instant now,
                            const struct entry *entries, uint32_t count, struct result *results,
                            const char **why);
