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

#define ROSTER_SEEN_MS  1000 /* how often a worker announces itself */
#define ROSTER_QUIET_MS 1500 /* one that was not seen for so long is gone if its session is */
#define ROSTER_LIVE_MS  3000 /* and after so long it serves nothing, whatever became of it */
#define ROSTER_SECONDS  10   /* and after so long its name is free */
#define ROSTER_KEPT     600  /* seconds after which it is forgotten */

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

/* A worker that is alive. What is not text of it is zero, so that lists can be compared. */
struct roster_entry {
    char name[WORKER_NAME_MAX];
    char run[WORKER_RUN_MAX];
    uint32_t lanes_max;
};

struct roster_list {
    struct roster_entry *entries; /* by name */
    uint32_t count;
};

/* Those who are alive; *list is overwritten, and the caller's to free. */
bool roster_read(struct postgres *postgres, struct roster_list *list,
                 struct error *error) MUST_CHECK;
bool roster_same(const struct roster_list *a, const struct roster_list *b);
void roster_free(struct roster_list *list);

/* Forgets those that were not seen for long. */
bool roster_forget(struct postgres *postgres, struct error *error) MUST_CHECK;

/* Takes it off the list, and what it recorded of lanes with it. */
bool roster_leave(const struct roster *roster, struct postgres *postgres,
                  struct error *error) MUST_CHECK;
