/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done in each phase of a batch: at most one call to a port. */
#include "worker/lane/advance.h"

#include <string.h>

#include "worker/lane/announce.h"
#include "worker/lane/counting.h"
#include "worker/lane/part.h"

static enum step step_of(enum port_answer answer)
{
    switch (answer) {
    case PORT_DONE:
        return STEP_DONE;
    case PORT_WAIT:
        return STEP_WAIT;
    case PORT_FAILED:
        break;
    }
    return STEP_FAILED;
}

static enum step arena_full(struct error *error)
{
    error_set(error, ERROR_JOB, "the batch's memory is full");
    return STEP_FULL;
}

/* ---- Taking ---- */

static enum step take(struct lane *lane, struct batch *batch, struct error *error)
{
    const bool nothing = batch->count == 0;
    if (lane->draining || lane->stepping_aside || !batch_has_room(batch, lane->plan.jobs_max)) {
        return nothing ? STEP_WAIT : STEP_DONE;
    }
    struct taken *taken = &batch->taken[batch->count];
    switch (lane->broker.ops->take(lane->broker.self, &batch->arena, &taken->delivery, error)) {
    case PORT_DONE:
        taken->kind = TAKEN_RAW;
        count_taken(&lane->counters, &taken->delivery);
        batch->count++;
        return STEP_AGAIN;
    case PORT_WAIT: /* a batch is what is there */
        return nothing ? STEP_WAIT : STEP_DONE;
    case PORT_FAILED:
        break;
    }
    return STEP_FAILED;
}

/* ---- Deciding ---- */

static enum step claim(struct lane *lane, struct error *error)
{
    const enum port_answer answer = lane->database.ops->claim(lane->database.self, error);
    if (answer != PORT_DONE) {
        return step_of(answer);
    }
    lane->claimed = true;
    counter_add(&lane->counters.takeovers, 1);
    return STEP_AGAIN;
}

/* Whether this lane has begun it before, and is still alive: it was given back for other reasons.
 */
static bool has_survived(const struct lane *lane, const struct lonely *lonely)
{
    for (size_t i = 0; i < BATCHES; i++) {
        const struct lonely *last = &lane->batches[i].lonely;
        if (last->begun && last->size == lonely->size &&
            memcmp(last->name, lonely->name, lonely->size) == 0) {
            return true;
        }
    }
    return false;
}

/* Before the job is parsed, for that may be what crashes: counted when it is begun, but only once
 * as long as the lane lives, so that outages park no honest job. */
static enum step count_lonely(struct lane *lane, struct batch *batch, struct error *error)
{
    uint32_t begun = 0;
    const struct lonely lonely = part_lonely(batch);
    if (has_survived(lane, &lonely)) {
        batch->lonely_counted = true;
        return STEP_AGAIN;
    }
    batch->lonely = lonely;
    const enum port_answer answer = lane->database.ops->count_lonely(
        lane->database.self, (struct span){batch->lonely.name, lonely.size}, &begun, error);
    if (answer != PORT_DONE) {
        return step_of(answer);
    }
    batch->lonely_counted = true;
    batch->lonely.begun = begun <= LONELY_BEGINNINGS;
    if (!batch->lonely.begun) {
        part_park_crashing(batch);
    }
    return STEP_AGAIN;
}

static enum step begin_part(struct lane *lane, struct batch *batch, struct error *error)
{
    if (!lane->claimed) {
        return claim(lane, error);
    }
    if (batch_is_lonely(batch) && !batch->lonely_counted) {
        return count_lonely(lane, batch, error);
    }
    return part_parse(batch, &lane->origins) ? STEP_DONE : arena_full(error);
}

/* Holds and sales that jobs name: their SKUs must be known before they can be locked. */
static enum step look(struct lane *lane, struct batch *batch, struct error *error)
{
    struct found *found = &batch->found;
    if (batch->demand.holds.count == 0 && batch->demand.sales.count == 0) {
        return STEP_DONE;
    }
    const enum port_answer answer =
        lane->database.ops->look(lane->database.self, &batch->demand, &batch->arena, found, error);
    if (answer != PORT_DONE) {
        return step_of(answer);
    }
    return demand_add_found(&batch->demand, found->holds, found->hold_count, found->sales,
                            found->sale_count, &batch->arena)
               ? STEP_DONE
               : arena_full(error);
}

