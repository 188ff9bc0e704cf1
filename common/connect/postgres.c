/* SPDX-License-Identifier: Apache-2.0
 *
 * Connects and asks, with deadlines, through libpq's calls that do not block. */
#include "common/connect/postgres.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/text.h"
#include "common/connect/postgres_session.h"
#include "common/connect/postgres_settings.h"

#define LINE_MAX_BYTES (ERROR_TEXT_MAX / 2)

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False when the deadline came first. */
static bool wait_for(int socket, short events, int64_t deadline)
{
    for (;;) {
        const int64_t left = deadline - now_ms();
        struct pollfd descriptor = {.fd = socket, .events = events};
        const int ready = left <= 0 ? 0 : poll(&descriptor, 1, (int)left);
        if (ready != -1 || errno != EINTR) {
            return ready > 0;
        }
    }
}

/* Instead of libpq's habit to print them. */
static void count_warning(void *self, const PGresult *result)
{
    struct postgres *postgres = self;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && strcmp(severity, "WARNING") == 0) {
        postgres->warnings++;
    }
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void remember_address(struct postgres *postgres)
{
    const PGconn *connection = postgres->connection;
    const char *host = or_empty(PQhost(connection));
    struct text text;
    text_init(&text, postgres->address, sizeof postgres->address);
    text_format(&text, strchr(host, ':') == NULL ? "%s@%s:%s/%s" : "%s@[%s]:%s/%s",
                or_empty(PQuser(connection)), host, or_empty(PQport(connection)),
                or_empty(PQdb(connection)));
}

/* Fills the error; the connection stays. */
static bool complain(struct postgres *postgres, const char *sqlstate, const char *text,
                     struct error *error)
{
    const struct postgres_complaint complaint = {
        .where = postgres->address,
        .user = or_empty(PQuser(postgres->connection)),
        .database = or_empty(PQdb(postgres->connection)),
        .sqlstate = sqlstate,
        .text = text,
    };
    if (sqlstate != postgres->sqlstate) {
        memcpy(postgres->sqlstate, sqlstate, strnlen(sqlstate, SQLSTATE_SIZE) + 1);
    }
    return postgres_error_set(error, &complaint);
}

/* Without a word to a server that may be frozen: the shutdown makes sure that nothing is sent. */
static void drop(struct postgres *postgres)
{
    const int socket = PQsocket(postgres->connection);
    if (socket != -1) {
        (void)shutdown(socket, SHUT_RDWR); /* it may be shut already */
    }
    PQfinish(postgres->connection);
    postgres->connection = NULL;
}

static bool no_answer(struct postgres *postgres, int after_ms, struct error *error)
{
    char text[64];
    (void)snprintf(text, sizeof text, "no answer within %d.%d s", after_ms / 1000,
                   after_ms % 1000 / 100); /* fits: two numbers */
    complain(postgres, "", text, error);
    drop(postgres);
    return false;
}

static bool connect_failed(struct postgres *postgres, struct error *error)
{
    char memory[LINE_MAX_BYTES];
    char sqlstate[SQLSTATE_SIZE + 1];
    struct text line;
    text_init(&line, memory, sizeof memory);
    postgres_error_pick(PQerrorMessage(postgres->connection), sqlstate, &line);
    complain(postgres, sqlstate, line.bytes, error);
    drop(postgres);
    return false;
}

static bool connect_host(struct postgres *postgres, const struct postgres_parameters *parameters,
                         int timeout_ms, struct error *error)
{
    const int64_t deadline = now_ms() + timeout_ms;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    postgres->connection = PQconnectStartParams(parameters->keywords, parameters->values, 0);
    if (postgres->connection == NULL) {
        return error_set(error, ERROR_FATAL, "database: out of memory");
    }
    (void)PQsetNoticeReceiver(postgres->connection, count_warning, postgres); /* returns the old */
    (void)PQsetErrorVerbosity(postgres->connection, PQERRORS_VERBOSE);        /* with SQLSTATE */
    remember_address(postgres);
    if (PQstatus(postgres->connection) == CONNECTION_BAD) {
        return connect_failed(postgres, error);
    }
    while (status != PGRES_POLLING_OK) {
        const short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for(PQsocket(postgres->connection), events, deadline)) {
            return no_answer(postgres, timeout_ms, error);
        }
        status = PQconnectPoll(postgres->connection);
        if (status == PGRES_POLLING_FAILED) {
            return connect_failed(postgres, error);
        }
    }
    remember_address(postgres);
    if (PQsetnonblocking(postgres->connection, 1) != 0) {
        return connect_failed(postgres, error);
    }
    postgres->deadline_ms = timeout_ms;
    return true;
}

/* One error out of those of several hosts: what may pass outranks what must be changed, since a
 * host that is down may be the one that is right. */
static void merge_errors(struct error *merged, const struct error *next)
{
    char before[ERROR_TEXT_MAX];
    if (merged->kind == ERROR_NONE) {
        *merged = *next;
        return;
    }
    memcpy(before, merged->text, sizeof before);
    if (next->kind == ERROR_RETRY && merged->kind != ERROR_RETRY) {
        *merged = *next;
    }
    error_set(merged, merged->kind, "%.*s; %.*s", (int)LINE_MAX_BYTES, before, (int)LINE_MAX_BYTES,
              next->text);
    error_advise(merged, "%s", next->remedy);
}

