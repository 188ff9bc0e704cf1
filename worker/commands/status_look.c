/* SPDX-License-Identifier: Apache-2.0
 *
 * What till status asks. The broker is asked first, for the backlogs; the database then puts all of
 * it together, of one moment. */
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "worker/commands/rows.h"
#include "worker/commands/status_parts.h"
#include "worker/rabbit/backlog.h"

/* A worker that was not seen for so long counts as gone. */
#define LIVE "interval '10 s'"

/* A worker that runs no longer than that may have taken no lanes yet; a generation that has been
 * the current one no longer may have lanes that nobody serves yet. */
#define FRESH "interval '5 s'"

/* $1, $2, $3: generation, lane and ready jobs of each queue, -1 if there is none. $4, $5: reasons
 * of dead letters, and how many. */
#define QUEUES                                                                  \
    "queue AS MATERIALIZED (SELECT * FROM unnest($1::integer[], $2::integer[]," \
    " $3::bigint[]) AS q (generation, lane, ready)),"                           \
    " letter AS MATERIALIZED (SELECT * FROM unnest($4::text[], $5::bigint[])"   \
    " AS d (reason, letters)),"                                                 \
    " moment AS MATERIALIZED (SELECT clock_timestamp() AS now)"

/* The broker's line of consumers, as far as workers have said: who claimed the lane since they
 * subscribed is its owner, otherwise who came first. */
#define LINES                                                                            \
    "live AS MATERIALIZED (SELECT w.* FROM workers AS w, moment AS m"                    \
    " WHERE w.seen_at > m.now - " LIVE "),"                                              \
    " line AS MATERIALIZED (SELECT s.*, row_number() OVER (PARTITION BY s.generation,"   \
    " s.lane ORDER BY (l.run = s.run AND l.claimed_at >= s.subscribed_at) IS TRUE DESC," \
    " s.subscribed_at, s.worker) AS place FROM servings AS s"                            \
    " JOIN live AS w ON w.name = s.worker AND w.run = s.run"                             \
    " JOIN lanes AS l ON l.generation = s.generation AND l.lane = s.lane)"

#define AGE(time) "floor(extract(epoch FROM m.now - " time "))::bigint"

/* Of the current generation step_since is when it became that. */
static const char generations_sql[] =
    "WITH " QUEUES " SELECT g.generation, g.lanes, g.state, g.step,"
    " CASE WHEN g.step IS NOT NULL THEN " AGE(
        "g.step_since") " END AS step_seconds,"
                        " (SELECT count(*) FROM lanes AS l WHERE l.generation = g.generation AND "
                        "l.drained)"
                        " AS lanes_drained,"
                        " (SELECT sum(l.stragglers)::bigint FROM lanes AS l WHERE l.generation = "
                        "g.generation)"
                        " AS stragglers FROM generations AS g, moment AS m WHERE g.state <> "
                        "'retired'"
                        " ORDER BY g.generation";

static const char lanes_sql[] =
    "WITH " QUEUES ", " LINES
    " SELECT q.generation, q.lane, o.worker AS owner, b.worker AS standby,"
    " nullif(q.ready, -1) AS backlog, coalesce(o.in_hand, 0) AS in_hand, " AGE(
        "o.oldest_at") " AS oldest_seconds, round(o.jobs_per_second)::bigint AS jobs_per_second, "
                       "l.epoch, l.drained"
                       " FROM moment AS m, queue AS q"
                       " JOIN lanes AS l ON l.generation = q.generation AND l.lane = q.lane"
                       " LEFT JOIN line AS o ON o.generation = q.generation AND o.lane = q.lane "
                       "AND o.place = 1"
                       " LEFT JOIN line AS b ON b.generation = q.generation AND b.lane = q.lane "
                       "AND b.place = 2"
                       " ORDER BY q.generation, q.lane";

