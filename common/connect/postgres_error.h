/* SPDX-License-Identifier: Apache-2.0
 *
 * What PostgreSQL and libpq complain of, translated once: into what to do next. */
#pragma once

#include "common/base/error.h"
#include "common/base/text.h"

#define SQLSTATE_SIZE 5u

/* A complaint. Nothing in it is NULL. */
struct postgres_complaint {
    const char *where;    /* user@host:port/dbname */
    const char *user;     /* for the remedy */
    const char *database; /* for the remedy */
    const char *sqlstate; /* empty: libpq complains, not the server */
    const char *text;     /* one line */
};

/* An unlisted SQLSTATE, and what libpq says for reasons that are not listed, are ERROR_FATAL. */
enum error_kind postgres_error_kind(const char *sqlstate);

/* Returns false, as error_set does. */
bool postgres_error_set(struct error *error, const struct postgres_complaint *complaint);

/* Finds what matters in the text of a failed connection: libpq has no other access to the SQLSTATE,
 * and repeats itself for each address that it tried. Asks for text with PQERRORS_VERBOSE. */
void postgres_error_pick(const char *message, char sqlstate[SQLSTATE_SIZE + 1], struct text *line);
