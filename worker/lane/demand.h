/* SPDX-License-Identifier: Apache-2.0
 *
 * What has to be loaded, and locked, before a batch can be decided.
 *
 * All sets are sorted by bytes, as PostgreSQL's collation "C" sorts, and name each thing once.
 * They belong to the batch's arena; their texts are the jobs', holds' and sales'. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/span.h"
#include "worker/lane/decide.h"
#include "worker/lane/state.h"

struct key {
    struct span name;     /* an id, a store or a pool */
    struct span sku;      /* absent in sets of names */
    struct span customer; /* only in sets of tallies */
    bool makes_known;     /* a stock job may make this SKU known: it needs a row to be locked */
};

struct keys {
    struct key *keys;
    uint32_t count;
};

struct demand {
    struct keys ids;               /* decisions: of the jobs, and of what cancels name as sales */
    struct keys holds;             /* by id */
    struct keys sales;             /* by the id of checkout, reserve or commit; with their holds */
    struct keys stores;            /* the pool of each */
    struct keys stocks_of_pools;   /* to be locked: (pool, SKU) */
    struct keys stocks_of_stores;  /* to be locked: (store, SKU), in the store's pool */
    struct keys tallies_of_pools;  /* all rounds of (pool, SKU, customer) */
    struct keys tallies_of_stores; /* all rounds of (store, SKU, customer), in the store's pool */

    /* Some job defines a SKU. Else tallies of SKUs without a limit need not be loaded. */
    bool limits_may_change;
};

/* What the jobs themselves say. False: the arena is full. */
bool demand_begin(struct demand *demand, const struct entry *entries, uint32_t count,
                  struct arena *arena) MUST_CHECK;

/* Adds the SKUs and customers of the holds and sales that were found. False: the arena is full. */
bool demand_add_found(struct demand *demand, const struct hold *holds, uint32_t hold_count,
                      const struct sale *sales, uint32_t sale_count,
                      struct arena *arena) MUST_CHECK;

/* Whether all SKUs of these holds and sales were demanded, and their customers' counts. Where not,
 * some hold or sale came up after the locks were taken: it has to be added and all be loaded again.
 */
bool demand_covers(const struct demand *demand, const struct hold *holds, uint32_t hold_count,
                   const struct sale *sales, uint32_t sale_count);
