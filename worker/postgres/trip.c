/* SPDX-License-Identifier: Apache-2.0
 *
 * libpq's pipeline mode, without waiting: reads while it sends, or both sides would block. */
#include "worker/postgres/trip.h"

#include <string.h>

#include "common/connect/postgres_wait.h"

static void fail(struct trip *trip, const struct error *error)
{
    if (!trip->failed) {
        trip->failed = true;
        trip->error = *error;
    }
}

/* The connection is gone, or must not be used any more. */
static void lose(struct trip *trip, const struct error *error)
{
    trip->lost = true;
    fail(trip, error);
    if (trip->postgres->connection != NULL) {
        postgres_drop(trip->postgres);
    }
}

static void broke(struct trip *trip)
{
    struct error error = {0};
    (void)postgres_lost(trip->postgres, &error); /* false */
    lose(trip, &error);
}

void trip_begin(struct trip *trip, struct postgres *postgres)
{
    ENSURE(!trip->under_way);
    trip->postgres = postgres;
    trip->sent = 0;
    trip->taken = 0;
    trip->under_way = true;
    trip->failed = false;
    trip->lost = false;
    trip->refused = false;
    trip->began_ms = postgres_now_ms();
}

static void expect(struct trip *trip, enum statement statement, trip_take *take)
{
    trip->steps[trip->sent++] = (struct trip_step){statement, take};
}

void trip_prepare(struct trip *trip)
{
    PGconn *connection = trip->postgres->connection;
    if (PQsendQueryParams(connection, statement_settings, 0, NULL, NULL, NULL, NULL, 0) != 1) {
        broke(trip);
        return;
    }
    expect(trip, STATEMENT_BEGIN, NULL);
    for (uint32_t i = 0; i < STATEMENT_COUNT; i++) {
        const enum statement statement = (enum statement)i;
        if (PQsendPrepare(connection, statement_name(statement), statement_sql(statement), 0,
                          NULL) != 1) {
            broke(trip);
            return;
        }
        expect(trip, statement, NULL);
    }
}

void trip_send(struct trip *trip, enum statement statement, const struct parameters *parameters,
               trip_take *take)
{
    const char *values[PARAMETERS_MAX];
    int formats[PARAMETERS_MAX];
    if (trip->failed) {
        return;
    }
    if (parameters->full || trip->sent == TRIP_STEPS_MAX) {
        trip_refuse(trip, ERROR_JOB, "does not fit into memory");
        return;
    }
    for (int i = 0; i < parameters->count; i++) {
        values[i] = parameters->sizes[i] < 0 ? NULL : parameters->memory + parameters->begins[i];
        formats[i] = 1;
    }
    if (PQsendQueryPrepared(trip->postgres->connection, statement_name(statement),
                            parameters->count, values, parameters->sizes, formats, 1) != 1) {
        broke(trip);
        return;
    }
    expect(trip, statement, take);
}

void trip_end(struct trip *trip)
{
    if (!trip->lost && PQpipelineSync(trip->postgres->connection) != 1) {
        broke(trip);
    }
}

void trip_refuse(struct trip *trip, enum error_kind kind, const char *why)
{
    struct error error = {0};
    error_set(&error, kind, "%s", why);
    fail(trip, &error);
}

int64_t trip_age_ms(const struct trip *trip)
{
    return postgres_now_ms() - trip->began_ms;
}

/* Two of a name are not a fault of the job's: a decision that has been made meanwhile is found when
 * the batch is loaded again, and a number that is there already no batch can mend. */
static void judge_constraint(const PGresult *result, struct error *error)
{
    const char *constraint = or_empty(PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME));
    if (strcmp(constraint, "decision_once") == 0) {
        error->kind = ERROR_RETRY;
    } else if (strcmp(constraint, "decision_cursor") == 0) {
        error->kind = ERROR_FATAL;
    }
}

/* A server may go when it has answered them all. */
static const char *name_in_turn(const struct trip *trip)
{
    return trip->taken < trip->sent ? statement_name(trip->steps[trip->taken].statement)
                                    : "end of a transaction";
}

static void refused(struct trip *trip, const PGresult *result)
{
    const char *severity = or_empty(PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED));
    struct error error = {0};
    (void)postgres_refused(trip->postgres, result, &error); /* false */
    judge_constraint(result, &error);
    (void)error_wrap(&error, "%s", name_in_turn(trip)); /* false */
    if (!trip->failed && trip->postgres->sqlstate[0] != '\0') {
        trip->refused = true;
        trip->failed_at = trip->taken;
    }
    fail(trip, &error);
    /* A server that has become read-only will stay so; another one is asked. */
    if (severity[0] == '\0' || strcmp(severity, "ERROR") != 0 ||
        postgres_failed_with(trip->postgres, "25006")) {
        lose(trip, &error);
    }
}

static void take(struct trip *trip, void *self, const PGresult *result)
{
    const struct trip_step *step = &trip->steps[trip->taken];
    struct error error = {0};
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_ABORTED) {
        ENSURE(trip->failed);
    } else if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        refused(trip, result);
    } else if (!trip->failed && step->take != NULL && !step->take(self, result, &error)) {
        (void)error_wrap(&error, "%s", statement_name(step->statement)); /* false */
        fail(trip, &error);
    }
    trip->taken++;
}

/* Takes what is there. True: all of the trip. */
static bool take_results(struct trip *trip, void *self)
{
    bool between = false; /* a statement's results end in a NULL */
    while (!trip->lost && !PQisBusy(trip->postgres->connection)) {
        PGresult *result = PQgetResult(trip->postgres->connection);
        if (result == NULL) {
            if (between) { /* nothing is under way any more: the connection has gone */
                broke(trip);
            }
            between = true;
            continue;
        }
        between = false;
        const bool end = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        if (!end && trip->taken < trip->sent) {
            take(trip, self, result);
        } else if (!end) {
            refused(trip, result);
        }
        PQclear(result);
        if (end) {
            return true;
        }
    }
    return false;
}

/* Reads, and sends what is left. */
static void exchange(struct trip *trip)
{
    PGconn *connection = trip->postgres->connection;
    const int unsent = PQconsumeInput(connection) == 1 ? PQflush(connection) : -1;
    if (unsent == -1) {
        broke(trip);
    }
    trip->unsent = unsent == 1;
}

enum port_answer trip_step(struct trip *trip, void *self, struct error *error)
{
    ENSURE(trip->under_way);
    if (!trip->lost) {
        exchange(trip);
    }
    const bool all = take_results(trip, self);
    if (!all && !trip->lost && trip_age_ms(trip) >= TRIP_DEADLINE_MS) {
        struct error late = {0};
        (void)postgres_no_answer(trip->postgres, TRIP_DEADLINE_MS, &late); /* false */
        lose(trip, &late);
    }
    if (!all && !trip->lost) {
        return PORT_WAIT;
    }
    trip->under_way = false;
    if (!trip->failed) {
        return PORT_DONE;
    }
    *error = trip->error;
    return PORT_FAILED;
}
