/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes over all overdue holds, some at a time, again and again. */
#include "worker/duty/sweeper.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/job_write.h"
#include "worker/lane/backoff.h"

#define SWEEP_MS    500u /* between two passes, and between two attempts to be elected */
#define LEAVE_MS    1000u
#define WAIT_MAX_MS 1000u

/* What stands beside an expire. */
static const struct delivery as_sent = {
    .content_type = {"application/json", 16},
    .timestamp = TIMESTAMP_NONE,
    .timestamp_in_ms = TIMESTAMP_NONE,
};

static struct span copy(struct arena *arena, const char *text, size_t size)
{
    char *bytes = arena_take_bytes(arena, size);
    ENSURE(bytes != NULL); /* there is room for as many as there can be */
    memcpy(bytes, text, size);
    return (struct span){bytes, (uint32_t)size};
}

/* The hold's slot is its routing key, so it comes behind what was sent on the hold before. */
static void add_message(struct sweeper *sweeper, uint32_t index)
{
    const struct overdue *overdue = &sweeper->overdue[index];
    struct arena *arena = &sweeper->arena;
    char id[JOB_EXPIRE_ID_MAX + 1];
    char key[sizeof "4294967295"];
    char body_memory[SWEEP_BODY_MAX];
    struct text body;
    const int id_size = snprintf(id, sizeof id, JOB_EXPIRE_PREFIX "%s", overdue->id);
    const int key_size = snprintf(key, sizeof key, "%" PRIu32, overdue->slot);
    const struct job job = {
        .id = copy(arena, id, (size_t)id_size),
        .kind = KIND_EXPIRE,
        .hold = {overdue->id, (uint32_t)strlen(overdue->id)},
        .not_after = INSTANT_NONE,
    };
    text_init(&body, body_memory, sizeof body_memory);
    job_write(&job, &body);
    ENSURE(!body.full);
    sweeper->taken[sweeper->message_count] = index;
    sweeper->messages[sweeper->message_count++] = (struct message){
        .target = MESSAGE_STOCK_JOB,
        .routing_key = copy(arena, key, (size_t)key_size),
        .body = copy(arena, body.bytes, body.size),
        .id = job.id,
        .time = INSTANT_NONE,
        .job = &as_sent,
    };
}

/* Jobs for those that were not published lately. */
static void compose(struct sweeper *sweeper, uint64_t now_ms)
{
    ENSURE(sweeper->count <= SWEEP_HOLDS_MAX);
    arena_reset(&sweeper->arena);
    sweeper->message_count = 0;
    for (uint32_t i = 0; i < sweeper->count; i++) {
        if (swept_take(&sweeper->swept, &sweeper->overdue[i], now_ms)) {
            add_message(sweeper, i);
        }
    }
}

static void forget(struct sweeper *sweeper)
{
    for (uint32_t i = 0; i < sweeper->message_count; i++) {
        swept_forget(&sweeper->swept, &sweeper->overdue[sweeper->taken[i]]);
    }
    sweeper->message_count = 0;
}

static void rest(struct sweeper *sweeper, uint64_t until_ms)
{
    sweeper->phase = SWEEP_RESTING;
    sweeper->rest_until_ms = until_ms;
}

/* Whatever failed, the office is given up: another worker may see both servers. */
static enum duty_progress failed(struct sweeper *sweeper, uint64_t now_ms)
{
    forget(sweeper);
    sweeper->broker.ops->give_back(sweeper->broker.self);
    sweeper->source.ops->resign(sweeper->source.self);
    sweeper->elected = false;
    sweeper->cursor_set = false;
    sweeper->failures++;
    rest(sweeper, now_ms + backoff_ms(sweeper->failures, &sweeper->prng));
    return DUTY_FAILED;
}

/* A pass goes on without a rest as long as there are others to be looked at. */
static void looked_through(struct sweeper *sweeper, uint64_t now_ms)
{
    sweeper->failures = 0;
    sweeper->cursor_set = sweeper->count == SWEEP_HOLDS_MAX;
    if (sweeper->cursor_set) {
        sweeper->cursor = sweeper->overdue[sweeper->count - 1];
    }
    rest(sweeper, sweeper->cursor_set ? now_ms : now_ms + SWEEP_MS);
}

