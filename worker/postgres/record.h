/* SPDX-License-Identifier: Apache-2.0
 *
 * What a database has recorded of its migrations, and what that means for this program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/connect/postgres.h"
#include "worker/postgres/migration.h"

/* As it was when it was read. */
struct record {
    bool schema;    /* the namespace's schema exists */
    bool table;     /* so does its table of migrations */
    bool empty;     /* nothing at all is in the schema */
    PGresult *rows; /* ours; number, name, checksum, oldest_program; NULL without the table */
};

bool record_load(struct postgres *postgres, const char *namespace, struct record *record,
                 struct error *error) MUST_CHECK;
void record_free(struct record *record);

/* The rows, sorted by number. */
size_t record_count(const struct record *record);
unsigned record_number(const struct record *record, size_t row);
const char *record_name(const struct record *record, size_t row);

/* Applied, pending or changed. */
enum migration_state record_state(const struct record *record, const struct migration *migration);

/* Whether a recorded number is none of the program's. */
bool record_unknown(const struct migration_list *list, unsigned number);

/* Fails when this program must not go on with that schema. Writes the index of the first migration
 * that is pending; the list's count if none is. */
bool record_judge(const struct record *record, const char *namespace,
                  const struct migration_list *list, size_t *pending,
                  struct error *error) MUST_CHECK;
