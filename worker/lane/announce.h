/* SPDX-License-Identifier: Apache-2.0
 *
 * What the world is told of a part of a batch: messages, made from what was decided. */
#pragma once

#include <stdbool.h>

#include "common/contract/event.h"
#include "worker/lane/batch.h"

#define MESSAGES_MAX 1536u /* at once */

#define ANNOUNCE_MEMORY_MAX (MESSAGES_MAX * sizeof(struct message) + EVENT_MEMORY_MAX + 1024u)
_Static_assert(BATCH_MEMORY >= BATCH_MEMORY / BATCH_DELIVERIES_SHARE + DELIVERY_MEMORY_MAX +
                                   2u * JOB_MEMORY_MAX + ANNOUNCE_MEMORY_MAX,
               "a job alone must fit, whatever else was taken");

/* Whether what is left of the batch's arena is enough to announce a part: before it is saved. */
bool announce_has_memory(const struct batch *batch);

/* Makes the part's next messages, as many as the arena has room for, in the order of its jobs, the
 * news of stock last; announce_confirmed() then makes room for more. There may be none to make.
 * False: there was no memory for a single one. */
bool announce_compose(struct batch *batch, const char *namespace) MUST_CHECK;

/* The messages have been confirmed. True: there are more to compose. */
bool announce_confirmed(struct batch *batch) MUST_CHECK;
