/* SPDX-License-Identifier: Apache-2.0
 *
 * Waits for a socket with a deadline; ends connections that failed. */
#include "common/connect/postgres_wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/text.h"

int64_t postgres_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool postgres_wait(int socket, short events, int64_t deadline)
{
    for (;;) {
        const int64_t left = deadline - postgres_now_ms();
        struct pollfd descriptor = {.fd = socket, .events = events};
        const int ready = left <= 0 ? 0 : poll(&descriptor, 1, (int)left);
        if (ready != -1 || errno != EINTR) {
            return ready > 0;
        }
    }
}

bool postgres_complain(struct postgres *postgres, const char *sqlstate, const char *text,
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

bool postgres_refused(struct postgres *postgres, const PGresult *result, struct error *error)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    char memory[POSTGRES_LINE_MAX];
    struct text line;

    postgres->position = 0;
    for (const char *digit = or_empty(position); *digit >= '0' && *digit <= '9'; digit++) {
        postgres->position = postgres->position * 10 + (unsigned)(*digit - '0');
    }
    text_init(&line, memory, sizeof memory);
    if (sqlstate == NULL || primary == NULL) { /* libpq made it: the connection is lost */
        text_put_bytes(&line, PQresultErrorMessage(result),
                       strcspn(PQresultErrorMessage(result), "\n"));
        return postgres_complain(postgres, "", line.bytes, error);
    }
    text_put(&line, primary);
    if (detail != NULL) {
        text_put(&line, ": ");
        text_put(&line, detail);
    }
    return postgres_complain(postgres, sqlstate, line.bytes, error);
}

void postgres_drop(struct postgres *postgres)
{
    const int socket = PQsocket(postgres->connection);
    if (socket != -1) {
        (void)shutdown(socket, SHUT_RDWR); /* nothing is sent any more; it may be shut already */
    }
    PQfinish(postgres->connection);
    postgres->connection = NULL;
}

bool postgres_no_answer(struct postgres *postgres, int after_ms, struct error *error)
{
    char text[64];
    (void)snprintf(text, sizeof text, "no answer within %d.%d s", after_ms / 1000,
                   after_ms % 1000 / 100); /* fits: two numbers */
    postgres_complain(postgres, "", text, error);
    postgres_drop(postgres);
    return false;
}

/* The connection broke, or libpq could not begin. */
bool postgres_lost(struct postgres *postgres, struct error *error)
{
    char memory[POSTGRES_LINE_MAX];
    char sqlstate[SQLSTATE_SIZE + 1];
    struct text line;
    text_init(&line, memory, sizeof memory);
    postgres_error_pick(PQerrorMessage(postgres->connection), sqlstate, &line);
    if (line.size == 0) {
        text_put(&line, "the connection is closed");
    }
    postgres_complain(postgres, sqlstate, line.bytes, error);
    postgres_drop(postgres);
    return false;
}