static const char workers_sql[] =
    "WITH " QUEUES ", " LINES " SELECT w.name, count(o.lane) FILTER (WHERE o.place = 1) AS lanes,"
    " count(o.lane) FILTER (WHERE o.place > 1) AS stands_by, nullif(w.lanes_max, 1024) AS "
    "lanes_max,"
    " coalesce(round(sum(o.jobs_per_second)), 0)::bigint AS jobs_per_second, " AGE(
        "w.started_at") " AS up_seconds, " AGE("w.seen_at") " AS seen_seconds, w.version"
                                                            " FROM moment AS m, live AS w LEFT "
                                                            "JOIN line AS o ON o.worker = w.name"
                                                            " GROUP BY w.name, w.lanes_max, "
                                                            "w.started_at, w.seen_at, w.version, "
                                                            "m.now ORDER BY w.name";

static const char holds_sql[] =
    "WITH " QUEUES " SELECT count(h.id) AS active, min(h.expires_at) AS next_expiry,"
    " count(*) FILTER (WHERE h.expires_at < m.now - interval '10 s') AS overdue"
    " FROM moment AS m LEFT JOIN holds AS h ON h.state = 0";

static const char dead_sql[] =
    "WITH " QUEUES " SELECT reason, letters FROM letter ORDER BY letters DESC, reason";

/* The worst first. What passes by itself within seconds is none of them. */
static const char problems_sql[] =
    "WITH " QUEUES ", " LINES ","
    " missing AS (SELECT generation, string_agg(lane::text, ', ' ORDER BY lane) AS lanes"
    "  FROM queue WHERE ready = -1 GROUP BY generation),"
    " served AS (SELECT q.generation, q.lane, q.ready, o.worker, o.in_hand, o.oldest_at, l.saved_at"
    "  FROM queue AS q JOIN lanes AS l ON l.generation = q.generation AND l.lane = q.lane"
    "  LEFT JOIN line AS o ON o.generation = q.generation AND o.lane = q.lane AND o.place = 1),"
    " alone AS (SELECT generation, string_agg(lane::text, ', ' ORDER BY lane) AS lanes"
    "  FROM served JOIN generations AS g USING (generation), moment AS m WHERE worker IS NULL"
    "  AND (g.step_since < m.now - " FRESH ") IS NOT FALSE GROUP BY generation)"
    " SELECT p.problem, p.remedy FROM ("
    "SELECT 1 AS place, 'no worker is running' AS problem, 'Start one: till worker' AS remedy"
    "  WHERE NOT EXISTS (SELECT FROM live)"
    " UNION ALL"
    " SELECT 2, 'generation ' || generation || ': no queue for lane ' || lanes,"
    "  'Declare what is missing: till setup' FROM missing"
    " UNION ALL"
    " SELECT 3, 'generation ' || generation || ': nobody serves lane ' || lanes,"
    "  'Start another worker, or let the running ones serve more: till worker --lanes'"
    "  FROM alone, moment AS m WHERE EXISTS (SELECT FROM live"
    "  WHERE started_at < m.now - " FRESH ")"
    " UNION ALL"
    " SELECT 4, 'worker ' || w.name || ' was last seen ' || " AGE(
        "w.seen_at") " || ' s ago',"
                     "  'Look whether it is frozen, cut off from the database, or gone; others "
                     "take its lanes over.'"
                     "  FROM workers AS w, moment AS m WHERE w.seen_at < m.now - interval '4 s'"
                     "  AND w.seen_at > m.now - interval '60 s'"
                     " UNION ALL"
                     " SELECT 5, 'lane ' || s.lane || ' of generation ' || s.generation || ' "
                     "decides nothing: '"
                     "  || s.in_hand || ' jobs in hand, ' || s.ready || ' waiting, the last "
                     "decision '"
                     "  || coalesce(" AGE(
                         "s.saved_at") " || ' s ago', 'never'),"
                                       "  'Look at the log of its worker, ' || s.worker || ', and "
                                       "at: till doctor'"
                                       "  FROM served AS s, moment AS m WHERE s.in_hand > 0"
                                       "  AND coalesce(s.saved_at, s.oldest_at) < m.now - interval "
                                       "'30 s'"
                                       " UNION ALL"
                                       " SELECT 6, 'the change to ' || g.lanes || ' lanes has not "
                                       "got beyond \"' || g.step"
                                       "  || '\" for ' || " AGE(
                                           "g.step_since") " || ' s',"
                                                           "  'It goes on by itself while workers "
                                                           "run; or run it again: till scale ' || "
                                                           "g.lanes"
                                                           "  FROM generations AS g, moment AS m "
                                                           "WHERE g.step IS NOT NULL AND "
                                                           "g.step_since < m.now - interval "
                                                           "'60 s'"
                                                           " UNION ALL"
                                                           " SELECT 7, count(*) || ' holds are "
                                                           "past their end and not expired',"
                                                           "  'Each worker can expire them: look "
                                                           "at their logs, and at lanes with a "
                                                           "backlog.'"
                                                           "  FROM holds AS h, moment AS m WHERE "
                                                           "h.state = 0"
                                                           "  AND h.expires_at < m.now - interval "
                                                           "'10 s' HAVING count(*) > 0"
                                                           " UNION ALL"
                                                           " SELECT 8, letters || ' dead letters: "
                                                           "' || reason,"
                                                           "  'Look at them, mend the cause, send "
                                                           "them again: till dead show, till dead "
                                                           "replay'"
                                                           "  FROM letter WHERE reason <> "
                                                           "'malformed') AS p ORDER BY p.place, "
                                                           "p.problem";

