/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fresh connection must be before it is used: a server that we know, and a session that is
 * set up. */
#pragma once

#include <stdint.h>

#include "common/connect/postgres.h"

/* Called while connecting only. They close nothing when they fail, unless the connection is lost.
 * ask and begin check the server and send a request; asked and step are to be called until there is
 * no more to wait for, and say for which events. */

/* On which timeline the server writes; TIMELINE_NONE: on none, it is a standby. */
bool postgres_session_ask(struct postgres *postgres, struct error *error) MUST_CHECK;
bool postgres_session_asked(struct postgres *postgres, uint32_t *timeline, short *events,
                            bool *more, struct error *error) MUST_CHECK;

/* Sets the session up. */
bool postgres_session_begin(struct postgres *postgres, const char *namespace, enum postgres_use use,
                            struct error *error) MUST_CHECK;
bool postgres_session_step(struct postgres *postgres, enum postgres_use use, short *events,
                           bool *more, struct error *error) MUST_CHECK;
