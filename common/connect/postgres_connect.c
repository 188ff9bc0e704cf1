/* SPDX-License-Identifier: Apache-2.0
 *
 * Connects to the first host that will do. */
#include "common/connect/postgres.h"

#include <poll.h>
#include <string.h>

#include "common/base/text.h"
#include "common/connect/postgres_session.h"
#include "common/connect/postgres_settings.h"
#include "common/connect/postgres_wait.h"

/* Instead of libpq's habit to print them. */
static void count_warning(void *self, const PGresult *result)
{
    struct postgres *postgres = self;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && strcmp(severity, "WARNING") == 0) {
        postgres->warnings++;
    }
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

static bool connect_host(struct postgres *postgres, const struct postgres_parameters *parameters,
                         int timeout_ms, struct error *error)
{
    const int64_t deadline = postgres_now_ms() + timeout_ms;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    postgres->connection = PQconnectStartParams(parameters->keywords, parameters->values, 0);
    if (postgres->connection == NULL) {
        return error_set(error, ERROR_FATAL, "database: out of memory");
    }
    (void)PQsetNoticeReceiver(postgres->connection, count_warning, postgres); /* returns the old */
    (void)PQsetErrorVerbosity(postgres->connection, PQERRORS_VERBOSE);        /* with SQLSTATE */
    remember_address(postgres);
    if (PQstatus(postgres->connection) == CONNECTION_BAD) {
        return postgres_lost(postgres, error);
    }
    while (status != PGRES_POLLING_OK) {
        const short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!postgres_wait(PQsocket(postgres->connection), events, deadline)) {
            return postgres_no_answer(postgres, timeout_ms, error);
        }
        status = PQconnectPoll(postgres->connection);
        if (status == PGRES_POLLING_FAILED) {
            return postgres_lost(postgres, error);
        }
    }
    remember_address(postgres);
    if (PQsetnonblocking(postgres->connection, 1) != 0) {
        return postgres_lost(postgres, error);
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
    error_set(merged, merged->kind, "%.*s; %.*s", (int)POSTGRES_LINE_MAX, before,
              (int)POSTGRES_LINE_MAX, next->text);
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
