/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends whoever holds a lock that we wait for and does nothing with it.
 *
 * A worker that was frozen in the middle of a transaction, or of a pipeline, is waited for by its
 * backend without end; of its timeouts none is sure to come. So after a while we look, over a
 * connection of its own, who blocks us: a backend of our own role that has had nothing to do for a
 * second but to wait for its client is ended. One that works is not. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/connect/config.h"
#include "common/connect/postgres_dial.h"

enum blocker_phase {
    BLOCKER_IDLE,
    BLOCKER_DIALING,
    BLOCKER_ASKING,
};

struct blocker {
    enum blocker_phase phase;
    struct postgres postgres;
    struct postgres_dial dial;
    int64_t next_ms; /* not to look again before this */
};

/* To be called while a trip of this backend waits; age is for how long it has. What fails is tried
 * again later: the trip has a deadline of its own. */
void blocker_step(struct blocker *blocker, const struct config *config, int backend,
                  int64_t age_ms);

/* Nobody waits any more. */
void blocker_stop(struct blocker *blocker);

/* False: nothing to watch. */
bool blocker_interest(const struct blocker *blocker, struct pollfd *poll);
