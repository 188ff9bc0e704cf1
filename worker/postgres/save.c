/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that a batch writes, and the COMMIT, in one round trip. What must not happen has to
 * fail in the database: when its answer is here, the COMMIT is there already. */
#include <string.h>

#include "worker/postgres/database_parts.h"
#include "worker/postgres/save_change.h"
#include "worker/postgres/save_decision.h"

/* Of a server that does not wait for its standby as it should, the COMMIT comes with a warning. */
static bool take_commit(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    if (strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "COMMIT") != 0) {
        return error_set(error, ERROR_UNKNOWN, "the server answers \"%s\"",
                         PQcmdStatus((PGresult *)(uintptr_t)result));
    }
    if (database->postgres.warnings != database->warnings) {
        return error_set(error, ERROR_UNKNOWN, "no standby has confirmed it");
    }
    database->committed = true;
    return true;
}

static void count_decided(struct postgres_database *database, uint32_t decisions)
{
    struct parameters parameters = database_parameters(database);
    parameter_int4(&parameters, (int32_t)database->generation);
    parameter_int2(&parameters, (int16_t)database->lane);
    parameter_int8(&parameters, decisions);
    trip_send(&database->trip, STATEMENT_COUNT_DECIDED, &parameters, NULL);
}

/* Commits also when nothing is written: the lane's lock has to be in the log before a decision that
 * was found is told of, or a standby that takes over might not know it. */
void save_batch(struct postgres_database *database, const struct record *record)
{
    const uint32_t decisions = save_decisions(database, record);
    database->warnings = database->postgres.warnings;
    if (decisions > 0) {
        save_stock(database, record->state);
        save_holds(database, record->state);
        save_returns(database, record->state);
        save_tallies(database, record->state);
    }
    if (record->marker) {
        database_send_lane(database, STATEMENT_DRAINED, NULL);
    } else {
        count_decided(database, decisions);
    }
    send_forget_lonely(database, record);
    database_send(database, STATEMENT_COMMIT, take_commit);
}
