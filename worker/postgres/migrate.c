/* SPDX-License-Identifier: Apache-2.0
 *
 * Applies what is pending, each migration in its own transaction. */
#include "worker/postgres/migrate.h"

#include "worker/postgres/migrate_sql.h"
#include "worker/postgres/record.h"

#define SQL_MAX   1024u
#define LOCK_WAIT "60s" /* for another setup; for a table it is shorter, since others queue */
#define SETUP     "Run: till setup"

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
        return error_advise(
            error,
            "Choose another namespace (TILL_NAMESPACE), or remove that schema if nobody needs it.");
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
                record_judge(&record, namespace, list, &pending, error) &&
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
                          record_state(&record, migration));
    }
    for (size_t row = 0; row < record_count(&record); row++) {
        const unsigned number = record_number(&record, row);
        if (record_unknown(list, number)) {
            report->migration(report->self, number, record_name(&record, row), MIGRATION_UNKNOWN);
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
        error_advise(error, SETUP);
    } else if (record_judge(&record, namespace, list, &pending, error)) {
        good = pending == list->count;
        if (!good) {
            error_set(error, ERROR_CONFIG, "schema \"%s\": migration %04u (%s) is pending",
                      namespace, list->items[pending].number, list->items[pending].name);
            error_advise(error, SETUP);
        }
    }
    record_free(&record);
    return good;
}
