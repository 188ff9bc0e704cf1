/* SPDX-License-Identifier: Apache-2.0
 *
 * The sorter: takes jobs without a slot from NS.sort and publishes each again with its slot, in the
 * order in which they came. Each worker runs one; the broker lets one at a time work.
 *
 * A job is acknowledged when the broker has confirmed its copy, so a crash at any point only
 * repeats, and what is repeated finds its decision. Jobs on holds and sales wait for the database,
 * and what is behind them waits too, for the sake of the order; a lane could decide none of it
 * meanwhile. While a slot leads to no lane, a job of it that came back stops the queue. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/crew/aide.h"
#include "worker/crew/sort_batch.h"

struct sorter {
    struct aide aide;
    struct entries entries;
    bool subscribed;
    uint64_t pause_until_ms;
    struct sort_batch batches[2];   /* one is passed on while the other is filled */
    uint32_t front;                 /* the one that is filled */
    uint64_t bound_until_ms[SLOTS]; /* until when a slot that was looked at counts as bound */
    struct arena scratch;           /* for parsing one job */
    struct text request;            /* to the database */
    _Atomic uint64_t sorted;        /* jobs passed on; anybody may read it */
    char *memory;
};

/* Starts the thread; servers that are not there are waited for. The struct must not be moved. */
bool sorter_open(struct sorter *sorter, const struct lane_duty *duty,
                 struct error *error) MUST_CHECK;

/* Asks it to finish what is on its way, and to take no more. */
void sorter_drain(struct sorter *sorter);

/* Waits until it has. Only after sorter_drain. */
void sorter_close(struct sorter *sorter);
