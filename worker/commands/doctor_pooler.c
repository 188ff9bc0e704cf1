/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether till doctor speaks to PostgreSQL itself, or through a pooler.
 *
 * A pooler hands out a number of its own for cancelling, not the server's. In transaction mode it
 * gives the session to somebody else in between, and prepared statements and settings with it; in
 * session mode it is only one more thing that can fail. */
#include "worker/commands/doctor_parts.h"

#include <stdlib.h>

#include "common/connect/postgres.h"

#define POOLER_TRIES 3

/* The number of the server's process behind a connection. */
static bool ask_backend(struct postgres *postgres, long *backend, struct error *error)
{
    PGresult *result;
    if (!postgres_query(postgres, "SELECT pg_backend_pid()", 0, NULL, &result, error)) {
        return false;
    }
    *backend = strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return true;
}

/* While the other is in a transaction, are we still with the backend that we had? A pooler in
 * transaction mode has given it to the other, or gives us another. One that hands backends out in
 * turn may need a second try. */
static bool ask_shared(struct postgres *postgres, struct postgres *other, long before, bool *shared,
                       struct error *error)
{
    *shared = false;
    for (int try = 0; try < POOLER_TRIES && !*shared; try++) {
        long theirs = 0;
        long ours = 0;
        if (!postgres_execute(other, "BEGIN", 0, NULL, error) ||
            !ask_backend(other, &theirs, error) || !ask_backend(postgres, &ours, error) ||
            !postgres_commit(other, error)) {
            return false;
        }
        *shared = theirs == before || ours != before;
    }
    return true;
}

static bool ask_pooler(const struct config *config, struct postgres *postgres, long backend,
                       bool *shared, struct error *error)
{
    struct postgres other;
    if (!postgres_open(&other, config, POSTGRES_COMMAND, "doctor", error)) {
        return false;
    }
    const bool known = ask_shared(postgres, &other, backend, shared, error);
    postgres_close(&other);
    return known;
}

void doctor_pooler(const struct config *config, struct findings *findings,
                   struct postgres *postgres)
{
    struct error error = {0};
    long backend = 0;
    bool shared = false;
    if (!ask_backend(postgres, &backend, &error)) {
        findings_fault(findings, "database pooler", &error);
        return;
    }
    if (backend == PQbackendPID(postgres->connection)) {
        findings_ok(findings, "database pooler", "none in the way");
        return;
    }
    if (!ask_pooler(config, postgres, backend, &shared, &error)) {
        findings_fault(findings, "database pooler", &error);
        return;
    }
    if (!shared) {
        findings_ok(findings, "database pooler",
                    "one in session mode, which works; a direct connection would be simpler");
        return;
    }
    error_set(&error, ERROR_CONFIG,
              "a pooler in transaction mode stands between us and the server");
    error_advise(&error,
                 "Connect to PostgreSQL directly: a worker needs its sessions for itself, and "
                 "only one for each lane.");
    findings_fault(findings, "database pooler", &error);
}
