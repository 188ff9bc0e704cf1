/* SPDX-License-Identifier: Apache-2.0
 *
 * Brings the schema of a namespace to what this program knows, and tells whether it is.
 *
 * Which migrations have been applied stands in the table "migration" of that schema. Each is
 * applied in a transaction of its own that first takes a lock and then reads that table: so any
 * number of setups may run at once, a pooler cannot come between, and what fails in the middle
 * leaves what was there before. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "common/base/error.h"
#include "common/connect/postgres.h"
#include "worker/postgres/migration.h"

/* Told of migrations in the order of their numbers. */
struct migrate_report {
    void (*migration)(void *self, unsigned number, const char *name, enum migration_state state);
    void *self;
};

/* Applies what is pending and reports each one that it has applied, after its commit. Opened with
 * POSTGRES_SETUP. */
bool migrate_apply(struct postgres *postgres, const char *namespace,
                   const struct migration_list *list, const struct migrate_report *report,
                   struct error *error) MUST_CHECK;

/* Reports every migration, known or applied, with its state; changes nothing. */
bool migrate_check(struct postgres *postgres, const char *namespace,
                   const struct migration_list *list, const struct migrate_report *report,
                   struct error *error) MUST_CHECK;

/* Whether this program may work with the schema as it is: what every command but setup asks first.
 * A newer schema is fine if its migrations say so. */
bool migrate_verify(struct postgres *postgres, const char *namespace,
                    const struct migration_list *list, struct error *error) MUST_CHECK;

/* Takes the lock of setup and teardown, until the end of the transaction. */
bool migrate_lock(struct postgres *postgres, const char *namespace, struct error *error) MUST_CHECK;

/* Writes what migrate_apply would do on an empty database, for psql; a write error stays in the
 * stream (ferror). */
void migrate_print(const char *namespace, const struct migration_list *list, FILE *stream);
