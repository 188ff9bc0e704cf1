/* SPDX-License-Identifier: Apache-2.0
 *
 * Elects the sweeper, and reads the index of holds by their end. */
#include "worker/postgres/overdue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char elect[] = "SELECT 1 WHERE pg_catalog.pg_try_advisory_xact_lock("
                            "pg_catalog.hashtextextended('till sweeper ' || $1::text, 0))";

/* The clock is read once, in a query of its own: compared to a function that may change from row to
 * row, no index would be used. The transaction is old, so now() would be too. */
static const char look[] = "SELECT id, expires_at, slot FROM holds WHERE state = 0"
                           " AND expires_at <= (SELECT pg_catalog.clock_timestamp())"
                           " AND (expires_at, id) > ($1::timestamptz, $2::text)"
                           " ORDER BY expires_at, id LIMIT $3::integer";

bool overdue_elect(struct postgres *postgres, const char *namespace, bool *elected,
                   struct error *error)
{
    const char *const parameters[] = {namespace};
    PGresult *result;
    if (!postgres_execute(postgres, "BEGIN ISOLATION LEVEL READ COMMITTED", 0, NULL, error) ||
        !postgres_query(postgres, elect, 1, parameters, &result, error)) {
        return error_wrap(error, "elect a sweeper");
    }
    *elected = PQntuples(result) == 1;
    PQclear(result);
    if (!*elected) {
        postgres_rollback(postgres);
    }
    return true;
}

static void read_row(const PGresult *result, int row, struct overdue *overdue)
{
    (void)snprintf(overdue->id, sizeof overdue->id, "%s", PQgetvalue(result, row, 0));
    (void)snprintf(overdue->end, sizeof overdue->end, "%s", PQgetvalue(result, row, 1));
    overdue->slot = (uint32_t)strtoul(PQgetvalue(result, row, 2), NULL, 10);
}

bool overdue_look(struct postgres *postgres, const struct overdue *after, uint32_t count_max,
                  struct overdue *overdue, uint32_t *count, struct error *error)
{
    char limit[sizeof "4294967295"];
    const char *const parameters[] = {after == NULL ? "-infinity" : after->end,
                                      after == NULL ? "" : after->id, limit};
    PGresult *result;
    (void)snprintf(limit, sizeof limit, "%u", count_max);
    if (!postgres_query(postgres, look, 3, parameters, &result, error)) {
        return error_wrap(error, "look for holds past their end");
    }
    *count = (uint32_t)PQntuples(result);
    ENSURE(*count <= count_max);
    for (uint32_t i = 0; i < *count; i++) {
        read_row(result, (int)i, &overdue[i]);
    }
    PQclear(result);
    return true;
}
