/* SPDX-License-Identifier: Apache-2.0
 *
 * What a lane counts of what it does, for whoever watches it. No label is a SKU or a customer.
 *
 * Only the lane's thread changes them; any thread may read them at any time, each figure for
 * itself: a reader may see a job counted whose batch is not counted yet. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/contract/names.h"

#define HISTOGRAM_BUCKETS 15u /* the last one is for whatever is beyond all bounds */

/* What was done again, or taken anew. */
enum retry {
    RETRY_BATCH,  /* a part, begun again because the database said so or was away */
    RETRY_COMMIT, /* the same, but it may have been committed: looked for first */
    RETRY_LANE,   /* given back with all that was in hand: fenced, or a server failed too long */
};

#define RETRY_COUNT (RETRY_LANE + 1u)

/* Of jobs or of milliseconds. */
struct histogram {
    _Atomic uint64_t buckets[HISTOGRAM_BUCKETS]; /* those up to their own bound only */
    _Atomic uint64_t sum;
};

struct lane_counters {
    _Atomic uint64_t jobs; /* decided, answered, put aside or ignored; acknowledged */
    _Atomic uint64_t batches;
    _Atomic uint64_t takeovers;

    _Atomic uint64_t decided[KIND_COUNT][OUTCOME_COUNT]; /* for the first time, and committed */
    _Atomic uint64_t repeats;                            /* decided before, published again */
    _Atomic uint64_t misrouted;  /* decisions of jobs that came by another slot than their own */
    _Atomic uint64_t stragglers; /* decisions after the lane's marker was recorded */
    _Atomic uint64_t redelivered;
    _Atomic uint64_t answers[ANSWER_REASON_COUNT]; /* confirmed, and the job acknowledged */
    _Atomic uint64_t dead[DEAD_REASON_COUNT];      /* the same */
    _Atomic uint64_t retries[RETRY_COUNT];

    struct histogram batch_jobs;  /* of a part that was saved */
    struct histogram commit_ms;   /* what a part's writing and committing took */
    struct histogram confirm_ms;  /* from a part's last message to the last confirm */
    struct histogram job_latency; /* ms from timestamp_in_ms to the event's confirm */
};

/* Cheap, for there is one writer: a load and a store, no locked instruction. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t number)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + number,
                          memory_order_relaxed);
}

static inline uint64_t counter_read(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void histogram_observe(struct histogram *histogram, uint64_t value);

/* The largest value of each bucket but the last. */
uint64_t histogram_bound(uint32_t bucket);

uint64_t histogram_count(const struct histogram *histogram);

/* Adds all of what one lane counted to a sum that nobody else changes. */
void lane_counters_add(struct lane_counters *sum, const struct lane_counters *counters);

/* Sums over all labels. */
uint64_t lane_counters_decided(const struct lane_counters *counters);
uint64_t lane_counters_answers(const struct lane_counters *counters);
uint64_t lane_counters_dead(const struct lane_counters *counters);
uint64_t lane_counters_retries(const struct lane_counters *counters);

/* The label: "batch", "commit", "lane". */
const char *retry_text(enum retry retry);