static enum step loaded_too_early(struct error *error)
{
    error_set(error, ERROR_RETRY, "a hold or sale came up after the stock was locked");
    return STEP_FAILED;
}

static enum step decide_loaded(struct batch *batch, struct error *error)
{
    struct state *state = &batch->state;
    if (!demand_covers(&batch->demand, state->holds, state->hold_count, state->sales,
                       state->sale_count)) {
        return loaded_too_early(error);
    }
    batch->results = arena_take(&batch->arena, batch->entry_count * sizeof batch->results[0]);
    if (batch->results == NULL) {
        return arena_full(error);
    }
    const uint32_t decided =
        decide(state, batch->entries, batch->entry_count, &batch->arena, batch->results);
    if (decided == DECIDE_TORN) {
        return loaded_too_early(error);
    }
    return decided < batch->entry_count ? arena_full(error) : STEP_DONE;
}

/* What is decided must be announced: a part that leaves no memory for that is not saved. */
static enum step load_and_decide(struct lane *lane, struct batch *batch, struct error *error)
{
    enum step step = STEP_DONE;
    if (batch->entry_count > 0 || batch->marker) {
        const enum port_answer answer = lane->database.ops->load(
            lane->database.self, &batch->demand, &batch->arena, &batch->state, error);
        step = answer == PORT_DONE ? decide_loaded(batch, error) : step_of(answer);
    }
    return step == STEP_DONE && !announce_has_memory(batch) ? arena_full(error) : step;
}

static enum step save(struct lane *lane, struct batch *batch, struct error *error)
{
    const struct lonely lonely =
        batch_is_lonely(batch) ? part_lonely(batch) : (struct lonely){.size = 0};
    const struct record record = {
        .entries = batch->entries,
        .results = batch->results,
        .count = batch->entry_count,
        .state = &batch->state,
        .marker = batch->marker,
        .lonely = lonely.size == 0 ? SPAN_NONE : (struct span){lonely.name, lonely.size},
    };
    if (batch->entry_count == 0 && !batch->marker) {
        return STEP_DONE;
    }
    return step_of(lane->database.ops->save(lane->database.self, &record, error));
}

/* ---- Telling ---- */

/* Promise 5: nothing is told of a part that is not saved. */
static enum step compose(struct lane *lane, struct batch *batch)
{
    ENSURE(batch->phase == BATCH_SAVED);
    if (announce_compose(batch, lane->plan.namespace)) {
        return STEP_DONE;
    }
    ENSURE(!"a part leaves memory for its messages");
    return STEP_FAILED;
}

static enum step publish(struct lane *lane, struct batch *batch, struct error *error)
{
    if (batch->message_count == 0) {
        return STEP_DONE;
    }
    return step_of(
        lane->broker.ops->publish(lane->broker.self, batch->messages, batch->message_count, error));
}

static enum step confirm(struct lane *lane, struct batch *batch, struct error *error)
{
    if (batch->message_count == 0) {
        return STEP_DONE;
    }
    return step_of(lane->broker.ops->confirm(lane->broker.self, error));
}

/* Promise 4: acknowledged only after the confirm. */
static enum step acknowledge(struct lane *lane, struct batch *batch, struct error *error)
{
    ENSURE(batch->phase == BATCH_CONFIRMED);
    return step_of(lane->broker.ops->acknowledge(lane->broker.self, batch_tag(batch), error));
}

enum step advance(struct lane *lane, struct batch *batch, struct error *error)
{
    switch (batch->phase) {
    case BATCH_EMPTY:
        return take(lane, batch, error);
    case BATCH_TAKEN:
        return begin_part(lane, batch, error);
    case BATCH_PARSED:
        return look(lane, batch, error);
    case BATCH_FOUND:
        return load_and_decide(lane, batch, error);
    case BATCH_DECIDED:
        return save(lane, batch, error);
    case BATCH_SAVED:
        return compose(lane, batch);
    case BATCH_COMPOSED:
        return publish(lane, batch, error);
    case BATCH_PUBLISHED:
        return confirm(lane, batch, error);
    case BATCH_CONFIRMED:
        return acknowledge(lane, batch, error);
    }
    ENSURE(!"a phase is one of these");
    return STEP_FAILED;
}
