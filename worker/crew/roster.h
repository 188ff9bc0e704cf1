/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of workers that are alive: each announces itself. It is for sharing out and for people
 * to read, never for safety. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/limits.h"
#include "common/connect/postgres.h"
#include "worker/duty/living.h"

#define ROSTER_SECONDS 10  /* after which the name of a worker that was not seen is free */
#define ROSTER_KEPT    600 /* seconds after which it is forgotten */

struct roster {
    char name[WORKER_NAME_MAX];
    char run[17]; /* of this start of the program */
    uint32_t lanes_max;
};

/* A name of NULL: one that nobody else has. Fails with ERROR_USAGE if the name has a wrong form. */
bool roster_init(struct roster *roster, const char *name, uint32_t lanes_max,
                 struct error *error) MUST_CHECK;

/* Announces the worker, again and again. Fails with ERROR_REFUSED if a live worker has the name. */
bool roster_announce(const struct roster *roster, struct postgres *postgres,
                     struct error *error) MUST_CHECK;

/* The runs whose keepers are connected to the database: a query. A killed worker's connections are
 * closed by its system; a frozen one's are not, nor are those that a network has swallowed. */
#define ROSTER_CONNECTED                                      \
    "SELECT substring(application_name FROM ' keeper (.*)$')" \
    " FROM pg_catalog.pg_stat_activity WHERE application_name LIKE '% keeper %'"

/* Those who are alive; *list is overwritten, and the caller's to free. */
bool roster_read(struct postgres *postgres, struct living_list *list,
                 struct error *error) MUST_CHECK;

/* Forgets those that were not seen for long. */
bool roster_forget(struct postgres *postgres, struct error *error) MUST_CHECK;

/* Takes it off the list, and what it recorded of lanes with it. */
bool roster_leave(const struct roster *roster, struct postgres *postgres,
                  struct error *error) MUST_CHECK;
