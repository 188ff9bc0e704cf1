/* SPDX-License-Identifier: Apache-2.0
 *
 * The sorter's thread, with connections of its own. */
#pragma once

#include <stdbool.h>

#include "common/base/text.h"
#include "worker/crew/aide.h"
#include "worker/duty/sorter.h"

struct sorter_thread {
    struct aide aide;
    struct sorter sorter;
    struct text request; /* to the database */
    char *memory;
};

/* Starts the thread; servers that are not there are waited for. The struct must not be moved. */
bool sorter_thread_open(struct sorter_thread *thread, const struct lane_duty *duty,
                        struct error *error) MUST_CHECK;

/* Asks it to finish what is on its way, and to take no more. */
void sorter_thread_drain(struct sorter_thread *thread);

/* Waits until it has. Only after sorter_thread_drain. */
void sorter_thread_close(struct sorter_thread *thread);
