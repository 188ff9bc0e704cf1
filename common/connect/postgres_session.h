/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fresh connection must be before it is used: a server that we know, and a session that is
 * set up. */
#pragma once

#include "common/connect/postgres.h"

/* Called while connecting only. They close nothing when they fail, unless the connection is lost.
 * begin checks the server and sends what sets the session up; step is to be called until there is
 * no more to wait for, and says for which events. */
bool postgres_session_begin(struct postgres *postgres, const char *namespace, enum postgres_use use,
                            struct error *error) MUST_CHECK;
bool postgres_session_step(struct postgres *postgres, enum postgres_use use, short *events,
                           bool *more, struct error *error) MUST_CHECK;
