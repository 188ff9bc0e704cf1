/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes over all overdue holds, some at a time, again and again. */
#include "worker/crew/sweeper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/contract/job_write.h"

#define SWEEP_MS     500u /* between two passes, and between two attempts to be elected */
#define LEAVE_MS     1000u
#define WAIT_MAX_MS  1000u
#define BODY_MAX     (8u * JOB_EXPIRE_ID_MAX) /* any character may need an escape */
#define MESSAGE_MAX  (BODY_MAX + JOB_EXPIRE_ID_MAX + 64u)
#define ARENA_MEMORY (SWEEP_HOLDS_MAX * MESSAGE_MAX)

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
    char body_memory[BODY_MAX];
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

static bool elect(struct sweeper *sweeper, struct error *error)
{
    struct aide *aide = &sweeper->aide;
    if (aide->postgres.connection == NULL) {
        sweeper->elected = false; /* the office ended with the connection */
    }
    if (sweeper->elected) {
        return true;
    }
    sweeper->cursor_set = false;
    return aide_database(aide, error) &&
           overdue_elect(&aide->postgres, aide->duty->config->namespace.value, &sweeper->elected,
                         error);
}

/* The next overdue holds of this pass, and the jobs for those that were not published lately. */
static bool look(struct sweeper *sweeper, uint32_t *count, struct error *error)
{
    const uint64_t now = trouble_now_ms();
    if (!overdue_look(&sweeper->aide.postgres, sweeper->cursor_set ? &sweeper->cursor : NULL,
                      SWEEP_HOLDS_MAX, sweeper->overdue, count, error)) {
        return false;
    }
    arena_reset(&sweeper->arena);
    sweeper->message_count = 0;
    for (uint32_t i = 0; i < *count; i++) {
        if (swept_take(&sweeper->swept, &sweeper->overdue[i], now)) {
            add_message(sweeper, i);
        }
    }
    return true;
}

/* One call of the broker's port until it is done; PORT_WAIT: the thread is to leave first. */
static enum port_answer await(struct sweeper *sweeper, bool confirm, struct error *error)
{
    struct aide *aide = &sweeper->aide;
    const struct broker *broker = &aide->broker;
    uint64_t leave_ms = 0;
    for (;;) {
        const enum port_answer answer = confirm
                                            ? broker->ops->confirm(broker->self, error)
                                            : broker->ops->publish(broker->self, sweeper->messages,
                                                                   sweeper->message_count, error);
        if (answer != PORT_WAIT) {
            return answer;
        }
        const uint64_t now = trouble_now_ms();
        if (aide_draining(aide)) {
            leave_ms = leave_ms == 0 ? now + LEAVE_MS : leave_ms;
            if (now >= leave_ms) {
                return PORT_WAIT;
            }
        }
        aide_wait(aide, leave_ms == 0 ? WAIT_MAX_MS : leave_ms - now);
    }
}

static bool publish(struct sweeper *sweeper, struct error *error)
{
    if (sweeper->message_count == 0) {
        return true;
    }
    enum port_answer answer = await(sweeper, false, error);
    if (answer == PORT_DONE) {
        answer = await(sweeper, true, error);
    }
    if (answer == PORT_DONE) {
        (void)atomic_fetch_add_explicit(&sweeper->published, sweeper->message_count,
                                        memory_order_relaxed);
        return true;
    }
    for (uint32_t i = 0; i < sweeper->message_count; i++) {
        swept_forget(&sweeper->swept, &sweeper->overdue[sweeper->taken[i]]);
    }
    return answer == PORT_WAIT; /* leaving: the next sweeper will find them */
}

/* Looks at some holds; *more: others are to be looked at without a pause. */
static bool sweep(struct sweeper *sweeper, bool *more, struct error *error)
{
    uint32_t count = 0;
    *more = false;
    if (!elect(sweeper, error)) {
        return false;
    }
    if (!sweeper->elected) {
        return true;
    }
    if (!look(sweeper, &count, error) || !publish(sweeper, error)) {
        return false;
    }
    *more = sweeper->cursor_set = count == SWEEP_HOLDS_MAX;
    if (*more) {
        sweeper->cursor = sweeper->overdue[count - 1];
    }
    return true;
}

/* Whatever failed, the office is given up: another worker may see both servers. */
static uint32_t failed(struct sweeper *sweeper, const struct error *error)
{
    const uint32_t pause_ms = trouble_note(&sweeper->aide.trouble, error, trouble_now_ms());
    postgres_close(&sweeper->aide.postgres);
    sweeper->elected = false;
    return pause_ms;
}

static void *run(void *self)
{
    struct sweeper *sweeper = self;
    while (!aide_draining(&sweeper->aide)) {
        struct error error = {0};
        bool more = false;
        uint64_t pause_ms = SWEEP_MS;
        if (sweep(sweeper, &more, &error)) {
            trouble_over(&sweeper->aide.trouble);
            pause_ms = more ? 0 : SWEEP_MS;
        } else if (!aide_draining(&sweeper->aide)) {
            pause_ms = failed(sweeper, &error);
        }
        aide_wait_until(&sweeper->aide, trouble_now_ms() + pause_ms);
    }
    aide_disconnect(&sweeper->aide);
    return NULL;
}

static void release(struct sweeper *sweeper)
{
    swept_close(&sweeper->swept);
    free(sweeper->memory);
}

bool sweeper_open(struct sweeper *sweeper, const struct lane_duty *duty, struct error *error)
{
    *sweeper = (struct sweeper){.memory = malloc(ARENA_MEMORY)};
    if (sweeper->memory == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for the sweeper");
    }
    arena_init(&sweeper->arena, sweeper->memory, ARENA_MEMORY);
    if (!swept_open(&sweeper->swept, error) ||
        !aide_open(&sweeper->aide, duty, "sweeper", "sweeper", 1, error)) {
        release(sweeper);
        return false;
    }
    if (!aide_start(&sweeper->aide, run, sweeper, error)) {
        aide_close(&sweeper->aide);
        release(sweeper);
        return false;
    }
    return true;
}

void sweeper_drain(struct sweeper *sweeper)
{
    aide_drain(&sweeper->aide);
}

void sweeper_close(struct sweeper *sweeper)
{
    aide_join(&sweeper->aide);
    aide_close(&sweeper->aide);
    release(sweeper);
}