static const char *const statements[REPORT_PARTS] = {
    [REPORT_PROBLEMS] = problems_sql, [REPORT_GENERATIONS] = generations_sql,
    [REPORT_LANES] = lanes_sql,       [REPORT_WORKERS] = workers_sql,
    [REPORT_HOLDS] = holds_sql,       [REPORT_DEAD] = dead_sql,
};

/* The statements' parameters, as arrays. */
struct backlogs {
    struct text texts[5];
    char *memory;
};

#define NUMBER_MAX sizeof "4294967295,"

static void put_number(struct text *text, int64_t number)
{
    text_format(text, "%s%lld", text->size == 1 ? "" : ",", (long long)number);
}

static bool look_at_lanes(struct status_source *source, const PGresult *lanes,
                          struct backlogs *backlogs, struct error *error)
{
    const uint32_t count = (uint32_t)PQntuples(lanes);
    struct address *queues = calloc(count + 1, sizeof queues[0]);
    uint32_t *ready = calloc(count + 1, sizeof ready[0]);
    ENSURE(queues != NULL && ready != NULL);
    for (uint32_t i = 0; i < count; i++) {
        queues[i] =
            address_lane(source->config->namespace.value, (uint32_t)rows_integer(lanes, (int)i, 0),
                         (uint32_t)rows_integer(lanes, (int)i, 1));
    }
    const bool looked = backlog_look(&source->rabbit, queues, count, ready, error);
    for (uint32_t i = 0; looked && i < count; i++) {
        put_number(&backlogs->texts[0], rows_integer(lanes, (int)i, 0));
        put_number(&backlogs->texts[1], rows_integer(lanes, (int)i, 1));
        put_number(&backlogs->texts[2], ready[i] == BACKLOG_NO_QUEUE ? -1 : (int64_t)ready[i]);
    }
    free(queues);
    free(ready);
    return looked;
}

/* Reasons are anybody's texts: of those that no worker writes, what would need quoting is left out.
 */
static void put_reason(struct text *text, const char *reason)
{
    text_put(text, text->size == 1 ? "\"" : ",\"");
    for (const char *c = reason; *c != '\0'; c++) {
        if (*c >= ' ' && *c <= '~' && *c != '"' && *c != '\\') {
            text_put_bytes(text, c, 1);
        }
    }
    text_put(text, "\"");
}

