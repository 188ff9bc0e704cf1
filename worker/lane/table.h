/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds things by hash: a table of chains whose links stand inside the things themselves. It never
 * grows and never moves anything, so what was found stays where it is until the batch is done. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/ensure.h"

/* The first member of whatever is in a table. */
struct link {
    struct link *next;
    uint64_t hash;
};

struct table {
    struct link **buckets; /* in the arena */
    uint64_t mask;
};

/* Quick for up to count things; slower, not wrong, for more. False: the arena is full. */
bool table_init(struct table *table, struct arena *arena, uint32_t count) MUST_CHECK;

void table_put(struct table *table, struct link *link, uint64_t hash);

/* The first and the next thing of this hash: the caller compares the keys. NULL: no more. */
static inline struct link *table_next(struct link *link, uint64_t hash)
{
    while (link != NULL && link->hash != hash) {
        link = link->next;
    }
    return link;
}

static inline struct link *table_first(const struct table *table, uint64_t hash)
{
    return table_next(table->buckets[hash & table->mask], hash);
}
