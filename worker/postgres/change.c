/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads and records where a change stands. Every statement compares before it sets, so two drivers
 * do no harm. */
#include "worker/postgres/change.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/connect/postgres.h"

/* As CHANGE_LEASE_MS has it. */
#define LEASE "interval '2 s'"

/* A worker announces itself more often than that. */
#define WORKER_SEEN "interval '10 s'"

/* The unique index on the coming state decides between two that begin at once. */
static const char begin[] =
    "WITH made AS ("
    " INSERT INTO generations (generation, lanes, state, step, step_since, driver, driver_seen_at)"
    " SELECT max(generation) + 1, $1::integer, 'coming', 'retire', clock_timestamp(), $2,"
    "  clock_timestamp() FROM generations"
    " HAVING count(*) FILTER (WHERE state = 'current' AND lanes <> $1::integer) = 1"
    "  AND count(*) FILTER (WHERE state = 'coming') = 0"
    " ON CONFLICT DO NOTHING RETURNING generation, lanes)"
    " INSERT INTO lanes (generation, lane)"
    " SELECT generation, generate_series(0, lanes - 1) FROM made";

static const char take_lease[] =
    "UPDATE generations SET driver = $1, driver_seen_at = clock_timestamp()"
    " WHERE state = 'coming' AND (driver IS NULL OR driver = $1"
    "  OR driver_seen_at < clock_timestamp() - " LEASE ")";

/* After a failover the clock may be behind the step's beginning: then no time has passed yet. */
static const char look[] =
    "SELECT c.generation, c.lanes, s.generation, s.lanes,"
    " (SELECT count(*) FROM lanes AS l WHERE l.generation = s.generation AND l.drained),"
    " (SELECT sum(decided) FROM lanes AS l WHERE l.generation = s.generation),"
    " (SELECT count(*) FROM generations AS o WHERE o.state = 'draining'),"
    " greatest(0, floor(extract(epoch FROM clock_timestamp() - c.step_since) * 1000)), c.step,"
    " coalesce(c.driver, ''), c.driver_seen_at >= clock_timestamp() - " LEASE
    " FROM generations AS c, generations AS s WHERE c.state = 'coming' AND s.state = 'current'";

enum look_column {
    LOOK_GENERATION,
    LOOK_LANES,
    LOOK_SOURCE,
    LOOK_SOURCE_LANES,
    LOOK_DRAINED,
    LOOK_DECIDED,
    LOOK_OLDER,
    LOOK_STEP_MS,
    LOOK_STEP,
    LOOK_DRIVER,
    LOOK_ALIVE,
};

static const char record[] = "UPDATE generations SET step = $3, step_since = clock_timestamp()"
                             " WHERE generation = $1::integer AND state = 'coming' AND step = $2";

static const char end_source[] =
    "UPDATE generations SET state = 'draining' WHERE generation = $1::integer"
    " AND state = 'current'"
    " AND EXISTS (SELECT FROM generations WHERE generation = $2::integer AND state = 'coming'"
    "  AND step = 'drain')"
    " AND NOT EXISTS (SELECT FROM lanes WHERE generation = $1::integer AND NOT drained)";

/* The last step's end stays recorded: for some seconds nobody needs to serve the new lanes yet. */
static const char begin_coming[] =
    "UPDATE generations SET state = 'current', step = NULL, step_since = clock_timestamp(),"
    " driver = NULL, driver_seen_at = NULL WHERE generation = $1::integer AND state = 'coming'"
    " AND NOT EXISTS (SELECT FROM generations WHERE state = 'current')";

/* After unbind has become the step, only the coming one is led to. */
static const char leads_to[] =
    "SELECT EXISTS (SELECT FROM generations WHERE generation = $1::integer AND (state = 'coming'"
    " OR (state = 'current' AND NOT EXISTS (SELECT FROM generations WHERE state = 'coming'"
    "  AND step IN ('unbind', 'mark', 'drain')))))";

static uint64_t number_at(const PGresult *result, int row, int column)
{
    return strtoull(PQgetvalue(result, row, column), NULL, 10);
}

static bool true_at(const PGresult *result, int column)
{
    return strcmp(PQgetvalue(result, 0, column), "t") == 0;
}

struct number {
    char text[sizeof "4294967295"];
};

static struct number number_of(uint32_t value)
{
    struct number number;
    (void)snprintf(number.text, sizeof number.text, "%" PRIu32, value);
    return number;
}

static bool read_row(const PGresult *result, struct lanes_change *change,
                     struct change_lease *lease, struct error *error)
{
    const char *step = PQgetvalue(result, 0, LOOK_STEP);
    *change = (struct lanes_change){
        .generation = (uint32_t)number_at(result, 0, LOOK_GENERATION),
        .lanes = (uint32_t)number_at(result, 0, LOOK_LANES),
        .source = (uint32_t)number_at(result, 0, LOOK_SOURCE),
        .source_lanes = (uint32_t)number_at(result, 0, LOOK_SOURCE_LANES),
        .drained = (uint32_t)number_at(result, 0, LOOK_DRAINED),
        .decided = number_at(result, 0, LOOK_DECIDED),
        .older = (uint32_t)number_at(result, 0, LOOK_OLDER),
        .step_ms = number_at(result, 0, LOOK_STEP_MS),
    };
    (void)snprintf(lease->driver, sizeof lease->driver, "%s", PQgetvalue(result, 0, LOOK_DRIVER));
    lease->alive = true_at(result, LOOK_ALIVE);
    return change_step_find(step, &change->step) ||
           error_set(error, ERROR_FATAL, "a change has no step \"%s\"", step);
}

