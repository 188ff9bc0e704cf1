/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums up and writes one line. */
#include "worker/crew/summary.h"

#include <inttypes.h>

static void put(struct text *text, const char *name, uint64_t number)
{
    text_format(text, "%s%s=%" PRIu64, text->size == 0 ? "" : " ", name, number);
}

void summary_add_lane(struct summary *summary, const struct lane_thread *thread)
{
    lane_counters_add(&summary->lanes, &thread->lane.counters);
    summary->unheard += counter_read(&thread->broker.publisher.unheard);
}

void summary_add_sorter(struct summary *summary, const struct sorter *sorter)
{
    summary->sorted += counter_read(&sorter->sorted);
    counter_add(&summary->lanes.dead[DEAD_MALFORMED], counter_read(&sorter->dead));
}

void summary_write(const struct summary *summary, struct text *text)
{
    const struct lane_counters *lanes = &summary->lanes;
    put(text, "jobs", counter_read(&lanes->jobs));
    put(text, "decided", lane_counters_decided(lanes));
    put(text, "repeats", counter_read(&lanes->repeats));
    put(text, "answers", lane_counters_answers(lanes));
    put(text, "dead", lane_counters_dead(lanes));
    put(text, "batches", counter_read(&lanes->batches));
    put(text, "retries", lane_counters_retries(lanes));
    put(text, "redelivered", counter_read(&lanes->redelivered));
    put(text, "misrouted", counter_read(&lanes->misrouted));
    put(text, "stragglers", counter_read(&lanes->stragglers));
    put(text, "unheard", summary->unheard);
    put(text, "sorted", summary->sorted);
    put(text, "takeovers", counter_read(&lanes->takeovers));
}
