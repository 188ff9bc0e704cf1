/* SPDX-License-Identifier: Apache-2.0
 *
 * Compares what is recorded in the database with what the program knows, and applies the rest. */
#include "worker/postgres/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "worker/postgres/migrate_sql.h"

#define SQL_MAX 1024u
#define LOCK_WAIT                                                                  \
    "60s" /* for another setup; longer than a table's lock, which others queue for \
           */
#define NOTHING_YET   "Run: till setup"
#define OTHER_CHOICES "Choose another namespace (TILL_NAMESPACE)"

/* What the database says about a namespace. */
struct record {
    bool schema;    /* it exists */
    bool table;     /* so does its table of migrations */
    bool empty;     /* nothing else is in the schema */
    PGresult *rows; /* number, name, checksum, oldest_program, by number; NULL without the table */
};

static void record_free(struct record *record)
{
    PQclear(record->rows);
    record->rows = NULL;
}

static size_t record_count(const struct record *record)
{
    return record->rows == NULL ? 0 : (size_t)PQntuples(record->rows);
}

static unsigned record_number(const struct record *record, size_t row)
{
    return (unsigned)strtoul(PQgetvalue(record->rows, (int)row, 0), NULL, 10);
}

static const char *record_text(const struct record *record, size_t row, int column)
{
    return PQgetvalue(record->rows, (int)row, column);
}

static bool record_load(struct postgres *postgres, const char *namespace, struct record *record,
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
        error_advise(error, OTHER_CHOICES ": this schema is not Till's.");
    }
    return false;
}

static enum migration_state state_of(const struct record *record, const struct migration *migration)
{
    for (size_t row = 0; row < record_count(record); row++) {
        if (record_number(record, row) == migration->number) {
            return strcmp(record_text(record, row, 2), migration->checksum) == 0
                       ? MIGRATION_APPLIED
                       : MIGRATION_CHANGED;
        }
    }
    return MIGRATION_PENDING;
}

static bool is_known(const struct migration_list *list, unsigned number)
{
    return number >= 1 && number <= list->count;
}

