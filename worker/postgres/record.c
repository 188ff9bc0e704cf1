/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads what is recorded, and compares it with what the program knows. */
#include "worker/postgres/record.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 1024u

void record_free(struct record *record)
{
    PQclear(record->rows);
    record->rows = NULL;
}

size_t record_count(const struct record *record)
{
    return record->rows == NULL ? 0 : (size_t)PQntuples(record->rows);
}

unsigned record_number(const struct record *record, size_t row)
{
    return (unsigned)strtoul(PQgetvalue(record->rows, (int)row, 0), NULL, 10);
}

static const char *row_text(const struct record *record, size_t row, int column)
{
    return PQgetvalue(record->rows, (int)row, column);
}

const char *record_name(const struct record *record, size_t row)
{
    return row_text(record, row, 1);
}

bool record_load(struct postgres *postgres, const char *namespace, struct record *record,
                 struct error *error)
{
    char sql[SQL_MAX];
    PGresult *found = NULL;

    *record = (struct record){0};
    if (!postgres_query(postgres,
                        "SELECT n.oid IS NOT NULL,"
                        " EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid"
                        " AND relname = 'migration' AND relkind = 'r'),"
                        " NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid)"
                        " FROM (SELECT pg_catalog.to_regnamespace('\"' || $1 || '\"') AS oid) n",
                        1, &namespace, &found, error)) {
        return false;
    }
    record->schema = PQgetvalue(found, 0, 0)[0] == 't';
    record->table = PQgetvalue(found, 0, 1)[0] == 't';
    record->empty = PQgetvalue(found, 0, 2)[0] == 't';
    PQclear(found);
    if (!record->table) {
        return true;
    }
    (void)snprintf(sql, sizeof sql,
                   "SELECT number, name, checksum, oldest_program FROM \"%s\".migration"
                   " ORDER BY number",
                   namespace);
    if (postgres_query(postgres, sql, 0, NULL, &record->rows, error)) {
        return true;
    }
    error_wrap(error, "schema \"%s\"", namespace);
    if (postgres_failed_with(postgres, "42703")) { /* no such column: a table of somebody else */
        error->kind = ERROR_CONFIG;
        error->remedy[0] = '\0';
        error_advise(error,
                     "Choose another namespace (TILL_NAMESPACE): this schema is not Till's.");
    }
    return false;
}

enum migration_state record_state(const struct record *record, const struct migration *migration)
{
    for (size_t row = 0; row < record_count(record); row++) {
        if (record_number(record, row) == migration->number) {
            return strcmp(row_text(record, row, 2), migration->checksum) == 0 ? MIGRATION_APPLIED
                                                                              : MIGRATION_CHANGED;
        }
    }
    return MIGRATION_PENDING;
}

bool record_unknown(const struct migration_list *list, unsigned number)
{
    return number < 1 || number > list->count;
}

/* Whether the program may go on working with migrations that it does not know. */
static bool allowed_by_newer(const struct record *record, const char *namespace,
                             const struct migration_list *list, struct error *error)
{
    const char *oldest = list->program;
    for (size_t row = 0; row < record_count(record); row++) {
        const unsigned number = record_number(record, row);
        const char *needed = row_text(record, row, 3);
        if (!record_unknown(list, number)) {
            continue;
        }
        if (!version_valid(needed)) {
            return error_set(error, ERROR_CONFIG,
                             "schema \"%s\": migration %04u: \"%s\" is no version", namespace,
                             number, needed);
        }
        oldest = version_compare(needed, oldest) > 0 ? needed : oldest;
    }
    if (version_compare(list->program, oldest) >= 0) {
        return true;
    }
    error_set(error, ERROR_CONFIG,
              "schema \"%s\" is newer than this program: it works with %s, "
              "this is %s",
              namespace, oldest, list->program);
    return error_advise(error, "Update till to %s or newer.", oldest);
}

/* Writes the first that is pending; the list's end if none is. */
bool record_judge(const struct record *record, const char *namespace,
                  const struct migration_list *list, size_t *pending, struct error *error)
{
    const size_t rows = record_count(record);
    const unsigned newest = rows == 0 ? 0 : record_number(record, rows - 1);
    size_t first = list->count;

    for (size_t i = list->count; i-- > 0;) {
        const struct migration *migration = &list->items[i];
        const enum migration_state state = record_state(record, migration);
        if (state == MIGRATION_CHANGED) {
            error_set(error, ERROR_CONFIG,
                      "schema \"%s\": migration %04u (%s) was applied with "
                      "another content than this program has",
                      namespace, migration->number, migration->name);
            return error_advise(error, "Use a released program; if deploy/sql was edited, undo "
                                       "that and put the change into a new file.");
        }
        if (state == MIGRATION_PENDING && newest > migration->number) {
            error_set(error, ERROR_CONFIG,
                      "schema \"%s\": migration %04u (%s) is missing, though "
                      "%04u has been applied",
                      namespace, migration->number, migration->name, newest);
            return error_advise(error, "Restore the table \"%s\".migration from a backup.",
                                namespace);
        }
        first = state == MIGRATION_PENDING ? i : first;
    }
    if (!allowed_by_newer(record, namespace, list, error)) {
        return false;
    }
    *pending = first;
    return true;
}
