/* SPDX-License-Identifier: Apache-2.0
 *
 * Fills batches and makes messages of them. */
#include "worker/duty/sort_batch.h"

#include <stdio.h>
#include <string.h>

static const char too_large[] = "must be at most 65536 bytes";

/* Beside the delivery: the id of its hold or sale. */
#define ITEM_MEMORY_MAX (DELIVERY_MEMORY_MAX + JOB_EXPIRE_ID_MAX)

void sort_batch_init(struct sort_batch *batch, void *memory)
{
    char *bytes = memory;
    *batch = (struct sort_batch){.items = memory};
    bytes += SORT_JOBS_MAX * sizeof(struct sort_item);
    batch->messages = (struct message *)(void *)bytes;
    bytes += SORT_JOBS_MAX * sizeof(struct message);
    arena_init(&batch->arena, bytes, SORT_BATCH_MEMORY);
}

void sort_batch_reset(struct sort_batch *batch)
{
    arena_reset(&batch->arena);
    batch->phase = SORT_TAKEN;
    batch->count = batch->first = batch->part = batch->message_count = 0;
}

bool sort_batch_has_room(const struct sort_batch *batch)
{
    return batch->count < SORT_JOBS_MAX && arena_room(&batch->arena) >= ITEM_MEMORY_MAX;
}

static void settle(struct sort_item *item, uint32_t slot, const struct entries *entries)
{
    ENSURE(slot < SLOTS);
    item->sorted.slot = slot;
    item->known = true;
    (void)snprintf(item->key, sizeof item->key, "%u", slot % SLOTS);
    item->came_back = item->sorted.sorting <= SORTING_OTHER &&
                      sorting_came_back(&item->delivery, entries, item->key);
}

void sort_batch_add(struct sort_batch *batch, const struct delivery *delivery,
                    const struct entries *entries, struct arena *scratch)
{
    struct sort_item *item = &batch->items[batch->count++];
    ENSURE(batch->count <= SORT_JOBS_MAX);
    *item = (struct sort_item){
        .delivery = *delivery,
        .sorted = sorting_of(delivery, entries, scratch, &batch->arena),
    };
    if (item->sorted.sorting != SORTING_OTHER) {
        settle(item, item->sorted.slot, entries);
    }
}

void sort_batch_settle(struct sort_batch *batch, uint32_t index, uint32_t slot,
                       const struct entries *entries)
{
    ENSURE(index < batch->count);
    settle(&batch->items[index], slot, entries);
}

static void add_job(struct sort_batch *batch, const struct sort_item *item,
                    const struct entries *entries)
{
    const struct delivery *delivery = &item->delivery;
    const bool stock = sorting_is_stock(delivery, entries);
    batch->messages[batch->message_count++] = (struct message){
        .target = stock ? MESSAGE_STOCK_JOB : MESSAGE_JOB,
        .routing_key = {item->key, (uint32_t)strlen(item->key)},
        .body = delivery->body,
        .id = delivery->message_id,
        .correlation_id = delivery->correlation_id,
        .traceparent = delivery->traceparent,
        .time = INSTANT_NONE,
        .job = delivery,
    };
}

/* What the lane would do: its size would not get there, cut as it is. */
static void add_dead(struct sort_batch *batch, struct sort_item *item)
{
    item->dead = (struct dead_letter){DEAD_MALFORMED, SPAN_OF(""), &item->delivery};
    item->dead.error = (struct span){too_large, sizeof too_large - 1};
    batch->messages[batch->message_count++] = (struct message){
        .target = MESSAGE_DEAD,
        .routing_key = item->delivery.routing_key,
        .body = item->delivery.body,
        .id = item->delivery.message_id,
        .correlation_id = item->delivery.correlation_id,
        .traceparent = item->delivery.traceparent,
        .time = INSTANT_NONE,
        .dead = &item->dead,
    };
}

static void add_message(struct sort_batch *batch, struct sort_item *item,
                        const struct entries *entries)
{
    switch (item->sorted.sorting) {
    case SORTING_SLOT:
    case SORTING_OTHER:
        add_job(batch, item, entries);
        break;
    case SORTING_TOO_LARGE:
        add_dead(batch, item);
        break;
    case SORTING_PROBE:
        break;
    }
}

static bool is_ready(const struct sort_item *item, const uint64_t bound_at_ms[SLOTS],
                     uint64_t now_ms)
{
    const uint64_t bound_ms = bound_at_ms[item->sorted.slot];
    if (!item->known || item->sorted.sorting > SORTING_OTHER) {
        return item->known;
    }
    return bound_ms != 0 && (!item->came_back || now_ms - bound_ms < SORT_BOUND_MS);
}

void sort_batch_compose(struct sort_batch *batch, const struct entries *entries,
                        const uint64_t bound_at_ms[SLOTS], uint64_t now_ms)
{
    ENSURE(batch->phase == SORT_TAKEN);
    batch->part = batch->message_count = 0;
    for (uint32_t i = batch->first; i < batch->count; i++) {
        struct sort_item *item = &batch->items[i];
        if (!is_ready(item, bound_at_ms, now_ms)) {
            break;
        }
        add_message(batch, item, entries);
        batch->part++;
    }
    batch->phase = batch->part > 0 ? SORT_COMPOSED : SORT_TAKEN;
}

void sort_batch_next(struct sort_batch *batch)
{
    ENSURE(batch->phase == SORT_CONFIRMED);
    batch->first += batch->part;
    batch->phase = SORT_TAKEN;
    if (batch->first == batch->count) {
        sort_batch_reset(batch);
    }
}

void sort_batch_again(struct sort_batch *batch)
{
    batch->part = batch->message_count = 0;
    batch->phase = SORT_TAKEN;
}