/* Whether the program may go on working with migrations that it does not know. */
static bool allowed_by_newer(const struct record *record, const char *namespace,
                             const struct migration_list *list, struct error *error)
{
    const char *oldest = list->program;
    for (size_t row = 0; row < record_count(record); row++) {
        const unsigned number = record_number(record, row);
        const char *needed = record_text(record, row, 3);
        if (is_known(list, number)) {
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
static bool judge(const struct record *record, const char *namespace,
                  const struct migration_list *list, size_t *pending, struct error *error)
{
    const size_t rows = record_count(record);
    const unsigned newest = rows == 0 ? 0 : record_number(record, rows - 1);
    size_t first = list->count;

    for (size_t i = list->count; i-- > 0;) {
        const struct migration *migration = &list->items[i];
        const enum migration_state state = state_of(record, migration);
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

bool migrate_lock(struct postgres *postgres, const char *namespace, struct error *error)
{
    char sql[SQL_MAX];
    (void)snprintf(sql, sizeof sql,
                   "SELECT pg_catalog.set_config('till.lock_timeout',"
                   " pg_catalog.current_setting('lock_timeout'), true);"
                   "SET LOCAL lock_timeout = '" LOCK_WAIT "';"
                   "SELECT pg_catalog.pg_advisory_xact_lock(" MIGRATE_LOCK_KEY ");"
                   "SELECT pg_catalog.set_config('lock_timeout',"
                   " pg_catalog.current_setting('till.lock_timeout'), true)",
                   namespace);
    return postgres_run(postgres, sql, error) ||
           error_wrap(error, "wait for another setup of \"%s\"", namespace);
}

static bool begin(struct postgres *postgres, const char *namespace, struct error *error)
{
    char path[SQL_MAX];
    (void)snprintf(path, sizeof path, "SET LOCAL search_path = \"%s\", pg_temp", namespace);
    return postgres_execute(postgres, "BEGIN ISOLATION LEVEL READ COMMITTED", 0, NULL, error) &&
           postgres_execute(postgres, path, 0, NULL, error) &&
           migrate_lock(postgres, namespace, error);
}

/* Says which GRANT is missing; or nothing, if the failure was another. */
static void advise_grant(struct postgres *postgres, const char *namespace, bool schema,
                         struct error *error)
{
    char user[POSTGRES_IDENTIFIER_MAX];
    char database[POSTGRES_IDENTIFIER_MAX];
    struct error ignored = {0};

    if (!postgres_failed_with(postgres, "42501") || postgres->connection == NULL ||
        !postgres_quote(postgres, PQuser(postgres->connection), user, &ignored) ||
        !postgres_quote(postgres, PQdb(postgres->connection), database, &ignored)) {
        return;
    }
    error->remedy[0] = '\0';
    if (schema) {
        error_advise(error,
                     "Let a superuser run: GRANT CREATE ON DATABASE %s TO %s;  or: CREATE "
                     "SCHEMA \"%s\" AUTHORIZATION %s;",
                     database, user, namespace, user);
    } else {
        error_advise(error, "Let its owner or a superuser run: ALTER SCHEMA \"%s\" OWNER TO %s;",
                     namespace, user);
    }
}

/* The schema and its table of migrations, unless they are there. */
static bool create_home(struct postgres *postgres, const char *namespace,
                        const struct record *record, struct error *error)
{
    char sql[SQL_MAX];
    if (record->table) {
        return true;
    }
    if (record->schema && !record->empty) {
        error_set(error, ERROR_CONFIG, "schema \"%s\" exists, and is not Till's", namespace);
        return error_advise(error, OTHER_CHOICES ", or remove that schema if nobody needs it.");
    }
    /* Not asked for when it exists: that would need the permission all the same. */
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA IF NOT EXISTS \"%s\"", namespace);
    if (!record->schema && !postgres_execute(postgres, sql, 0, NULL, error)) {
        advise_grant(postgres, namespace, true, error);
        return error_wrap(error, "create schema \"%s\"", namespace);
    }
    (void)snprintf(sql, sizeof sql, MIGRATE_TABLE_SQL, namespace);
    if (!postgres_execute(postgres, sql, 0, NULL, error)) {
        advise_grant(postgres, namespace, false, error);
        return error_wrap(error, "create table \"%s\".migration", namespace);
    }
    return true;
}

/* The line of a character, both from 1. */
static unsigned line_of(const char *text, unsigned position)
{
    unsigned line = 1;
    unsigned at = 1;
    for (const char *c = text; *c != '\0' && at < position; c++) {
        line += *c == '\n';
        at += (c[1] & 0xC0) != 0x80; /* not inside a character of several bytes */
    }
    return line;
}

/* A migration that the server does not understand is our bug; but a full disk is not. */
static bool migration_failed(struct postgres *postgres, const char *namespace,
                             const struct migration *migration, struct error *error)
{
    const bool ours = postgres->sqlstate[0] != '\0' && error->kind != ERROR_RETRY &&
                      !postgres_failed_with(postgres, "42501");
    if (ours) {
        error->kind = ERROR_FATAL;
        error->remedy[0] = '\0';
        error_advise(error, "Nothing of this migration remains. Correct what the message names, "
                            "then run till setup again.");
    }
    advise_grant(postgres, namespace, false, error);
    if (postgres->position > 0) {
        return error_wrap(error, "migration %04u (%s), line %u", migration->number, migration->name,
                          line_of(migration->sql, postgres->position));
    }
    return error_wrap(error, "migration %04u (%s), statement %u", migration->number,
                      migration->name, postgres->statement);
}

static bool run(struct postgres *postgres, const char *namespace, const struct migration *migration,
                struct error *error)
{
    char number[16];
    char sql[SQL_MAX];
    const char *const parameters[] = {number, migration->name, migration->checksum,
                                      migration->oldest_program};

    if (!postgres_run(postgres, migration->sql, error)) {
        return migration_failed(postgres, namespace, migration, error);
    }
    if (PQtransactionStatus(postgres->connection) != PQTRANS_INTRANS) {
        return error_set(error, ERROR_FATAL, "migration %04u (%s) ends its transaction itself",
                         migration->number, migration->name);
    }
    (void)snprintf(number, sizeof number, "%u", migration->number);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO \"%s\".migration (number, name, checksum, oldest_program)"
                   " VALUES ($1, $2, $3, $4)",
                   namespace);
    return (postgres_execute(postgres, sql, 4, parameters, error) &&
            postgres_commit(postgres, error)) ||
           error_wrap(error, "migration %04u (%s)", migration->number, migration->name);
}

/* One transaction: writes the migration that it has applied, NULL when none was pending. */
static bool apply_next(struct postgres *postgres, const char *namespace,
                       const struct migration_list *list, const struct migration **applied,
                       struct error *error)
{
    struct record record = {0};
    size_t pending = 0;
    bool good = begin(postgres, namespace, error) &&
                record_load(postgres, namespace, &record, error) &&
                judge(&record, namespace, list, &pending, error) &&
                create_home(postgres, namespace, &record, error);
    record_free(&record);

    if (good && pending < list->count) {
        good = run(postgres, namespace, &list->items[pending], error);
        *applied = &list->items[pending];
    } else if (good) {
        good = postgres_commit(postgres, error);
        *applied = NULL;
    }
    if (!good) {
        postgres_rollback(postgres);
    }
    return good;
}

bool migrate_apply(struct postgres *postgres, const char *namespace,
                   const struct migration_list *list, const struct migrate_report *report,
                   struct error *error)
{
    ENSURE(namespace_valid(namespace)); /* so that it can be quoted by quotes alone */
    const struct migration *applied = NULL;
    do {
        if (!apply_next(postgres, namespace, list, &applied, error)) {
            return false;
        }
        if (applied != NULL) {
            report->migration(report->self, applied->number, applied->name, MIGRATION_APPLIED);
        }
    } while (applied != NULL);
    return true;
}

bool migrate_check(struct postgres *postgres, const char *namespace,
                   const struct migration_list *list, const struct migrate_report *report,
                   struct error *error)
{
    ENSURE(namespace_valid(namespace));
    struct record record;
    if (!record_load(postgres, namespace, &record, error)) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct migration *migration = &list->items[i];
        report->migration(report->self, migration->number, migration->name,
                          state_of(&record, migration));
    }
    for (size_t row = 0; row < record_count(&record); row++) {
        const unsigned number = record_number(&record, row);
        if (!is_known(list, number)) {
            report->migration(report->self, number, record_text(&record, row, 1),
                              MIGRATION_UNKNOWN);
        }
    }
    record_free(&record);
    return true;
}

bool migrate_verify(struct postgres *postgres, const char *namespace,
                    const struct migration_list *list, struct error *error)
{
    ENSURE(namespace_valid(namespace));
    struct record record;
    size_t pending = 0;
    if (!record_load(postgres, namespace, &record, error)) {
        return false;
    }
    bool good = false;
    if (!record.table) {
        error_set(error, ERROR_CONFIG, "schema \"%s\" %s", namespace,
                  record.schema ? "has not been set up" : "does not exist");
        error_advise(error, NOTHING_YET);
    } else if (judge(&record, namespace, list, &pending, error)) {
        good = pending == list->count;
        if (!good) {
            error_set(error, ERROR_CONFIG, "schema \"%s\": migration %04u (%s) is pending",
                      namespace, list->items[pending].number, list->items[pending].name);
            error_advise(error, NOTHING_YET);
        }
    }
    record_free(&record);
    return good;
}
