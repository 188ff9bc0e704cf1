/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a batch: which jobs are decided together. */
#include "worker/lane/batch.h"

#include <stddef.h>
#include <string.h>

static const struct span marker_type = {DELIVERY_MARKER, sizeof DELIVERY_MARKER - 1};

/* Published straight to the lane's queue, through the default exchange: whoever may write only the
 * entries cannot do that, and what he calls a marker is a job. */
static bool is_marker(const struct taken *taken)
{
    return taken->delivery.exchange.size == 0 && span_equal(taken->delivery.type, marker_type);
}

static bool is_suspect(const struct taken *taken)
{
    return taken->delivery.delivery_count >= DELIVERIES_SUSPECT && !is_marker(taken);
}

static bool is_apart(const struct taken *taken)
{
    return is_suspect(taken) || is_marker(taken);
}

/* A job that may be one that crashes workers is a part of its own, and so is a marker. Jobs among
 * which one makes trouble are decided apart from those behind them. */
static uint32_t part_from(const struct batch *batch, uint32_t first)
{
    if (is_apart(&batch->taken[first])) {
        return 1;
    }
    const uint32_t last = first < batch->bad_end ? batch->bad_end : batch->count;
    uint32_t end = first + 1;
    while (end < last && !is_apart(&batch->taken[end])) {
        end++;
    }
    return end - first;
}

void batch_init(struct batch *batch, void *memory, size_t size)
{
    memset(batch, 0, offsetof(struct batch, taken));
    arena_init(&batch->arena, memory, size);
    batch_reset(batch);
}

void batch_reset(struct batch *batch)
{
    arena_reset(&batch->arena);
    batch->phase = BATCH_EMPTY;
    batch->count = 0;
    batch->first = 0;
    batch->part = 0;
    batch->lonely_counted = false;
}

bool batch_has_room(const struct batch *batch, uint32_t jobs_max)
{
    ENSURE(jobs_max <= BATCH_JOBS_MAX);
    return batch->count < jobs_max &&
           batch->arena.used < batch->arena.size / BATCH_DELIVERIES_SHARE &&
           arena_room(&batch->arena) >= DELIVERY_MEMORY_MAX;
}

void batch_close(struct batch *batch)
{
    ENSURE(batch->count > 0);
    batch->first = 0;
    batch->bad_end = 0;
    batch->part = part_from(batch, 0);
    batch->lonely_counted = false;
    batch->mark_taken = arena_mark(&batch->arena);
    batch_rewind(batch);
}

bool batch_next_part(struct batch *batch)
{
    batch->first += batch->part;
    ENSURE(batch->first <= batch->count);
    if (batch->first == batch->count) {
        return false;
    }
    batch->part = part_from(batch, batch->first);
    batch->lonely_counted = false;
    batch_rewind(batch);
    return true;
}

void batch_rewind(struct batch *batch)
{
    arena_rewind(&batch->arena, batch->mark_taken);
    batch->entries = NULL;
    batch->entry_count = 0;
    batch->marker = false;
    batch->results = NULL;
    batch->messages = NULL;
    batch->message_count = 0;
    batch->composed = (struct announced){0, 0};
    batch->announced = (struct announced){0, 0};
    for (uint32_t i = batch->first; i < batch->first + batch->part; i++) {
        if (batch->taken[i].kind != TAKEN_PARKED) {
            batch->taken[i].kind = TAKEN_RAW; /* what it was parsed into stood in the arena */
        }
    }
}

bool batch_halve(struct batch *batch)
{
    if (batch->part == 1) {
        return false;
    }
    batch->bad_end = batch->first + batch->part;
    batch->part /= 2;
    return true;
}

uint64_t batch_tag(const struct batch *batch)
{
    ENSURE(batch->part > 0);
    return batch->taken[batch->first + batch->part - 1].delivery.tag;
}

bool batch_is_lonely(const struct batch *batch)
{
    return batch->part == 1 && is_suspect(&batch->taken[batch->first]);
}

bool batch_is_marker(const struct batch *batch)
{
    return batch->part == 1 && is_marker(&batch->taken[batch->first]);
}

bool batch_is_last_part(const struct batch *batch)
{
    return batch->first + batch->part == batch->count;
}
