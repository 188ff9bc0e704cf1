/* SPDX-License-Identifier: Apache-2.0
 *
 * Connects to the only host, or to the best of several. */
#include "common/connect/postgres_dial.h"

#include <poll.h>
#include <string.h>

#include "common/base/text.h"
#include "common/connect/postgres_session.h"
#include "common/connect/postgres_wait.h"

#define OUTDATED_MS 30000 /* after which several hosts are worth asking again */

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

static bool connect_begin(struct postgres_dial *dial, struct postgres *postgres,
                          struct error *error)
{
    struct postgres_parameters parameters;
    postgres_settings_parameters(&dial->settings, dial->host, dial->label, &parameters);
    postgres->connection = PQconnectStartParams(parameters.keywords, parameters.values, 0);
    if (postgres->connection == NULL) {
        return error_set(error, ERROR_FATAL, "database: out of memory");
    }
    (void)PQsetNoticeReceiver(postgres->connection, count_warning, postgres); /* returns the old */
    (void)PQsetErrorVerbosity(postgres->connection, PQERRORS_VERBOSE);        /* with SQLSTATE */
    remember_address(postgres);
    if (PQstatus(postgres->connection) == CONNECTION_BAD) {
        return postgres_lost(postgres, error);
    }
    dial->phase = POSTGRES_DIAL_CONNECTING;
    dial->events = POLLOUT;
    dial->deadline = postgres_now_ms() + dial->settings.connect_timeout_ms;
    return true;
}

/* The connection is there, one of several. What was left of the time to connect is left to answer.
 */
static bool ask_begin(struct postgres_dial *dial, struct postgres *postgres, struct error *error)
{
    remember_address(postgres);
    if (PQsetnonblocking(postgres->connection, 1) != 0) {
        return postgres_lost(postgres, error);
    }
    dial->phase = POSTGRES_DIAL_ASKING;
    dial->events = POLLOUT;
    dial->timeline = TIMELINE_NONE;
    return postgres_session_ask(postgres, error);
}

/* The connection is the right one; the session is not set up yet. */
static bool session_begin(struct postgres_dial *dial, struct postgres *postgres,
                          struct error *error)
{
    remember_address(postgres);
    if (PQsetnonblocking(postgres->connection, 1) != 0) {
        return postgres_lost(postgres, error);
    }
    dial->phase = POSTGRES_DIAL_SETTING_UP;
    dial->events = POLLOUT;
    dial->deadline = postgres_now_ms() + dial->settings.connect_timeout_ms;
    return postgres_session_begin(postgres, dial->config->namespace.value, dial->use, error);
}

static enum postgres_dial_answer connect_step(struct postgres_dial *dial, struct postgres *postgres,
                                              struct error *error)
{
    const PostgresPollingStatusType status = PQconnectPoll(postgres->connection);
    if (status == PGRES_POLLING_FAILED) {
        (void)postgres_lost(postgres, error); /* false */
        return POSTGRES_DIAL_FAILED;
    }
    if (status != PGRES_POLLING_OK) {
        dial->events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        return POSTGRES_DIAL_WAIT;
    }
    const bool begun = dial->settings.hosts_count > 1 ? ask_begin(dial, postgres, error)
                                                      : session_begin(dial, postgres, error);
    return begun ? POSTGRES_DIAL_DONE : POSTGRES_DIAL_FAILED;
}

static enum postgres_dial_answer ask_step(struct postgres_dial *dial, struct postgres *postgres,
                                          struct error *error)
{
    bool more = false;
    if (!postgres_session_asked(postgres, &dial->timeline, &dial->events, &more, error)) {
        return POSTGRES_DIAL_FAILED;
    }
    if (more) {
        return POSTGRES_DIAL_WAIT;
    }
    if (dial->timeline == TIMELINE_NONE) {
        /* It was none when we connected; so the error is what connecting to a standby gives. */
        error_set(error, ERROR_RETRY, "database %s: a standby", postgres->address);
        (void)error_advise(error, "Promote it, or name the primary in the URL."); /* false */
        return POSTGRES_DIAL_FAILED;
    }
    return POSTGRES_DIAL_DONE;
}

static enum postgres_dial_answer session_step(struct postgres_dial *dial, struct postgres *postgres,
                                              struct error *error)
{
    bool more = false;
    if (!postgres_session_step(postgres, dial->use, &dial->events, &more, error)) {
        return POSTGRES_DIAL_FAILED;
    }
    return more ? POSTGRES_DIAL_WAIT : POSTGRES_DIAL_DONE;
}

/* As far as one host goes without waiting. Done: its session is set up, or it has told its
 * timeline. */
