/* SPDX-License-Identifier: Apache-2.0
 *
 * The sorter: takes jobs without a slot from NS.sort and publishes each again with its slot, in the
 * order in which they came. Each worker runs one; the broker lets one at a time work.
 *
 * A job is acknowledged when the broker has confirmed its copy, so a crash at any point only
 * repeats, and what is repeated finds its decision. Jobs on holds and sales wait for the database,
 * and what is behind them waits too, for the sake of the order; a lane could decide none of it
 * meanwhile. Nothing circles: the slots are looked at before the first job is passed on, and a job
 * whose slot leads to no lane stops the queue until it does. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/prng.h"
#include "worker/duty/progress.h"
#include "worker/duty/sort_batch.h"
#include "worker/duty/sort_map.h"

#define SORTER_MEMORY (2u * SORT_BATCH_SIZE + JOB_MEMORY_MAX + 64u) /* with room to align */

struct sorter {
    struct broker broker;
    struct sort_map map;
    struct entries entries;
    struct prng prng;
    bool subscribed;
    bool database_ready; /* it was, when it was asked for a hold's slot */
    bool draining;
    bool front_waits;
    bool back_waits;
    uint64_t pause_until_ms;
    uint64_t leave_ms;            /* when draining: what is on its way is not waited for longer */
    uint32_t failures;            /* in a row; 0: all is well */
    uint64_t failing_since_ms;    /* since when */
    struct sort_batch batches[2]; /* one is passed on while the other is filled */
    uint32_t front;               /* the one that is filled */
    uint64_t bound_at_ms[SLOTS];  /* when a slot was found to lead to a lane; 0: not yet, or not */
    bool looked;                  /* at all slots, since the subscription */
    struct arena scratch;         /* for parsing one job */
    _Atomic uint64_t sorted;      /* jobs passed on; anybody may read it, and the next */
    _Atomic uint64_t dead;        /* jobs put aside */
};

/* The memory is SORTER_MEMORY bytes, and the caller's. */
void sorter_init(struct sorter *sorter, const char *namespace, struct broker broker,
                 struct sort_map map, uint64_t seed, void *memory);

/* One step, with one call to a port at most. Time is monotonic, in ms, and not 0. */
enum duty_progress sorter_step(struct sorter *sorter, uint64_t now_ms,
                               struct error *error) MUST_CHECK;

/* Takes no more; what is on its way is finished, what is not returns to the queue. */
void sorter_drain(struct sorter *sorter);

/* How long to wait at most after DUTY_WAIT. */
uint64_t sorter_wait_ms(const struct sorter *sorter, uint64_t now_ms);
