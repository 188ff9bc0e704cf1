/* SPDX-License-Identifier: Apache-2.0
 *
 * Holds that are past their end and still active, as the sweeper asks for them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"
#include "worker/lane/ports.h"

#define OVERDUE_END_MAX 40u /* bytes of a time as the database writes it, with the NUL */

struct overdue {
    char id[JOB_ID_MAX + 1];   /* of the hold */
    char end[OVERDUE_END_MAX]; /* when it ends, as the database writes it */
    uint32_t slot;
};

/* As with the ports of a lane, a call that answers PORT_WAIT has begun. */
struct overdue_ops {
    /* Becomes the one sweeper of the namespace, if there is none. Not while elected. */
    enum port_answer (*elect)(void *self, bool *elected, struct error *error);

    /* The holds overdue just now, in the order of their ends, those behind a given one (NULL: from
     * the first on), count_max at most. While elected. */
    enum port_answer (*look)(void *self, const struct overdue *after, uint32_t count_max,
                             struct overdue *overdue, uint32_t *count, struct error *error);

    /* Gives the office up, whether it was had or not. */
    void (*resign)(void *self);
};

struct overdue_source {
    const struct overdue_ops *ops;
    void *self;
};
