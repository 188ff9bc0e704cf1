/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts, sorts into buckets, sums up. */
#include "worker/lane/counters.h"

#include <stddef.h>

#include "common/base/ensure.h"

/* In steps of about two, for milliseconds from one to half a minute as well as for the jobs of a
 * batch. */
static const uint64_t bounds[HISTOGRAM_BUCKETS - 1] = {1,   2,   5,    10,   20,   50,    100,
                                                       200, 500, 1000, 2000, 5000, 10000, 30000};

static const char *const retry_texts[RETRY_COUNT] = {
    [RETRY_BATCH] = "batch",
    [RETRY_COMMIT] = "commit",
    [RETRY_LANE] = "lane",
};

/* Counters lie side by side in the struct and have one type, so that none can be forgotten. */
_Static_assert(sizeof(struct lane_counters) % sizeof(_Atomic uint64_t) == 0,
               "counters and nothing else");

static uint64_t sum_of(const _Atomic uint64_t *counters, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += counter_read(&counters[i]);
    }
    return sum;
}

void histogram_observe(struct histogram *histogram, uint64_t value)
{
    uint32_t bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS - 1 && value > bounds[bucket]) {
        bucket++;
    }
    counter_add(&histogram->buckets[bucket], 1);
    counter_add(&histogram->sum, value);
}

uint64_t histogram_bound(uint32_t bucket)
{
    ENSURE(bucket < HISTOGRAM_BUCKETS - 1);
    return bounds[bucket];
}

uint64_t histogram_count(const struct histogram *histogram)
{
    return sum_of(histogram->buckets, HISTOGRAM_BUCKETS);
}

void lane_counters_add(struct lane_counters *sum, const struct lane_counters *counters)
{
    _Atomic uint64_t *to = (_Atomic uint64_t *)sum;
    const _Atomic uint64_t *from = (const _Atomic uint64_t *)counters;
    for (size_t i = 0; i < sizeof *sum / sizeof to[0]; i++) {
        counter_add(&to[i], counter_read(&from[i]));
    }
}

uint64_t lane_counters_decided(const struct lane_counters *counters)
{
    return sum_of(counters->decided[0], KIND_COUNT * OUTCOME_COUNT);
}

uint64_t lane_counters_answers(const struct lane_counters *counters)
{
    return sum_of(counters->answers, ANSWER_REASON_COUNT);
}

uint64_t lane_counters_dead(const struct lane_counters *counters)
{
    return sum_of(counters->dead, DEAD_REASON_COUNT);
}

uint64_t lane_counters_retries(const struct lane_counters *counters)
{
    return sum_of(counters->retries, RETRY_COUNT);
}

const char *retry_text(enum retry retry)
{
    ENSURE(retry < RETRY_COUNT);
    return retry_texts[retry];
}
