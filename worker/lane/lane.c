/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a batch, from the delivery to the acknowledgement, and what happens when a step of it
 * fails. While the broker confirms one batch, the next one is being decided. */
#include "worker/lane/lane.h"

#include <stddef.h>
#include <string.h>

#include "worker/lane/advance.h"
#include "worker/lane/announce.h"
#include "worker/lane/backoff.h"
#include "worker/lane/counting.h"
#include "worker/lane/part.h"

#define ASKED_MAX_MS 10000u /* a part that the database has not saved for so long is given back */
#define WAIT_MAX_MS  1000u

/* The whole life of a batch; everything else in this file only follows this table. A part that has
 * failed is begun again: what was loaded is stale, and its ids make it safe. Once a part is saved
 * only the broker can fail, and then everything is given back: the jobs return, and their decisions
 * are found. */
static const struct {
    enum batch_phase done;
    enum batch_phase failed;
} next[] = {
    [BATCH_EMPTY] = {BATCH_TAKEN, BATCH_EMPTY},
    [BATCH_TAKEN] = {BATCH_PARSED, BATCH_TAKEN},
    [BATCH_PARSED] = {BATCH_FOUND, BATCH_TAKEN},
    [BATCH_FOUND] = {BATCH_DECIDED, BATCH_TAKEN},
    [BATCH_DECIDED] = {BATCH_SAVED, BATCH_TAKEN},
    [BATCH_SAVED] = {BATCH_COMPOSED, BATCH_EMPTY},
    [BATCH_COMPOSED] = {BATCH_PUBLISHED, BATCH_EMPTY},
    [BATCH_PUBLISHED] = {BATCH_CONFIRMED, BATCH_EMPTY},
    [BATCH_CONFIRMED] = {BATCH_EMPTY, BATCH_EMPTY},
};

static struct batch *front_of(struct lane *lane)
{
    return &lane->batches[lane->front];
}

static struct batch *back_of(struct lane *lane)
{
    return &lane->batches[1 - lane->front];
}

/* The database has done its share, or has nothing to do with the part any more. */
static void part_saved(struct lane *lane, struct batch *batch)
{
    batch->mark_saved = arena_mark(&batch->arena);
    lane->asked_since_ms = 0;
    count_saved(&lane->counters, batch);
}

/* The next batch may be decided: of this one nothing waits for the database any more. */
static void part_published(struct lane *lane, struct batch *batch)
{
    if (batch == front_of(lane) && batch_is_last_part(batch)) {
        ENSURE(back_of(lane)->phase == BATCH_EMPTY);
        lane->front = 1 - lane->front;
    }
}

static void part_confirmed(struct lane *lane, struct batch *batch, uint64_t took_ms,
                           uint64_t now_ms)
{
    if (batch->message_count > 0) {
        histogram_observe(&lane->counters.confirm_ms, took_ms);
    }
    if (announce_confirmed(batch)) {
        batch->phase = BATCH_SAVED; /* there is more to tell */
        return;
    }
    count_confirmed(&lane->counters, batch, now_ms);
}

static void part_acknowledged(struct lane *lane, struct batch *batch)
{
    lane->failures = 0;
    count_acknowledged(&lane->counters, batch);
    if (batch_next_part(batch)) {
        batch->phase = BATCH_TAKEN;
    } else {
        batch_reset(batch);
    }
}

/* What a phase's end brings beside the next phase. */
static void arrive(struct lane *lane, struct batch *batch, uint64_t now_ms)
{
    const enum batch_phase phase = batch->phase;
    const uint64_t took_ms = now_ms - batch->since_ms;
    batch->phase = next[phase].done;
    batch->since_ms = now_ms;
    switch (phase) {
    case BATCH_EMPTY:
        batch_close(batch);
        break;
    case BATCH_FOUND:
        batch->loaded_ms = now_ms;
        break;
    case BATCH_DECIDED:
        if (batch->entry_count > 0) {
            histogram_observe(&lane->counters.commit_ms, took_ms);
        }
        part_saved(lane, batch);
        break;
    case BATCH_COMPOSED:
        part_published(lane, batch);
        break;
    case BATCH_PUBLISHED:
        part_confirmed(lane, batch, took_ms, now_ms);
        break;
    case BATCH_CONFIRMED:
        part_acknowledged(lane, batch);
        break;
    case BATCH_TAKEN:
    case BATCH_PARSED:
    case BATCH_SAVED:
        break;
    }
}

static void pause_after_failure(struct lane *lane, uint64_t now_ms)
{
    lane->failures++;
    lane->pause_until_ms = now_ms + backoff_ms(lane->failures, &lane->prng);
}

static void give_back_and_pause(struct lane *lane, uint64_t now_ms)
{
    counter_add(&lane->counters.retries[RETRY_LANE], 1);
    lane_give_back(lane);
    pause_after_failure(lane, now_ms);
}

