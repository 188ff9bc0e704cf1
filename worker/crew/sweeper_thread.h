/* SPDX-License-Identifier: Apache-2.0
 *
 * The sweeper's thread, with connections of its own. */
#pragma once

#include <stdbool.h>

#include "worker/crew/aide.h"
#include "worker/duty/sweeper.h"

struct sweeper_thread {
    struct aide aide;
    struct sweeper sweeper;
    struct swept_entry *swept; /* what it remembers */
    char *memory;
};

/* Starts the thread; servers that are not there are waited for. The struct must not be moved. */
bool sweeper_thread_open(struct sweeper_thread *thread, const struct lane_duty *duty,
                         struct error *error) MUST_CHECK;

/* Asks it to begin nothing new. */
void sweeper_thread_drain(struct sweeper_thread *thread);

/* Waits until it has ended. Only after sweeper_thread_drain. */
void sweeper_thread_close(struct sweeper_thread *thread);
