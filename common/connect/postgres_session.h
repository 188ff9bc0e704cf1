/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fresh connection must be before it is used: a server that we know, and a session that is
 * set up. */
#pragma once

#include "common/connect/postgres.h"

/* Called by postgres_open only. Closes nothing when it fails. */
bool postgres_session_begin(struct postgres *postgres, const char *namespace, enum postgres_use use,
                            struct error *error) MUST_CHECK;
