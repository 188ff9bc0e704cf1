/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting for the server, and giving it up: what connecting and asking share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/postgres.h"

#define POSTGRES_LINE_MAX (ERROR_TEXT_MAX / 2) /* bytes of what a server says, with the NUL */

/* libpq gives NULL for what it does not know. */
static inline const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* Of a clock that nobody sets. */
int64_t postgres_now_ms(void);

/* False when the deadline came first. */
bool postgres_wait(int socket, short events, int64_t deadline) MUST_CHECK;

/* These fill the error and return false; refused does it from a result that is a failure. The last
 * two also close the connection. */
bool postgres_complain(struct postgres *postgres, const char *sqlstate, const char *text,
                       struct error *error);
bool postgres_refused(struct postgres *postgres, const PGresult *result, struct error *error);
bool postgres_lost(struct postgres *postgres, struct error *error);
bool postgres_no_answer(struct postgres *postgres, int after_ms, struct error *error);

/* Closes without a word to a server that may be frozen. */
void postgres_drop(struct postgres *postgres);
