/* SPDX-License-Identifier: Apache-2.0
 *
 * Forgets by keys: refusals along each lane's n, holds along their ids. Each step looks at so many
 * rows, deletes what may go of them, and, in the same statement, records how many of a lane's n are
 * gone, so that the audit never finds a gap that nobody made. */
#include "worker/postgres/prune.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/connect/postgres.h"

#define STEP_ROWS "5000"

/* $1 hours */
static const char moment_sql[] = "SELECT clock_timestamp() - $1::integer * interval '1 hour'";

static const char lanes_sql[] = "SELECT generation, lane FROM lanes ORDER BY generation, lane";

/* $1 generation, $2 lane, $3 n to begin behind, $4 moment. Only outcomes that never move stock:
 * sold_out, late, rejected. The last n that was looked at is NULL when the lane is done: at its
 * end, or at the first decision that is too young. */
static const char refusals_sql[] =
    "WITH seen AS MATERIALIZED (SELECT id, n, decided_at, outcome IN (2, 8, 9)"
    "  AND version IS NULL AS refusal FROM decisions"
    "  WHERE generation = $1::integer AND lane = $2::smallint AND n > $3::bigint"
    "  ORDER BY n LIMIT " STEP_ROWS "),"
    " gone AS (DELETE FROM decisions AS d USING seen AS s"
    "  WHERE d.id = s.id AND s.refusal AND s.decided_at < $4::timestamptz RETURNING d.n),"
    " noted AS (INSERT INTO prunings AS p (generation, lane, forgotten)"
    "  SELECT $1, $2, count(*) FROM gone HAVING count(*) > 0"
    "  ON CONFLICT (generation, lane) DO UPDATE SET forgotten = p.forgotten + excluded.forgotten)"
    " SELECT (SELECT count(*) FROM gone),"
    " (SELECT max(n) FROM seen HAVING max(decided_at) < $4)";

/* $1 id to begin behind, $2 moment. A hold ended when the job that ended it was decided. */
static const char holds_sql[] =
    "WITH seen AS MATERIALIZED (SELECT id, state, ended_by FROM holds WHERE id > $1::text"
    "  ORDER BY id LIMIT " STEP_ROWS "),"
    " old AS MATERIALIZED (SELECT s.id FROM seen AS s CROSS JOIN LATERAL ("
    "  SELECT decided_at FROM decisions WHERE id = s.ended_by OFFSET 0) AS e"
    "  WHERE s.state IN (1, 2) AND e.decided_at < $2::timestamptz),"
    " gone AS (DELETE FROM holds AS h USING old"
    "  WHERE h.id = old.id AND h.state IN (1, 2) RETURNING h.id)"
    " SELECT (SELECT count(*) FROM gone), (SELECT max(id) FROM seen)";

/* $1 moment. Jobs that were decided have none; these were malformed, or put aside. */
static const char lonely_sql[] = "DELETE FROM lonely_beginnings WHERE last_at < $1::timestamptz";

/* A statement that forgets some rows behind the last key it has looked at. */
struct walk {
    const char *sql;
    const char *const *parameters;
    int count;
    char *last; /* the key, one of the parameters */
    size_t capacity;
};

/* One step; *done: there was nothing more to look at. */
static bool walk_step(struct postgres *postgres, const struct walk *walk, int64_t *forgotten,
                      bool *done, struct error *error)
{
    PGresult *result;
    if (!postgres_query(postgres, walk->sql, walk->count, walk->parameters, &result, error)) {
        return false;
    }
    *forgotten += strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    *done = PQgetisnull(result, 0, 1) != 0;
    if (!*done) {
        (void)snprintf(walk->last, walk->capacity, "%s", PQgetvalue(result, 0, 1)); /* it fits */
    }
    PQclear(result);
    return true;
}

static bool walk_all(struct postgres *postgres, const struct walk *walk, int64_t *forgotten,
                     struct error *error)
{
    for (bool done = false; !done;) {
        if (!walk_step(postgres, walk, forgotten, &done, error)) {
            return false;
        }
    }
    return true;
}

static bool prune_lane(struct postgres *postgres, const char *generation, const char *lane,
                       const char *moment, struct prune *prune, struct error *error)
{
    char last[sizeof "-9223372036854775808"] = "0";
    const char *const parameters[] = {generation, lane, last, moment};
    const struct walk walk = {refusals_sql, parameters, 4, last, sizeof last};
    return walk_all(postgres, &walk, &prune->refusals, error) || error_wrap(error, "lane %s", lane);
}

static bool prune_lanes(struct postgres *postgres, const char *moment, struct prune *prune,
                        struct error *error)
{
    PGresult *lanes;
    if (!postgres_query(postgres, lanes_sql, 0, NULL, &lanes, error)) {
        return false;
    }
    bool pruned = true;
    for (int row = 0; pruned && row < PQntuples(lanes); row++) {
        pruned = prune_lane(postgres, PQgetvalue(lanes, row, 0), PQgetvalue(lanes, row, 1), moment,
                            prune, error);
    }
    PQclear(lanes);
    return pruned;
}

static bool prune_holds(struct postgres *postgres, const char *moment, struct prune *prune,
                        struct error *error)
{
    char last[256] = "";
    const char *const parameters[] = {last, moment};
    const struct walk walk = {holds_sql, parameters, 2, last, sizeof last};
    return walk_all(postgres, &walk, &prune->holds, error) || error_wrap(error, "holds");
}

static bool prune_lonely(struct postgres *postgres, const char *moment, struct error *error)
{
    const char *const parameters[] = {moment};
    return postgres_execute(postgres, lonely_sql, 1, parameters, error) ||
           error_wrap(error, "lonely beginnings");
}

bool prune_apply(struct postgres *postgres, uint32_t hours, struct prune *prune,
                 struct error *error)
{
    char text[sizeof "4294967295"];
    char moment[64];
    const char *const parameters[] = {text};
    PGresult *result;
    ENSURE(hours >= PRUNE_HOURS_MIN && hours <= PRUNE_HOURS_MAX);
    *prune = (struct prune){0};
    (void)snprintf(text, sizeof text, "%" PRIu32, hours);
    if (!postgres_query(postgres, moment_sql, 1, parameters, &result, error)) {
        return false;
    }
    (void)snprintf(moment, sizeof moment, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return prune_lanes(postgres, moment, prune, error) &&
           prune_holds(postgres, moment, prune, error) && prune_lonely(postgres, moment, error);
}
