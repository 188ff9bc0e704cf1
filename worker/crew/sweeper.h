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
#include "worker/crew/aide.h"
#include "worker/crew/swept.h"
#include "worker/lane/message.h"

#define SWEEP_HOLDS_MAX 500u /* looked at in one go */

struct sweeper {
    struct aide aide;
    bool elected;
    struct swept swept;
    bool cursor_set; /* the pass over all overdue holds goes on behind it */
    struct overdue cursor;
    struct overdue overdue[SWEEP_HOLDS_MAX];
    struct message messages[SWEEP_HOLDS_MAX];
    uint32_t taken[SWEEP_HOLDS_MAX]; /* which overdue hold a message is about */
    uint32_t message_count;
    struct arena arena;         /* of the messages */
    _Atomic uint64_t published; /* jobs; anybody may read it */
    char *memory;
};

/* Starts the thread; servers that are not there are waited for. The struct must not be moved. */
bool sweeper_open(struct sweeper *sweeper, const struct lane_duty *duty,
                  struct error *error) MUST_CHECK;

/* Asks it to begin nothing new. */
void sweeper_drain(struct sweeper *sweeper);

/* Waits until it has ended. Only after sweeper_drain. */
void sweeper_close(struct sweeper *sweeper);