static enum port_answer call(struct sweeper *sweeper, bool *elected, struct error *error)
{
    const struct broker *broker = &sweeper->broker;
    const struct overdue_source *source = &sweeper->source;
    switch (sweeper->phase) {
    case SWEEP_ELECTING:
        return source->ops->elect(source->self, elected, error);
    case SWEEP_LOOKING:
        return source->ops->look(source->self, sweeper->cursor_set ? &sweeper->cursor : NULL,
                                 SWEEP_HOLDS_MAX, sweeper->overdue, &sweeper->count, error);
    case SWEEP_PUBLISHING:
        return broker->ops->publish(broker->self, sweeper->messages, sweeper->message_count, error);
    case SWEEP_RESTING:
    case SWEEP_CONFIRMING:
        break;
    }
    return broker->ops->confirm(broker->self, error);
}

/* What a phase's end brings. */
static void arrive(struct sweeper *sweeper, bool elected, uint64_t now_ms)
{
    switch (sweeper->phase) {
    case SWEEP_RESTING:
        break;
    case SWEEP_ELECTING:
        sweeper->elected = elected;
        sweeper->cursor_set = false;
        sweeper->phase = SWEEP_LOOKING;
        if (!elected) {
            sweeper->failures = 0;
            rest(sweeper, now_ms + SWEEP_MS);
        }
        break;
    case SWEEP_LOOKING:
        compose(sweeper, now_ms);
        sweeper->phase = SWEEP_PUBLISHING;
        if (sweeper->message_count == 0) {
            looked_through(sweeper, now_ms);
        }
        break;
    case SWEEP_PUBLISHING:
        sweeper->phase = SWEEP_CONFIRMING;
        break;
    case SWEEP_CONFIRMING:
        (void)atomic_fetch_add_explicit(&sweeper->published, sweeper->message_count,
                                        memory_order_relaxed);
        sweeper->message_count = 0;
        looked_through(sweeper, now_ms);
        break;
    }
}

/* Nothing new is begun; what is not confirmed soon, the next sweeper will find. */
static bool may_leave(struct sweeper *sweeper, uint64_t now_ms)
{
    if (!sweeper->draining) {
        return false;
    }
    if (sweeper->leave_ms == 0) {
        sweeper->leave_ms = now_ms + LEAVE_MS;
    }
    return sweeper->phase < SWEEP_PUBLISHING || now_ms >= sweeper->leave_ms;
}

void sweeper_init(struct sweeper *sweeper, struct broker broker, struct overdue_source source,
                  struct swept swept, uint64_t seed, void *memory)
{
    memset(sweeper, 0, offsetof(struct sweeper, overdue));
    sweeper->broker = broker;
    sweeper->source = source;
    sweeper->swept = swept;
    prng_init(&sweeper->prng, seed);
    arena_init(&sweeper->arena, memory, SWEEPER_MEMORY);
}

enum duty_progress sweeper_step(struct sweeper *sweeper, uint64_t now_ms, struct error *error)
{
    bool elected = false;
    if (may_leave(sweeper, now_ms)) {
        forget(sweeper);
        return DUTY_DRAINED;
    }
    if (sweeper->phase == SWEEP_RESTING) {
        if (now_ms < sweeper->rest_until_ms) {
            return DUTY_WAIT;
        }
        sweeper->phase = sweeper->elected ? SWEEP_LOOKING : SWEEP_ELECTING;
    }
    switch (call(sweeper, &elected, error)) {
    case PORT_DONE:
        arrive(sweeper, elected, now_ms);
        return DUTY_AGAIN;
    case PORT_WAIT:
        return DUTY_WAIT;
    case PORT_FAILED:
        break;
    }
    return failed(sweeper, now_ms);
}

void sweeper_drain(struct sweeper *sweeper)
{
    sweeper->draining = true;
}

uint64_t sweeper_wait_ms(const struct sweeper *sweeper, uint64_t now_ms)
{
    uint64_t until_ms = now_ms + WAIT_MAX_MS;
    if (sweeper->phase == SWEEP_RESTING && sweeper->rest_until_ms < until_ms) {
        until_ms = sweeper->rest_until_ms;
    }
    if (sweeper->leave_ms != 0 && sweeper->leave_ms < until_ms) {
        until_ms = sweeper->leave_ms;
    }
    return until_ms > now_ms ? until_ms - now_ms : 0;
}