static enum postgres_dial_answer host_step(struct postgres_dial *dial, struct postgres *postgres,
                                           struct error *error)
{
    enum postgres_dial_answer answer = POSTGRES_DIAL_DONE;
    struct pollfd ready = {.fd = PQsocket(postgres->connection), .events = dial->events};
    if (dial->phase == POSTGRES_DIAL_CONNECTING && poll(&ready, 1, 0) <= 0) {
        answer = POSTGRES_DIAL_WAIT; /* libpq goes on without looking */
    } else if (dial->phase == POSTGRES_DIAL_CONNECTING) {
        answer = connect_step(dial, postgres, error);
    }
    if (answer == POSTGRES_DIAL_DONE) {
        answer = dial->phase == POSTGRES_DIAL_ASKING ? ask_step(dial, postgres, error)
                                                     : session_step(dial, postgres, error);
    }
    if (answer == POSTGRES_DIAL_WAIT && postgres_now_ms() >= dial->deadline) {
        (void)postgres_no_answer(postgres, dial->settings.connect_timeout_ms, error); /* false */
        return POSTGRES_DIAL_FAILED;
    }
    return answer;
}

static void dial_end(struct postgres_dial *dial)
{
    postgres_settings_free(&dial->settings);
    PQfinish(dial->chosen); /* NULL is fine */
    dial->chosen = NULL;
    dial->phase = POSTGRES_DIAL_IDLE;
}

/* Begins with the next host, one after the other until one has begun. */
static bool next_host(struct postgres_dial *dial, struct postgres *postgres)
{
    for (; dial->host < dial->settings.hosts_count; dial->host++) {
        struct error error = {0};
        if (connect_begin(dial, postgres, &error)) {
            return true;
        }
        merge_errors(&dial->merged, &error);
    }
    return false;
}

/* Keeps the connection to the host that has just told its timeline, if none before was better. */
static void offer(struct postgres_dial *dial, struct postgres *postgres)
{
    if (postgres_choice_offer(&dial->choice, dial->host, dial->timeline)) {
        PQfinish(dial->chosen);
        dial->chosen = postgres->connection;
        postgres->connection = NULL;
    }
}

/* This host is done with: to the next or, when all were asked, on with the one that was chosen. */
static enum postgres_dial_answer go_on(struct postgres_dial *dial, struct postgres *postgres)
{
    struct error error = {0};
    postgres_close(postgres);
    dial->host++;
    if (next_host(dial, postgres)) {
        return POSTGRES_DIAL_WAIT;
    }
    if (dial->chosen == NULL) {
        return POSTGRES_DIAL_FAILED;
    }
    postgres->connection = dial->chosen;
    postgres->outdated_ms = postgres_now_ms() + OUTDATED_MS;
    dial->chosen = NULL;
    if (session_begin(dial, postgres, &error)) {
        return POSTGRES_DIAL_WAIT;
    }
    merge_errors(&dial->merged, &error);
    postgres_close(postgres);
    return POSTGRES_DIAL_FAILED;
}

bool postgres_dial_begin(struct postgres_dial *dial, struct postgres *postgres,
                         const struct config *config, enum postgres_use use, const char *name,
                         struct error *error)
{
    ENSURE(namespace_valid(config->namespace.value));
    *postgres = (struct postgres){0};
    *dial = (struct postgres_dial){.config = config, .use = use};
    /* The server cuts it at 63 as well. */
    (void)snprintf(dial->label, sizeof dial->label, "till %s", name);
    if (!postgres_settings_read(&dial->settings, &config->database_url, error)) {
        dial_end(dial);
        return false;
    }
    if (!next_host(dial, postgres)) {
        *error = dial->merged;
        dial_end(dial);
        return false;
    }
    return true;
}

enum postgres_dial_answer postgres_dial_step(struct postgres_dial *dial, struct postgres *postgres,
                                             struct error *error)
{
    ENSURE(dial->phase != POSTGRES_DIAL_IDLE);
    struct error one = {0};
    enum postgres_dial_answer answer = host_step(dial, postgres, &one);
    if (answer == POSTGRES_DIAL_FAILED) {
        merge_errors(&dial->merged, &one);
        answer = go_on(dial, postgres);
    } else if (answer == POSTGRES_DIAL_DONE && dial->phase == POSTGRES_DIAL_ASKING) {
        offer(dial, postgres);
        answer = go_on(dial, postgres);
    }
    if (answer == POSTGRES_DIAL_FAILED) {
        *error = dial->merged;
    }
    if (answer != POSTGRES_DIAL_WAIT) {
        dial_end(dial);
    }
    return answer;
}

void postgres_dial_abandon(struct postgres_dial *dial, struct postgres *postgres)
{
    if (dial->phase != POSTGRES_DIAL_IDLE) {
        postgres_close(postgres);
        dial_end(dial);
    }
}
