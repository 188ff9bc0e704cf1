/* SPDX-License-Identifier: Apache-2.0
 *
 * A table of hashes with a few places for each. */
#include "worker/duty/swept.h"

#include "common/base/ensure.h"
#include "common/base/text.h"

static uint64_t hash_of(const struct swept *swept, const struct overdue *overdue)
{
    char memory[sizeof overdue->id + sizeof overdue->end];
    struct text text;
    text_init(&text, memory, sizeof memory);
    text_put(&text, overdue->end);
    text_put(&text, " ");
    text_put(&text, overdue->id);
    return hash_bytes(swept->key, text.bytes, text.size);
}

static struct swept_entry *group_of(struct swept *swept, uint64_t hash)
{
    ENSURE(swept->size >= SWEPT_PLACES && swept->size % SWEPT_PLACES == 0);
    return &swept->entries[hash % (swept->size / SWEPT_PLACES) * SWEPT_PLACES];
}

bool swept_take(struct swept *swept, const struct overdue *overdue, uint64_t now_ms)
{
    const uint64_t hash = hash_of(swept, overdue);
    struct swept_entry *group = group_of(swept, hash);
    struct swept_entry *room = NULL;
    for (uint32_t i = 0; i < SWEPT_PLACES; i++) {
        if (group[i].until_ms <= now_ms) {
            room = &group[i];
        } else if (group[i].hash == hash) {
            return false;
        }
    }
    if (room == NULL) {
        return false;
    }
    *room = (struct swept_entry){hash, now_ms + SWEPT_MS};
    return true;
}

void swept_forget(struct swept *swept, const struct overdue *overdue)
{
    const uint64_t hash = hash_of(swept, overdue);
    struct swept_entry *group = group_of(swept, hash);
    for (uint32_t i = 0; i < SWEPT_PLACES; i++) {
        if (group[i].hash == hash) {
            group[i] = (struct swept_entry){0};
        }
    }
}
