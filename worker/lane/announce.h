/* SPDX-License-Identifier: Apache-2.0
 *
 * What the world is told of a part of a batch: messages, made from what was decided. */
#pragma once

#include <stdbool.h>

#include "worker/lane/batch.h"

/* Makes the part's next messages, as many as the arena has room for, in the order of its jobs, the
 * news of stock last; announce_confirmed() then makes room for more. There may be none to make.
 * False: not even one job's messages fit. */
bool announce_compose(struct batch *batch, const char *namespace) MUST_CHECK;

/* The messages have been confirmed. True: there are more to compose. */
bool announce_confirmed(struct batch *batch) MUST_CHECK;

/* Whether the messages that were composed last are the part's last. */
bool announce_is_complete(const struct batch *batch);
