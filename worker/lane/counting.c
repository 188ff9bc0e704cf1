/* SPDX-License-Identifier: Apache-2.0
 *
 * From a part to figures. A decision is counted when it is committed; answers and dead letters when
 * their jobs are acknowledged, for until then they may be published again. */
#include "worker/lane/counting.h"

#include "worker/lane/part.h"

/* Of a job on a hold or sale that is not known, nobody can say which slot was right. */
static bool is_misrouted(const struct taken *taken, const struct decision *decision)
{
    const bool has_cart = taken->job.item_count > 0 && taken->job.kind != KIND_CANCEL;
    return (has_cart || !span_absent(decision->pool)) &&
           decision->slot != part_key_slot(&taken->delivery);
}

static void count_decided(struct lane_counters *counters, const struct taken *taken,
                          const struct result *result, bool drained)
{
    switch (result->kind) {
    case RESULT_DECISION:
        counter_add(&counters->decided[result->decision.kind][result->decision.outcome], 1);
        counter_add(&counters->misrouted, is_misrouted(taken, &result->decision));
        counter_add(&counters->stragglers, drained);
        return;
    case RESULT_REPEAT:
        counter_add(&counters->repeats, 1);
        return;
    case RESULT_ANSWER:
    case RESULT_NOTHING:
        return;
    }
}

static void count_told(struct lane_counters *counters, const struct batch *batch,
                       const struct taken *taken)
{
    switch (taken->kind) {
    case TAKEN_MALFORMED:
        counter_add(&counters->dead[DEAD_MALFORMED], 1);
        counter_add(&counters->answers[ANSWER_MALFORMED], !span_absent(taken->glimpse.id));
        return;
    case TAKEN_PARKED:
        counter_add(&counters->dead[taken->dead], 1);
        counter_add(&counters->answers[ANSWER_PARKED], !span_absent(taken->glimpse.id));
        return;
    case TAKEN_JOB:
        if (batch->results[taken->entry].kind == RESULT_ANSWER) {
            counter_add(&counters->answers[batch->results[taken->entry].answer], 1);
        }
        return;
    case TAKEN_PROBE:
    case TAKEN_MARKER:
    case TAKEN_RAW:
        return;
    }
}

void count_taken(struct lane_counters *counters, const struct delivery *delivery)
{
    counter_add(&counters->redelivered, delivery->delivery_count > 0);
}

void count_saved(struct lane_counters *counters, const struct batch *batch)
{
    counter_add(&counters->batches, 1);
    histogram_observe(&counters->batch_jobs, batch->part);
    for (uint32_t i = batch->first; i < batch->first + batch->part; i++) {
        if (batch->taken[i].kind == TAKEN_JOB) {
            count_decided(counters, &batch->taken[i], &batch->results[batch->taken[i].entry],
                          batch->state.drained);
        }
    }
}

void count_confirmed(struct lane_counters *counters, const struct batch *batch, uint64_t now_ms)
{
    if (batch->entry_count == 0) {
        return;
    }
    const int64_t now = batch->state.now / 1000 + (int64_t)(now_ms - batch->loaded_ms);
    for (uint32_t i = batch->first; i < batch->first + batch->part; i++) {
        const struct taken *taken = &batch->taken[i];
        const int64_t sent = taken->delivery.timestamp_in_ms;
        if (taken->kind != TAKEN_JOB || sent == TIMESTAMP_NONE ||
            batch->results[taken->entry].kind == RESULT_NOTHING) {
            continue;
        }
        /* A stranger's word: from the future, or from before the epoch, it counts as now. */
        const bool sensible = sent >= 0 && sent < now;
        histogram_observe(&counters->job_latency, sensible ? (uint64_t)(now - sent) : 0);
    }
}

void count_acknowledged(struct lane_counters *counters, const struct batch *batch)
{
    counter_add(&counters->jobs, batch->part);
    for (uint32_t i = batch->first; i < batch->first + batch->part; i++) {
        count_told(counters, batch, &batch->taken[i]);
    }
}
