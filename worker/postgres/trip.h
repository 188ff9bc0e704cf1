/* SPDX-License-Identifier: Apache-2.0
 *
 * One round trip: statements sent in a pipeline without waiting, their results taken as they come.
 * What is sent after one that fails is skipped by the server, up to the end of the trip. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/connect/postgres.h"
#include "worker/lane/ports.h"
#include "worker/postgres/parameters.h"
#include "worker/postgres/statement.h"

/* A batch whose decisions have to be sent in more pieces than this is too large. */
#define TRIP_STEPS_MAX 256u

/* For one round trip, a COMMIT included; then the server is given up. */
#define TRIP_DEADLINE_MS 10000

/* Takes a result; false fails the trip. */
typedef bool trip_take(void *self, const PGresult *result, struct error *error);

struct trip_step {
    enum statement statement;
    trip_take *take; /* NULL: that it did not fail is enough */
};

/* Between begin and the answer that is not PORT_WAIT it is under way. */
struct trip {
    struct postgres *postgres; /* in pipeline mode */
    struct trip_step steps[TRIP_STEPS_MAX];
    uint32_t sent;
    uint32_t taken;
    bool under_way;
    bool unsent; /* the socket has not taken all of it yet */
    bool failed;
    bool lost;          /* with the connection: what was sent may or may not be done */
    bool refused;       /* the failure is the server's own word */
    uint32_t failed_at; /* if refused: by which step */
    struct error error; /* if failed: the first */
    int64_t began_ms;   /* of postgres_now_ms() */
};

void trip_begin(struct trip *trip, struct postgres *postgres);

/* These send; a failure to do so is answered by trip_step. */
void trip_prepare(struct trip *trip); /* all statements, and the session's settings */
void trip_send(struct trip *trip, enum statement statement, const struct parameters *parameters,
               trip_take *take);
void trip_end(struct trip *trip);

/* The trip fails, whatever its statements do: what was to be sent cannot be. */
void trip_refuse(struct trip *trip, enum error_kind kind, const char *why);

/* self is handed to whoever takes. After PORT_DONE all has been taken; after PORT_FAILED either the
 * server has done nothing of what followed the failure, or the connection is closed. */
enum port_answer trip_step(struct trip *trip, void *self, struct error *error);

/* How long it has been waiting. */
int64_t trip_age_ms(const struct trip *trip);
