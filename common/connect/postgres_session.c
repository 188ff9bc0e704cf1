/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks the server and sets the session up. */
#include "common/connect/postgres_session.h"

#include <poll.h>
#include <string.h>

#include "common/base/text.h"
#include "common/connect/postgres_choice.h"
#include "common/connect/postgres_wait.h"

#define SERVER_VERSION_MIN 140000 /* client_connection_check_interval came with it */
#define ANSWER_MARGIN_MS   5000   /* the server gives up first, and says why */
#define SETTINGS_MAX       16u

/* Milliseconds. A lock is waited for briefly in a setup too: whoever wants to change a table makes
 * everybody else who wants that table queue behind him. */
static const struct limits {
    int statement;
    const char *statement_text;
    const char *lock_text;
} limits[] = {
    [POSTGRES_COMMAND] = {15000, "15s", "5s"},
    [POSTGRES_SETUP] = {600000, "600s", "5s"},
    [POSTGRES_LANE] = {5000, "5s", "4s"},
};

/* Set by one SELECT after the connection, not by startup options: that overrides what was set for
 * the role or the database, leaves the user's own "options" alone, names a value that is refused,
 * and a pooler, which refuses startup options, can still be told apart and named. Nothing of ours
 * resets a session, which would lose them. */
static const struct session_setting {
    const char *name;
    const char *value;
} session_settings[] = {
    {"synchronous_commit", "on"},
    {"default_transaction_isolation", "read committed"},
    {"idle_in_transaction_session_timeout", "5s"}, /* a frozen program must not keep its locks */
    {"client_connection_check_interval", "2s"},    /* nor one that is gone */
    {"standard_conforming_strings", "on"},
    {"DateStyle", "ISO, YMD"},
    {"TimeZone", "UTC"},
};

/* Everybody may ask this, but only a primary can answer. */
static const char ask_timeline[] =
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN ''"
    " ELSE pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) END";

static bool check_server(const struct postgres *postgres, struct error *error)
{
    const int version = PQserverVersion(postgres->connection);
    const char *encoding = PQparameterStatus(postgres->connection, "server_encoding");

    if (version < SERVER_VERSION_MIN) {
        error_set(error, ERROR_CONFIG, "database %s: the server has version %d.%d, too old",
                  postgres->address, version / 10000, version % 10000);
        return error_advise(error, "Use PostgreSQL %d or newer.", SERVER_VERSION_MIN / 10000);
    }
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        error_set(error, ERROR_CONFIG, "database %s: its encoding is %s, not UTF8",
                  postgres->address, encoding == NULL ? "unknown" : encoding);
        return error_advise(error, "Create one that can hold any SKU: createdb --template "
                                   "template0 --encoding UTF8 NAME");
    }
    return true;
}

/* As much of the answer to the one request as is there, with its first value. */
static bool take_answer(struct postgres *postgres, struct text *value, short *events, bool *more,
                        struct error *error)
{
    bool good = true;
    if (PQconsumeInput(postgres->connection) != 1) {
        return postgres_lost(postgres, error);
    }
    for (;;) {
        const int unsent = PQflush(postgres->connection);
        if (unsent == -1) {
            return postgres_lost(postgres, error);
        }
        *events = unsent == 0 ? POLLIN : POLLIN | POLLOUT;
        *more = unsent != 0 || PQisBusy(postgres->connection);
        PGresult *result = *more ? NULL : PQgetResult(postgres->connection);
        if (result == NULL) {
            return good;
        }
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
            text_put(value, PQgetvalue(result, 0, 0));
        } else if (good) {
            good = postgres_refused(postgres, result, error);
        }
        PQclear(result);
    }
}

bool postgres_session_ask(struct postgres *postgres, struct error *error)
{
    return check_server(postgres, error) && (PQsendQueryParams(postgres->connection, ask_timeline,
                                                               0, NULL, NULL, NULL, NULL, 0) == 1 ||
                                             postgres_lost(postgres, error));
}

bool postgres_session_asked(struct postgres *postgres, uint32_t *timeline, short *events,
                            bool *more, struct error *error)
{
    char memory[POSTGRES_IDENTIFIER_MAX];
    struct text file;
    text_init(&file, memory, sizeof memory);
    if (!take_answer(postgres, &file, events, more, error)) {
        return error_wrap(error, "ask for its timeline");
    }
    if (file.size > 0) { /* a standby has none */
        *timeline = postgres_choice_timeline(file.bytes);
    }
    return true;
}

bool postgres_session_begin(struct postgres *postgres, const char *namespace, enum postgres_use use,
                            struct error *error)
{
    char search_path[POSTGRES_IDENTIFIER_MAX + sizeof ", pg_temp"];
    char sql_memory[SETTINGS_MAX * sizeof ", pg_catalog.set_config($00, $00, false)"];
    const char *parameters[2 * SETTINGS_MAX];
    int count = 0;
    struct text sql;
    struct text path;

    if (!check_server(postgres, error)) {
        return false;
    }
    /* pg_temp would else be looked through first. */
    text_init(&path, search_path, sizeof search_path);
    text_format(&path, "\"%s\", pg_temp", namespace);

    parameters[count++] = "search_path";
    parameters[count++] = path.bytes;
    parameters[count++] = "statement_timeout";
    parameters[count++] = limits[use].statement_text;
    parameters[count++] = "lock_timeout";
    parameters[count++] = limits[use].lock_text;
    for (size_t i = 0; i < sizeof session_settings / sizeof session_settings[0]; i++) {
        parameters[count++] = session_settings[i].name;
        parameters[count++] = session_settings[i].value;
    }
    text_init(&sql, sql_memory, sizeof sql_memory);
    text_put(&sql, "SELECT ");
    for (int i = 1; i < count; i += 2) {
        text_format(&sql, "%spg_catalog.set_config($%d, $%d, false)", i == 1 ? "" : ", ", i, i + 1);
    }
    ENSURE(!sql.full && !path.full && (size_t)count <= 2 * SETTINGS_MAX);
    if (PQsendQueryParams(postgres->connection, sql.bytes, count, NULL, parameters, NULL, NULL,
                          0) != 1) {
        return postgres_lost(postgres, error);
    }
    return true;
}

bool postgres_session_step(struct postgres *postgres, enum postgres_use use, short *events,
                           bool *more, struct error *error)
{
    char memory[POSTGRES_IDENTIFIER_MAX];
    struct text ignored;
    text_init(&ignored, memory, sizeof memory);
    if (!take_answer(postgres, &ignored, events, more, error)) {
        return error_wrap(error, "set up the session");
    }
    postgres->deadline_ms = limits[use].statement + ANSWER_MARGIN_MS;
    return true;
}
