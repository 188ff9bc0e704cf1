/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker's threads have counted, summed up. Lanes may come and go: whoever closes one adds
 * it first. */
#pragma once

#include <stdint.h>

#include "common/base/text.h"
#include "worker/crew/lane_thread.h"
#include "worker/duty/sorter.h"

#define SUMMARY_LINE_MAX 512u /* bytes, with the NUL */

struct summary {
    struct lane_counters lanes;
    uint64_t unheard; /* events that no queue took */
    uint64_t sorted;  /* jobs that were given their slot */
};

/* At any time; but each thread once for a sum. */
void summary_add_lane(struct summary *summary, const struct lane_thread *thread);
void summary_add_sorter(struct summary *summary, const struct sorter *sorter);

/* On one line, as the log has it: "jobs=3 decided=2 ..."; SUMMARY_LINE_MAX bytes are enough. */
void summary_write(const struct summary *summary, struct text *text);
