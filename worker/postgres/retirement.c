/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds generations that are to go, and records how far they are. */
#include "worker/postgres/retirement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/connect/postgres.h"

#define LEASE "interval '2 s'"

/* The one that was seen to least lately comes first, so that none waits for another. */
static const char find[] =
    "WITH ages AS ("
    " SELECT generation, clock_timestamp() - max(saved_at) AS quiet, bool_and(drained) AS drained"
    " FROM lanes GROUP BY generation),"
    " next AS ("
    " SELECT g.generation FROM generations AS g JOIN ages AS a USING (generation)"
    " WHERE (g.driver IS NULL OR g.driver = $1 OR g.driver_seen_at IS NULL"
    "   OR g.driver_seen_at < clock_timestamp() - " LEASE ")"
    "  AND ((g.state = 'retired' AND g.removed_at IS NULL)"
    "   OR (g.state = 'draining' AND a.drained AND (a.quiet > interval '1 h'"
    "    OR (a.quiet > interval '1 s' AND EXISTS ("
    "     SELECT FROM generations WHERE state = 'coming' AND step = 'retire')))))"
    " ORDER BY g.driver_seen_at NULLS FIRST, g.generation LIMIT 1)"
    " UPDATE generations AS g SET driver = $1, driver_seen_at = clock_timestamp()"
    " FROM next WHERE g.generation = next.generation RETURNING g.generation, g.lanes, g.state";

/* Whoever has a batch of the generation in hand holds its lane's row, and is waited for; whoever
 * comes later finds another epoch. */
static const char retire[] =
    "WITH gone AS ("
    " UPDATE generations SET state = 'retired' WHERE generation = $1::integer"
    "  AND state = 'draining' RETURNING generation)"
    " UPDATE lanes AS l SET epoch = epoch + 1 FROM gone WHERE l.generation = gone.generation";

static const char revive[] = "UPDATE generations SET state = 'draining', driver = NULL,"
                             " driver_seen_at = NULL WHERE generation = $1::integer"
                             " AND state = 'retired' AND removed_at IS NULL";

static const char goes_on[] =
    "UPDATE generations SET driver_seen_at = clock_timestamp() WHERE generation = $1::integer"
    " AND state = 'retired' AND driver = $2 RETURNING 1";

static const char forget[] = "UPDATE generations SET removed_at = clock_timestamp(), driver = NULL,"
                             " driver_seen_at = NULL WHERE generation = $1::integer"
                             " AND state = 'retired'";

static bool change_one(struct postgres *postgres, const char *sql, uint32_t generation,
                       struct error *error)
{
    char number[sizeof "4294967295"];
    const char *const parameters[] = {number};
    (void)snprintf(number, sizeof number, "%" PRIu32, generation);
    return postgres_execute(postgres, sql, 1, parameters, error);
}

bool retirement_find(struct postgres *postgres, const char *driver, struct retirement *retirement,
                     struct error *error)
{
    const char *const parameters[] = {driver};
    PGresult *result;
    if (!postgres_query(postgres, find, 1, parameters, &result, error)) {
        return false;
    }
    *retirement = (struct retirement){.generation = 0};
    if (PQntuples(result) == 1) {
        const bool draining = strcmp(PQgetvalue(result, 0, 2), "draining") == 0;
        *retirement = (struct retirement){
            .generation = (uint32_t)strtoul(PQgetvalue(result, 0, 0), NULL, 10),
            .lanes = (uint32_t)strtoul(PQgetvalue(result, 0, 1), NULL, 10),
            .state = draining ? RETIREMENT_DRAINING : RETIREMENT_RETIRED,
        };
    }
    PQclear(result);
    return true;
}

bool retirement_retire(struct postgres *postgres, uint32_t generation, struct error *error)
{
    return change_one(postgres, retire, generation, error);
}

bool retirement_revive(struct postgres *postgres, uint32_t generation, struct error *error)
{
    return change_one(postgres, revive, generation, error);
}

bool retirement_goes_on(struct postgres *postgres, const char *driver, uint32_t generation,
                        bool *on, struct error *error)
{
    char number[sizeof "4294967295"];
    const char *const parameters[] = {number, driver};
    PGresult *result;
    (void)snprintf(number, sizeof number, "%" PRIu32, generation);
    if (!postgres_query(postgres, goes_on, 2, parameters, &result, error)) {
        return false;
    }
    *on = PQntuples(result) == 1;
    PQclear(result);
    return true;
}

bool retirement_record(struct postgres *postgres, uint32_t generation, struct error *error)
{
    return change_one(postgres, forget, generation, error);
}
