/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a job for its SKU, hold or sale. */
#include "worker/duty/sorting.h"

#include <string.h>

#include "common/contract/slot.h"
static bool span_is(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.bytes, text, span.size) == 0;
}

static bool came_by_entry(const struct delivery *delivery, const struct entries *entries)
{
    return span_is(delivery->exchange, entries->jobs.text) ||
           span_is(delivery->exchange, entries->stock.text);
}

/* Those who may write the entries only cannot send one; what they call so is a job. */
static bool is_probe(const struct delivery *delivery, const struct entries *entries)
{
    return !span_absent(delivery->type) && span_is(delivery->type, DELIVERY_PROBE) &&
           !came_by_entry(delivery, entries);
}

/* A cancel may name SKUs, but belongs to its sale as all other jobs on it do. */
static struct sorted sort_job(const struct job *job, struct arena *arena)
{
    const struct span other = span_absent(job->hold) ? job->sale : job->hold;
    if (span_absent(other)) {
        return (struct sorted){SORTING_SLOT, slot_of_job(job), SPAN_NONE};
    }
    char *bytes = arena_take_bytes(arena, other.size);
    ENSURE(bytes != NULL); /* the caller has left room */
    memcpy(bytes, other.bytes, other.size);
    return (struct sorted){SORTING_OTHER, till_slot(bytes, other.size), {bytes, other.size}};
}

struct sorted sorting_of(const struct delivery *delivery, const struct entries *entries,
                         struct arena *scratch, struct arena *arena)
{
    struct sorted sorted = {SORTING_SLOT, 0, SPAN_NONE};
    struct job job;
    struct job_fault fault;
    if (is_probe(delivery, entries)) {
        sorted.sorting = SORTING_PROBE;
        return sorted;
    }
    if (delivery->size > delivery->body.size) {
        sorted.sorting = SORTING_TOO_LARGE;
        return sorted;
    }
    const size_t mark = arena_mark(scratch);
    if (job_parse(delivery->body, delivery->message_id, scratch, &job, &fault)) {
        sorted = sort_job(&job, arena);
    }
    arena_rewind(scratch, mark);
    return sorted;
}

bool sorting_is_stock(const struct delivery *delivery, const struct entries *entries)
{
    return span_is(delivery->exchange, entries->stock.text);
}

bool sorting_came_back(const struct delivery *delivery, const struct entries *entries,
                       const char *key)
{
    return span_is(delivery->routing_key, key) && came_by_entry(delivery, entries);
}
