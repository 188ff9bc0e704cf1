/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of workers that are alive: each announces itself. It is for sharing out and for people
 * to read, never for safety. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/connect/postgres.h"

#define ROSTER_NAME_MAX 129u /* bytes, with the NUL */
#define ROSTER_SEEN_MS  2000 /* how often a worker announces itself */
#define ROSTER_SECONDS  10   /* one that was not seen for so long is gone */

struct roster {
    char name[ROSTER_NAME_MAX];
    char run[17]; /* of this start of the program */
    uint32_t lanes_max;
};

/* A name of NULL: one that nobody else has. Fails with ERROR_USAGE if the name has a wrong form. */
bool roster_init(struct roster *roster, const char *name, uint32_t lanes_max,
                 struct error *error) MUST_CHECK;

/* Announces the worker, again and again. Fails with ERROR_REFUSED if a live worker has the name. */
bool roster_announce(const struct roster *roster, struct postgres *postgres,
                     struct error *error) MUST_CHECK;

/* Takes it off the list. */
bool roster_leave(const struct roster *roster, struct postgres *postgres,
                  struct error *error) MUST_CHECK;