static bool look_at_dead(struct status_source *source, struct backlogs *backlogs,
                         struct error *error)
{
    const char *namespace = source->config->namespace.value;
    const struct address queue = address_of(namespace, "dead");
    uint32_t letters = 0;
    if (!backlog_look(&source->rabbit, &queue, 1, &letters, error)) {
        return false;
    }
    letters = letters == BACKLOG_NO_QUEUE ? 0 : letters;
    if (!status_count_dead(&source->url, namespace, letters, &source->dead, error)) {
        return false;
    }
    for (uint32_t i = 0; i < source->dead.reason_count; i++) {
        put_reason(&backlogs->texts[3], source->dead.reasons[i].text);
        put_number(&backlogs->texts[4], source->dead.reasons[i].letters);
    }
    return true;
}

static bool look_at_broker(struct status_source *source, const PGresult *lanes,
                           struct backlogs *backlogs, struct error *error)
{
    if (source->rabbit.connection == NULL &&
        !rabbit_open(&source->rabbit, &source->url, "till status", error)) {
        return false;
    }
    return look_at_lanes(source, lanes, backlogs, error) && look_at_dead(source, backlogs, error);
}

static void open_arrays(struct backlogs *backlogs, uint32_t lanes)
{
    const size_t size = lanes * NUMBER_MAX + 1024;
    backlogs->memory = rows_memory(5 * size);
    for (size_t i = 0; i < 5; i++) {
        text_init(&backlogs->texts[i], backlogs->memory + i * size, size);
        text_put(&backlogs->texts[i], "{");
    }
}

static void close_arrays(struct backlogs *backlogs)
{
    for (size_t i = 0; i < 5; i++) {
        text_put(&backlogs->texts[i], "}");
        ENSURE(!backlogs->texts[i].full);
    }
}

/* All parts are of one moment. */
static bool ask(struct postgres *postgres, const struct backlogs *backlogs,
                struct status_report *report, struct error *error)
{
    const char *const parameters[] = {backlogs->texts[0].bytes, backlogs->texts[1].bytes,
                                      backlogs->texts[2].bytes, backlogs->texts[3].bytes,
                                      backlogs->texts[4].bytes};
    *report = (struct status_report){0};
    bool asked = postgres_execute(postgres, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", 0,
                                  NULL, error);
    for (size_t i = 0; asked && i < REPORT_PARTS; i++) {
        asked = postgres_query(postgres, statements[i], 5, parameters, &report->parts[i], error);
    }
    if (!asked) {
        status_report_free(report);
        return false;
    }
    postgres_rollback(postgres);
    return true;
}

static bool look(struct status_source *source, struct status_report *report, struct error *error)
{
    struct backlogs backlogs = {0};
    PGresult *lanes = NULL;
    if (source->postgres.connection == NULL &&
        !postgres_open(&source->postgres, source->config, POSTGRES_COMMAND, "status", error)) {
        return false;
    }
    if (!postgres_query(&source->postgres,
                        "SELECT l.generation, l.lane FROM lanes AS l"
                        " JOIN generations AS g ON g.generation = l.generation"
                        " WHERE g.state IN ('current', 'draining') ORDER BY 1, 2",
                        0, NULL, &lanes, error)) {
        return false;
    }
    open_arrays(&backlogs, (uint32_t)PQntuples(lanes));
    bool looked = look_at_broker(source, lanes, &backlogs, error);
    PQclear(lanes);
    if (looked) {
        close_arrays(&backlogs);
        looked = ask(&source->postgres, &backlogs, report, error);
    }
    free(backlogs.memory);
    return looked;
}

bool status_look(struct status_source *source, struct status_report *report, struct error *error)
{
    if (look(source, report, error)) {
        return true;
    }
    status_source_close(source);
    return false;
}

void status_source_close(struct status_source *source)
{
    rabbit_close(&source->rabbit);
    postgres_close(&source->postgres);
    source->rabbit = (struct rabbit){0};
}

void status_report_free(struct status_report *report)
{
    for (size_t i = 0; i < REPORT_PARTS; i++) {
        PQclear(report->parts[i]);
        report->parts[i] = NULL;
    }
}

int status_problems(const struct status_report *report)
{
    return PQntuples(report->parts[REPORT_PROBLEMS]);
}