bool change_begin(struct postgres *postgres, uint32_t lanes, const char *driver,
                  struct error *error)
{
    const struct number number = number_of(lanes);
    const char *const parameters[] = {number.text, driver};
    return postgres_execute(postgres, begin, 2, parameters, error);
}

bool change_read(struct postgres *postgres, struct lanes_change *change, struct change_lease *lease,
                 struct error *error)
{
    PGresult *result;
    bool read = true;
    if (!postgres_query(postgres, look, 0, NULL, &result, error)) {
        return false;
    }
    *change = (struct lanes_change){.generation = 0};
    *lease = (struct change_lease){.alive = false};
    if (PQntuples(result) == 1) {
        read = read_row(result, change, lease, error);
    }
    PQclear(result);
    return read;
}

bool change_take(struct postgres *postgres, const char *driver, struct lanes_change *change,
                 struct error *error)
{
    const char *const parameters[] = {driver};
    struct change_lease lease;
    if (!change_read(postgres, change, &lease, error)) {
        return false;
    }
    if (change->generation == 0 || (lease.alive && strcmp(lease.driver, driver) != 0)) {
        return true;
    }
    if (!postgres_execute(postgres, take_lease, 1, parameters, error) ||
        !change_read(postgres, change, &lease, error)) {
        return false;
    }
    change->ours = strcmp(lease.driver, driver) == 0;
    return true;
}

bool change_record(struct postgres *postgres, const struct lanes_change *change,
                   enum change_step next, struct error *error)
{
    const struct number generation = number_of(change->generation);
    const char *const parameters[] = {generation.text, change_step_name(change->step),
                                      change_step_name(next)};
    return postgres_execute(postgres, record, 3, parameters, error);
}

bool change_finish(struct postgres *postgres, const struct lanes_change *change,
                   struct error *error)
{
    const struct number source = number_of(change->source);
    const struct number coming = number_of(change->generation);
    const char *const both[] = {source.text, coming.text};
    if (postgres_run(postgres, "BEGIN", error) &&
        postgres_execute(postgres, end_source, 2, both, error) &&
        postgres_execute(postgres, begin_coming, 1, both + 1, error) &&
        postgres_commit(postgres, error)) {
        return true;
    }
    postgres_rollback(postgres);
    return false;
}

bool change_leads_to(struct postgres *postgres, uint32_t generation, bool *leads,
                     struct error *error)
{
    const struct number number = number_of(generation);
    const char *const parameters[] = {number.text};
    PGresult *result;
    if (!postgres_query(postgres, leads_to, 1, parameters, &result, error)) {
        return false;
    }
    *leads = true_at(result, 0);
    PQclear(result);
    return true;
}

bool change_older(struct postgres *postgres, uint32_t generation, uint32_t older[GENERATIONS_MAX],
                  uint32_t *count, struct error *error)
{
    const struct number number = number_of(generation);
    const struct number most = number_of(GENERATIONS_MAX);
    const char *const parameters[] = {number.text, most.text};
    PGresult *result;
    if (!postgres_query(postgres,
                        "SELECT generation FROM generations WHERE generation < $1::integer"
                        " AND removed_at IS NULL ORDER BY 1 DESC LIMIT $2::integer",
                        2, parameters, &result, error)) {
        return false;
    }
    *count = (uint32_t)PQntuples(result);
    for (uint32_t i = 0; i < *count; i++) {
        older[i] = (uint32_t)number_at(result, (int)i, 0);
    }
    PQclear(result);
    return true;
}

bool change_rates(struct postgres *postgres, uint32_t generation, uint32_t lanes, double *rates,
                  struct error *error)
{
    const struct number number = number_of(generation);
    const char *const parameters[] = {number.text};
    PGresult *result;
    if (!postgres_query(postgres,
                        "SELECT lane, sum(jobs_per_second) FROM servings"
                        " WHERE generation = $1::integer GROUP BY lane",
                        1, parameters, &result, error)) {
        return false;
    }
    for (uint32_t lane = 0; lane < lanes; lane++) {
        rates[lane] = 0;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        const uint64_t lane = number_at(result, row, 0);
        if (lane < lanes) {
            rates[lane] = strtod(PQgetvalue(result, row, 1), NULL);
        }
    }
    PQclear(result);
    return true;
}

bool change_workers(struct postgres *postgres, uint32_t *workers, struct error *error)
{
    PGresult *result;
    if (!postgres_query(postgres,
                        "SELECT count(*) FROM workers"
                        " WHERE seen_at >= clock_timestamp() - " WORKER_SEEN,
                        0, NULL, &result, error)) {
        return false;
    }
    *workers = (uint32_t)number_at(result, 0, 0);
    PQclear(result);
    return true;
}
