/* SPDX-License-Identifier: Apache-2.0
 *
 * The two operations of a table that are not lookups. */
#include "worker/lane/table.h"

#include <string.h>

bool table_init(struct table *table, struct arena *arena, uint32_t count)
{
    uint64_t buckets = 16;
    while (buckets < count) {
        buckets *= 2;
    }
    const size_t size = buckets * sizeof(struct link *);
    struct link **memory = arena_take(arena, size);
    if (memory == NULL) {
        return false;
    }
    memset(memory, 0, size);
    *table = (struct table){.buckets = memory, .mask = buckets - 1};
    return true;
}

void table_put(struct table *table, struct link *link, uint64_t hash)
{
    struct link **bucket = &table->buckets[hash & table->mask];
    *link = (struct link){.next = *bucket, .hash = hash};
    *bucket = link;
}
