/* SPDX-License-Identifier: Apache-2.0
 *
 * The sweeper: publishes a job of kind expire for each hold that is past its end. Each worker runs
 * one; the database elects the one that works.
 *
 * It changes nothing itself: an expire is decided in the hold's lane, by the hold's state, so one
 * that is lost, early or repeated does no harm. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/prng.h"
#include "worker/duty/overdue.h"
#include "worker/duty/progress.h"
#include "worker/duty/swept.h"
#include "worker/lane/message.h"

#define SWEEP_HOLDS_MAX 500u /* looked at in one go */

#define SWEEP_BODY_MAX    (8u * JOB_EXPIRE_ID_MAX) /* any character may need an escape */
#define SWEEP_MESSAGE_MAX (SWEEP_BODY_MAX + JOB_EXPIRE_ID_MAX + 64u)
#define SWEEPER_MEMORY    (SWEEP_HOLDS_MAX * SWEEP_MESSAGE_MAX)

enum sweep_phase {
    SWEEP_RESTING,
    SWEEP_ELECTING,
    SWEEP_LOOKING,
    SWEEP_PUBLISHING,
    SWEEP_CONFIRMING,
};

struct sweeper {
    struct broker broker;
    struct overdue_source source;
    struct prng prng;
    enum sweep_phase phase;
    bool elected;
    bool draining;
    uint64_t rest_until_ms;
    uint64_t leave_ms; /* when draining: what is on its way is not waited for longer */
    uint32_t failures; /* in a row; 0: all is well */
    struct swept swept;
    bool cursor_set; /* the pass over all overdue holds goes on behind it */
    struct overdue cursor;
    uint32_t count;
    uint32_t message_count;
    struct arena arena;                      /* of the messages */
    _Atomic uint64_t published;              /* jobs; anybody may read it */
    struct overdue overdue[SWEEP_HOLDS_MAX]; /* from here on: what count and message_count say */
    struct message messages[SWEEP_HOLDS_MAX];
    uint32_t taken[SWEEP_HOLDS_MAX]; /* which overdue hold a message is about */
};

/* The memory is SWEEPER_MEMORY bytes; that, and what swept remembers in, is the caller's. */
void sweeper_init(struct sweeper *sweeper, struct broker broker, struct overdue_source source,
                  struct swept swept, uint64_t seed, void *memory);

/* One step, with one call to a port at most. Time is monotonic, in ms, and not 0. */
enum duty_progress sweeper_step(struct sweeper *sweeper, uint64_t now_ms,
                                struct error *error) MUST_CHECK;

/* Begins nothing new. */
void sweeper_drain(struct sweeper *sweeper);

/* How long to wait at most after DUTY_WAIT. */
uint64_t sweeper_wait_ms(const struct sweeper *sweeper, uint64_t now_ms);