static bool asked_too_long(const struct lane *lane, uint64_t now_ms)
{
    return lane->asked_since_ms != 0 && now_ms - lane->asked_since_ms > ASKED_MAX_MS;
}

/* Another worker may see the database. */
static void distrust_database(struct lane *lane, uint64_t now_ms)
{
    lane->database_ready = false;
    give_back_and_pause(lane, now_ms);
}

/* The same part again, or, past the bound, somebody else's. */
static void part_again(struct lane *lane, struct batch *batch, uint64_t now_ms, enum retry retry)
{
    lane->database.ops->abandon(lane->database.self);
    if (asked_too_long(lane, now_ms)) {
        distrust_database(lane, now_ms);
        return;
    }
    counter_add(&lane->counters.retries[retry], 1);
    batch->phase = next[batch->phase].failed;
    batch_rewind(batch);
    pause_after_failure(lane, now_ms);
}

/* Undecided, so that a replay can decide it once the cause is mended. */
static void put_aside(struct lane *lane, struct batch *batch, const struct error *error)
{
    if (!announce_has_memory(batch)) {
        batch_rewind(batch);
    }
    batch->trouble = *error;
    part_park_failed(batch);
    batch->phase = BATCH_SAVED;
    part_saved(lane, batch);
}

/* Halved until the job that makes trouble is alone. */
static enum lane_progress part_smaller(struct lane *lane, struct batch *batch,
                                       const struct error *error)
{
    lane->database.ops->abandon(lane->database.self);
    lane->asked_since_ms = 0; /* it has answered */
    if (!batch_halve(batch)) {
        put_aside(lane, batch, error);
        return LANE_FAILED;
    }
    batch->phase = next[batch->phase].failed;
    batch_rewind(batch);
    return LANE_AGAIN;
}

static void part_failed(struct lane *lane, struct batch *batch, uint64_t now_ms,
                        const struct error *error)
{
    /* It may be a lonely job's own fault: then its next beginning counts. */
    batch->lonely.begun &=
        error->kind == ERROR_RETRY || error->kind == ERROR_FENCED || error->kind == ERROR_CONFIG;
    switch (error->kind) {
    case ERROR_RETRY:
        part_again(lane, batch, now_ms, RETRY_BATCH);
        return;
    case ERROR_UNKNOWN:
        part_again(lane, batch, now_ms, RETRY_COMMIT);
        return;
    case ERROR_JOB:
        if (batch_is_marker(batch)) { /* it can be neither halved nor put aside */
            give_back_and_pause(lane, now_ms);
            return;
        }
        (void)part_smaller(lane, batch, error); /* whichever: the error is to be logged */
        return;
    case ERROR_NONE:
    case ERROR_FENCED:
    case ERROR_CONFIG:
    case ERROR_USAGE:
    case ERROR_REFUSED:
    case ERROR_FATAL:
        give_back_and_pause(lane, now_ms);
        return;
    }
}

static void failed(struct lane *lane, struct batch *batch, uint64_t now_ms,
                   const struct error *error)
{
    ENSURE(error->kind != ERROR_NONE);
    if (next[batch->phase].failed == BATCH_EMPTY) {
        give_back_and_pause(lane, now_ms); /* the broker's failure */
    } else {
        part_failed(lane, batch, now_ms, error);
    }
}

static bool asks_database(const struct batch *batch)
{
    return batch->phase > BATCH_EMPTY && batch->phase < BATCH_SAVED;
}

static enum lane_progress move(struct lane *lane, struct batch *batch, bool *waits, uint64_t now_ms,
                               struct error *error)
{
    if (asks_database(batch) && lane->asked_since_ms == 0) {
        lane->asked_since_ms = now_ms;
    }
    switch (advance(lane, batch, error)) {
    case STEP_DONE:
        arrive(lane, batch, now_ms);
        return LANE_AGAIN;
    case STEP_AGAIN:
        return LANE_AGAIN;
    case STEP_WAIT:
        *waits = true;
        return LANE_AGAIN;
    case STEP_FULL:
        return part_smaller(lane, batch, error);
    case STEP_FAILED:
        break;
    }
    const uint32_t jobs = batch->part;
    failed(lane, batch, now_ms, error);
    if (jobs > 0) {
        error_wrap(error, "batch of %u jobs", jobs);
    }
    return LANE_FAILED;
}

static enum lane_progress subscribe(struct lane *lane, uint64_t now_ms, struct error *error)
{
    if (now_ms < lane->pause_until_ms) {
        return LANE_WAIT;
    }
    const enum port_answer answer = lane->database_ready
                                        ? lane->broker.ops->subscribe(lane->broker.self, error)
                                        : lane->database.ops->ready(lane->database.self, error);
    switch (answer) {
    case PORT_DONE:
        lane->subscribed = lane->database_ready;
        lane->database_ready = true;
        return LANE_AGAIN;
    case PORT_WAIT:
        return LANE_WAIT;
    case PORT_FAILED:
        break;
    }
    give_back_and_pause(lane, now_ms);
    return LANE_FAILED;
}

