/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks, with deadlines, through libpq's calls that do not block. */
#include "common/connect/postgres.h"

#include <poll.h>
#include <string.h>

#include "common/base/text.h"
#include "common/connect/postgres_wait.h"

/* Waits until libpq has all of the next result. */
static bool await(struct postgres *postgres, int64_t deadline, struct error *error)
{
    PGconn *connection = postgres->connection;
    int unsent = PQflush(connection);
    while (unsent != 0 || PQisBusy(connection)) {
        /* Reading while sending: else both sides may wait for each other. */
        const short events = unsent == 0 ? POLLIN : POLLIN | POLLOUT;
        if (unsent == -1) {
            return postgres_lost(postgres, error);
        }
        if (!postgres_wait(PQsocket(connection), events, deadline)) {
            return postgres_no_answer(postgres, postgres->deadline_ms, error);
        }
        if (PQconsumeInput(connection) != 1) {
            return postgres_lost(postgres, error);
        }
        unsent = PQflush(connection);
    }
    return true;
}

static bool result_good(const PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* Takes results until there are no more; keeps the last, or the first failure's error. */
static bool collect(struct postgres *postgres, PGresult **result, struct error *error)
{
    const int64_t deadline = postgres_now_ms() + postgres->deadline_ms;
    PGresult *last = NULL;
    bool good = true;

    postgres->statement = 1;
    for (;;) {
        if (!await(postgres, deadline, error)) {
            PQclear(last);
            return false;
        }
        PGresult *next = PQgetResult(postgres->connection);
        if (next == NULL) {
            break;
        }
        PQclear(last);
        last = next;
        if (good && !result_good(next)) {
            good = postgres_refused(postgres, next, error);
            if (PQresultStatus(next) != PGRES_FATAL_ERROR) { /* COPY: we do not speak that */
                break;
            }
        }
        postgres->statement += good;
    }
    if (PQstatus(postgres->connection) == CONNECTION_BAD ||
        PQtransactionStatus(postgres->connection) == PQTRANS_ACTIVE) {
        good = good && postgres_lost(postgres, error);
        postgres_drop(postgres);
    }
    if (!good) {
        PQclear(last);
        return false;
    }
    *result = last;
    return true;
}

/* Before each query. */
static bool begin(struct postgres *postgres, struct error *error)
{
    postgres->sqlstate[0] = '\0';
    postgres->position = 0;
    return postgres->connection != NULL ||
           postgres_complain(postgres, "", "the connection is closed", error);
}

enum result_format { FORMAT_TEXT, FORMAT_BINARY };

static bool query(struct postgres *postgres, const char *sql, int count,
                  const char *const *parameters, enum result_format format, PGresult **result,
                  struct error *error)
{
    if (!begin(postgres, error)) {
        return false;
    }
    if (PQsendQueryParams(postgres->connection, sql, count, NULL, parameters, NULL, NULL,
                          (int)format) != 1) {
        return postgres_lost(postgres, error);
    }
    return collect(postgres, result, error);
}

bool postgres_query(struct postgres *postgres, const char *sql, int count,
                    const char *const *parameters, PGresult **result, struct error *error)
{
    return query(postgres, sql, count, parameters, FORMAT_TEXT, result, error);
}

bool postgres_query_binary(struct postgres *postgres, const char *sql, int count,
                           const char *const *parameters, PGresult **result, struct error *error)
{
    return query(postgres, sql, count, parameters, FORMAT_BINARY, result, error);
}

bool postgres_execute(struct postgres *postgres, const char *sql, int count,
                      const char *const *parameters, struct error *error)
{
    PGresult *result = NULL;
    if (!postgres_query(postgres, sql, count, parameters, &result, error)) {
        return false;
    }
    PQclear(result);
    return true;
}

bool postgres_run(struct postgres *postgres, const char *script, struct error *error)
{
    PGresult *result = NULL;
    if (!begin(postgres, error)) {
        return false;
    }
    if (PQsendQuery(postgres->connection, script) != 1) {
        return postgres_lost(postgres, error);
    }
    if (!collect(postgres, &result, error)) {
        return false;
    }
    PQclear(result);
    return true;
}

bool postgres_commit(struct postgres *postgres, struct error *error)
{
    const unsigned warnings = postgres->warnings;
    PGresult *result = NULL;
    if (!postgres_query(postgres, "COMMIT", 0, NULL, &result, error)) {
        return error_wrap(error, "commit");
    }
    const bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    if (!committed) {
        return error_set(error, ERROR_FATAL, "database %s: commit: the server rolled back",
                         postgres->address);
    }
    if (postgres->warnings != warnings) {
        error_set(error, ERROR_RETRY, "database %s: commit: no standby has confirmed it",
                  postgres->address);
        return error_advise(error, "See that the synchronous standby is up, then try again.");
    }
    return true;
}

void postgres_rollback(struct postgres *postgres)
{
    struct error ignored = {0};
    if (postgres->connection == NULL || PQtransactionStatus(postgres->connection) == PQTRANS_IDLE) {
        return;
    }
    char sqlstate[sizeof postgres->sqlstate];
    memcpy(sqlstate, postgres->sqlstate, sizeof sqlstate); /* of the failure that led here */
    if (!postgres_execute(postgres, "ROLLBACK", 0, NULL, &ignored) &&
        postgres->connection != NULL) {
        postgres_drop(postgres);
    }
    memcpy(postgres->sqlstate, sqlstate, sizeof sqlstate);
}

bool postgres_failed_with(const struct postgres *postgres, const char *sqlstate)
{
    return strcmp(postgres->sqlstate, sqlstate) == 0;
}

bool postgres_quote(struct postgres *postgres, const char *name,
                    char quoted[POSTGRES_IDENTIFIER_MAX], struct error *error)
{
    if (!begin(postgres, error)) {
        return false;
    }
    char *escaped = PQescapeIdentifier(postgres->connection, name, strlen(name));
    if (escaped == NULL) {
        return postgres_lost(postgres, error);
    }
    struct text text;
    text_init(&text, quoted, POSTGRES_IDENTIFIER_MAX);
    text_put(&text, escaped);
    PQfreemem(escaped);
    return !text.full || error_set(error, ERROR_CONFIG, "database %s: the name is too long: %s",
                                   postgres->address, name);
}
