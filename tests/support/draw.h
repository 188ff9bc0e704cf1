/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws random jobs from small spaces of ids, SKUs, customers and figures, so that repeats, reused
 * ids, replaced and expired holds, limits and windows meet often. */
#pragma once

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/prng.h"
#include "worker/lane/decide.h"

enum { DRAW_ENTRIES_MAX = 128 };

/* All entries of one run: an earlier one may come again. */
struct draw {
    struct prng prng;
    struct arena *arena; /* of the jobs */
    instant now;
    struct entry entries[DRAW_ENTRIES_MAX];
    uint32_t entry_count;
    const struct decision *holds[DRAW_ENTRIES_MAX]; /* that later jobs name */
    uint32_t hold_count;
    const struct decision *sales[DRAW_ENTRIES_MAX];
    uint32_t sale_count;
};

void draw_init(struct draw *draw, uint64_t seed, struct arena *arena);

/* The next one. At most DRAW_ENTRIES_MAX in a run. */
const struct entry *draw_entry(struct draw *draw);

/* What came of it, so that later jobs name holds and sales that there are. It must stay. */
void draw_hear(struct draw *draw, const struct decision *decision);

/* A pool for a store, or none. */
struct span draw_pool(struct draw *draw);
struct span draw_store(struct draw *draw);