/* Nothing of the back batch waits for the database, and messages are published by one batch at a
 * time. A marker says that all before it is done with, so it waits until that is so. */
static bool waits_for_back(struct lane *lane)
{
    const struct batch *front = front_of(lane);
    return back_of(lane)->phase != BATCH_EMPTY &&
           (front->phase == BATCH_COMPOSED ||
            (front->phase == BATCH_TAKEN && batch_is_marker(front)));
}

static bool front_may_move(struct lane *lane, uint64_t now_ms)
{
    const struct batch *front = front_of(lane);
    return !lane->front_waits && !(asks_database(front) && now_ms < lane->pause_until_ms) &&
           !waits_for_back(lane);
}

static bool has_nothing_in_hand(struct lane *lane)
{
    return front_of(lane)->count == 0 && back_of(lane)->count == 0;
}

/* An answer may never come: a frozen server, or a network that swallows what is sent. */
static enum lane_progress wait(struct lane *lane, uint64_t now_ms, struct error *error)
{
    lane->front_waits = false;
    lane->back_waits = false;
    if (asks_database(front_of(lane)) && asked_too_long(lane, now_ms)) {
        distrust_database(lane, now_ms);
        error_set(error, ERROR_RETRY, "the database has saved nothing for %u s: given back",
                  ASKED_MAX_MS / 1000);
        return LANE_FAILED;
    }
    return LANE_WAIT;
}

void lane_init(struct lane *lane, const struct lane_plan *plan, struct broker broker,
               struct database database, uint64_t seed, void *memory)
{
    ENSURE(plan->jobs_max >= 1 && plan->jobs_max <= BATCH_JOBS_MAX);
    memset(lane, 0, offsetof(struct lane, batches)); /* those see to themselves */
    lane->plan = *plan;
    lane->broker = broker;
    lane->database = database;
    lane->origins =
        (struct origins){address_of(plan->namespace, "stock"),
                         address_lanes(plan->namespace, plan->generation), plan->generation};
    lane->database_ready = true; /* a standby needs no database until it has been delivered to */
    prng_init(&lane->prng, seed);
    for (size_t i = 0; i < BATCHES; i++) {
        batch_init(&lane->batches[i], (char *)memory + i * BATCH_MEMORY, BATCH_MEMORY);
    }
}

enum lane_progress lane_step(struct lane *lane, uint64_t now_ms, struct error *error)
{
    struct batch *back = back_of(lane);
    if (lane->draining && has_nothing_in_hand(lane)) {
        lane_give_back(lane);
        return LANE_DRAINED;
    }
    if (lane->stepping_aside && has_nothing_in_hand(lane)) {
        lane_give_back(lane);
        return LANE_AGAIN;
    }
    if (!lane->subscribed) {
        return subscribe(lane, now_ms, error);
    }
    if (back->phase != BATCH_EMPTY && !lane->back_waits) {
        return move(lane, back, &lane->back_waits, now_ms, error);
    }
    if (front_may_move(lane, now_ms)) {
        return move(lane, front_of(lane), &lane->front_waits, now_ms, error);
    }
    return wait(lane, now_ms, error);
}

void lane_drain(struct lane *lane)
{
    lane->draining = true;
}

void lane_step_aside(struct lane *lane)
{
    lane->stepping_aside = lane->subscribed;
}

uint32_t lane_in_hand(const struct lane *lane, int64_t *oldest_ms)
{
    const struct batch *front = &lane->batches[lane->front];
    const struct batch *back = &lane->batches[1 - lane->front];
    const struct batch *older = back->count > 0 ? back : front;
    *oldest_ms = TIMESTAMP_NONE;
    if (older->count == 0) {
        return 0;
    }
    const struct delivery *oldest = &older->taken[older->first].delivery;
    if (oldest->timestamp_in_ms != TIMESTAMP_NONE) {
        *oldest_ms = oldest->timestamp_in_ms;
    } else if (oldest->timestamp > 0 && oldest->timestamp < INT64_MAX / 1000) {
        *oldest_ms = oldest->timestamp * 1000;
    }
    return front->count - front->first + back->count - back->first;
}

uint64_t lane_wait_ms(const struct lane *lane, uint64_t now_ms)
{
    if (now_ms < lane->pause_until_ms && lane->pause_until_ms - now_ms < WAIT_MAX_MS) {
        return lane->pause_until_ms - now_ms;
    }
    return WAIT_MAX_MS;
}

void lane_give_back(struct lane *lane)
{
    lane->database.ops->abandon(lane->database.self);
    lane->broker.ops->give_back(lane->broker.self);
    for (size_t i = 0; i < BATCHES; i++) {
        batch_reset(&lane->batches[i]);
    }
    lane->front = 0;
    lane->front_waits = false;
    lane->back_waits = false;
    lane->subscribed = false;
    lane->claimed = false;
    lane->stepping_aside = false;
    lane->asked_since_ms = 0;
}
