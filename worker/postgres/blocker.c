/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks at who blocks us, over a connection of its own. */
#include "worker/postgres/blocker.h"

#include <stdio.h>

#include "common/connect/postgres_wait.h"

static const int64_t wait_ms = 2000; /* before we look */
static const int64_t again_ms = 1000;

/* A pipeline's backend that waits for its client counts as active; state_change is when its last
 * message came, or when it began to be idle. */
static const char end_idle_blockers[] =
    "SELECT pg_catalog.pg_terminate_backend(a.pid)"
    " FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::integer)) AS b (pid)"
    " JOIN pg_catalog.pg_stat_activity AS a ON a.pid = b.pid"
    " WHERE a.usename = current_user AND a.wait_event_type = 'Client'"
    " AND a.wait_event = 'ClientRead'"
    " AND a.state_change < pg_catalog.clock_timestamp() - interval '1 second'";

void blocker_stop(struct blocker *blocker)
{
    postgres_dial_abandon(&blocker->dial, &blocker->postgres);
    if (blocker->postgres.connection != NULL) {
        postgres_drop(&blocker->postgres);
    }
    blocker->phase = BLOCKER_IDLE;
    blocker->next_ms = 0;
}

/* This look is over; the next one may begin after a while. */
static void rest(struct blocker *blocker)
{
    blocker_stop(blocker);
    blocker->next_ms = postgres_now_ms() + again_ms;
}

static void begin(struct blocker *blocker, const struct config *config)
{
    struct error ignored = {0};
    if (postgres_now_ms() < blocker->next_ms) {
        return;
    }
    if (postgres_dial_begin(&blocker->dial, &blocker->postgres, config, POSTGRES_LANE,
                            "looks who blocks", &ignored)) {
        blocker->phase = BLOCKER_DIALING;
    } else {
        rest(blocker);
    }
}

static void dial(struct blocker *blocker, int backend)
{
    struct error ignored = {0};
    char text[sizeof "-2147483648"];
    const char *const parameters[] = {text};
    const enum postgres_dial_answer answer =
        postgres_dial_step(&blocker->dial, &blocker->postgres, &ignored);
    if (answer == POSTGRES_DIAL_WAIT) {
        return;
    }
    (void)snprintf(text, sizeof text, "%d", backend); /* fits: a number */
    if (answer == POSTGRES_DIAL_DONE &&
        PQsendQueryParams(blocker->postgres.connection, end_idle_blockers, 1, NULL, parameters,
                          NULL, NULL, 0) == 1) {
        blocker->phase = BLOCKER_ASKING;
    } else {
        rest(blocker);
    }
}

static void ask(struct blocker *blocker)
{
    PGconn *connection = blocker->postgres.connection;
    if (PQconsumeInput(connection) != 1 || PQflush(connection) == -1) {
        rest(blocker);
        return;
    }
    if (PQisBusy(connection)) {
        return;
    }
    PGresult *result = PQgetResult(connection); /* whether anybody was ended shows by itself */
    PQclear(result);
    rest(blocker);
}

void blocker_step(struct blocker *blocker, const struct config *config, int backend, int64_t age_ms)
{
    if (age_ms < wait_ms) {
        return;
    }
    switch (blocker->phase) {
    case BLOCKER_IDLE:
        begin(blocker, config);
        return;
    case BLOCKER_DIALING:
        dial(blocker, backend);
        return;
    case BLOCKER_ASKING:
        ask(blocker);
        return;
    }
}

bool blocker_interest(const struct blocker *blocker, struct pollfd *poll)
{
    if (blocker->phase == BLOCKER_IDLE) {
        return false;
    }
    *poll = (struct pollfd){.fd = PQsocket(blocker->postgres.connection),
                            .events =
                                blocker->phase == BLOCKER_DIALING ? blocker->dial.events : POLLIN};
    return true;
}