bool postgres_open(struct postgres *postgres, const struct config *config, enum postgres_use use,
                   const char *name, struct error *error)
{
    ENSURE(namespace_valid(config->namespace.value));
    struct postgres_settings settings;
    struct postgres_parameters parameters;
    struct error merged = {0};
    char label[64];

    *postgres = (struct postgres){0};
    if (!postgres_settings_read(&settings, &config->database_url, error)) {
        postgres_settings_free(&settings);
        return false;
    }
    (void)snprintf(label, sizeof label, "till %s", name); /* the server cuts it at 63 as well */
    for (size_t i = 0; i < settings.hosts_count && postgres->connection == NULL; i++) {
        struct error one = {0};
        postgres_settings_parameters(&settings, i, label, &parameters);
        if (!connect_host(postgres, &parameters, settings.connect_timeout_ms, &one)) {
            merge_errors(&merged, &one);
        } else if (!postgres_session_begin(postgres, config->namespace.value, use, &one)) {
            merge_errors(&merged, &one);
            postgres_close(postgres);
        }
    }
    postgres_settings_free(&settings);
    if (postgres->connection == NULL) {
        *error = merged;
        return false;
    }
    return true;
}

void postgres_close(struct postgres *postgres)
{
    if (postgres != NULL) {
        PQfinish(postgres->connection); /* NULL is fine; it does not block, nor do we wait */
        postgres->connection = NULL;
    }
}

const char *postgres_describe(const struct postgres *postgres)
{
    return postgres->address;
}

/* The connection broke, or libpq could not begin. */
static bool lost(struct postgres *postgres, struct error *error)
{
    char memory[LINE_MAX_BYTES];
    char sqlstate[SQLSTATE_SIZE + 1];
    struct text line;
    text_init(&line, memory, sizeof memory);
    postgres_error_pick(PQerrorMessage(postgres->connection), sqlstate, &line);
    complain(postgres, sqlstate, line.bytes, error);
    drop(postgres);
    return false;
}

static bool refused(struct postgres *postgres, const PGresult *result, struct error *error)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    char memory[LINE_MAX_BYTES];
    struct text line;

    postgres->position = 0;
    for (const char *digit = or_empty(position); *digit >= '0' && *digit <= '9'; digit++) {
        postgres->position = postgres->position * 10 + (unsigned)(*digit - '0');
    }
    text_init(&line, memory, sizeof memory);
    if (sqlstate == NULL || primary == NULL) { /* libpq made it: the connection is lost */
        text_put_bytes(&line, PQresultErrorMessage(result),
                       strcspn(PQresultErrorMessage(result), "\n"));
        return complain(postgres, "", line.bytes, error);
    }
    text_put(&line, primary);
    if (detail != NULL) {
        text_put(&line, ": ");
        text_put(&line, detail);
    }
    return complain(postgres, sqlstate, line.bytes, error);
}

/* Waits until libpq has all of the next result. */
static bool await(struct postgres *postgres, int64_t deadline, struct error *error)
{
    PGconn *connection = postgres->connection;
    int unsent = PQflush(connection);
    while (unsent != 0 || PQisBusy(connection)) {
        /* Reading while sending: else both sides may wait for each other. */
        const short events = unsent == 0 ? POLLIN : POLLIN | POLLOUT;
        if (unsent == -1) {
            return lost(postgres, error);
        }
        if (!wait_for(PQsocket(connection), events, deadline)) {
            return no_answer(postgres, postgres->deadline_ms, error);
        }
        if (PQconsumeInput(connection) != 1) {
            return lost(postgres, error);
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
    const int64_t deadline = now_ms() + postgres->deadline_ms;
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
            good = refused(postgres, next, error);
            if (PQresultStatus(next) != PGRES_FATAL_ERROR) { /* COPY: we do not speak that */
                break;
            }
        }
        postgres->statement += good;
    }
    if (PQstatus(postgres->connection) == CONNECTION_BAD ||
        PQtransactionStatus(postgres->connection) == PQTRANS_ACTIVE) {
        good = good && lost(postgres, error);
        drop(postgres);
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
           complain(postgres, "", "the connection is closed", error);
}

bool postgres_query(struct postgres *postgres, const char *sql, int count,
                    const char *const *parameters, PGresult **result, struct error *error)
{
    if (!begin(postgres, error)) {
        return false;
    }
    if (PQsendQueryParams(postgres->connection, sql, count, NULL, parameters, NULL, NULL, 0) != 1) {
        return lost(postgres, error);
    }
    return collect(postgres, result, error);
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
        return lost(postgres, error);
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
        drop(postgres);
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
        return lost(postgres, error);
    }
    struct text text;
    text_init(&text, quoted, POSTGRES_IDENTIFIER_MAX);
    text_put(&text, escaped);
    PQfreemem(escaped);
    return !text.full || error_set(error, ERROR_CONFIG, "database %s: the name is too long: %s",
                                   postgres->address, name);
}
