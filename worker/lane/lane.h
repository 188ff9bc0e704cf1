/* SPDX-License-Identifier: Apache-2.0
 *
 * A lane's loop: takes what is there, has it decided, saved, published and confirmed, acknowledges.
 *
 * It knows a broker and a database only as ports, and has no thread, no clock and no socket. Where
 * it stands is in its fields, so it can be stopped, crashed or frozen between any two steps. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/prng.h"
#include "common/contract/address.h"
#include "worker/lane/batch.h"
#include "worker/lane/part.h"
#include "worker/lane/ports.h"

enum lane_progress {
    LANE_AGAIN,   /* call again at once */
    LANE_WAIT,    /* call again when a port has something, or after wait_ms */
    LANE_FAILED,  /* something failed and is being dealt with: log the error, call again */
    LANE_DRAINED, /* everything taken is done with, and the channel closed */
};

/* What is fixed while the lane runs. */
struct lane_plan {
    const char *namespace;
    uint32_t generation;
    uint32_t lane;
    uint32_t jobs_max; /* of a batch */
};

struct lane_counters {
    uint64_t jobs; /* decided, answered, put aside or ignored; acknowledged */
    uint64_t repeats;
    uint64_t batches;
    uint64_t retries; /* of a batch */
    uint64_t takeovers;
    uint64_t parked;
    uint64_t malformed;
    uint64_t stragglers; /* decided after the lane's marker was recorded */
};

struct lane {
    struct lane_plan plan;
    struct broker broker;
    struct database database;
    struct origins origins;
    struct prng prng;
    struct batch batches[BATCHES];
    uint32_t front; /* the batch being decided; the other one is being confirmed, or empty */
    bool front_waits;
    bool back_waits;
    bool subscribed;
    bool claimed;        /* since the first delivery after the subscription */
    bool database_ready; /* it was, before the subscription */
    bool draining;
    bool stepping_aside;     /* until the channel is closed, however that comes */
    uint32_t failures;       /* since a part was acknowledged */
    uint64_t pause_until_ms; /* nothing is asked of the database or for a subscription until then */
    uint64_t asked_since_ms; /* since when the database is asked in vain; 0: it is not */
    struct lane_counters counters;
};

/* The memory holds the arenas of all batches: BATCHES * BATCH_MEMORY bytes; it is the caller's. */
void lane_init(struct lane *lane, const struct lane_plan *plan, struct broker broker,
               struct database database, uint64_t seed, void *memory);

/* One step, with one call to a port at most. Time is monotonic, in ms, and not 0. */
enum lane_progress lane_step(struct lane *lane, uint64_t now_ms, struct error *error) MUST_CHECK;

/* Takes no more deliveries; what is in hand is finished. */
void lane_drain(struct lane *lane);

/* Takes no more deliveries, finishes what is in hand, closes the channel, and subscribes again: at
 * the end of the broker's line of consumers. */
void lane_step_aside(struct lane *lane);

/* How many jobs are in hand, and when the oldest of them was published, in ms since 1970:
 * TIMESTAMP_NONE if it does not say so. */
uint32_t lane_in_hand(const struct lane *lane, int64_t *oldest_ms);

/* How long to wait at most after LANE_WAIT. */
uint64_t lane_wait_ms(const struct lane *lane, uint64_t now_ms);

/* Gives everything back and forgets it, as a crash would; then it begins anew. */
void lane_give_back(struct lane *lane);
