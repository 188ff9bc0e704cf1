/* SPDX-License-Identifier: Apache-2.0
 *
 * One statement each, whatever the number of lanes. */
#include "worker/crew/line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/text.h"
#include "worker/crew/trouble.h"

#define NUMBER_MAX 24u                     /* bytes of a number in an array, with the comma */
#define OLDEST_MS  INT64_C(946684800000)   /* publishers' times before 2000 make no sense, */
#define NEWEST_MS  INT64_C(32503680000000) /* nor do those after 2999 */

/* Ages, not times: the database's clock is the only one that all workers share. A worker whose name
 * is another's by now records nothing. */
static const char record[] =
    "WITH me AS (SELECT name FROM workers WHERE name = $1 AND run = $2 FOR KEY SHARE),"
    " mine AS (SELECT * FROM unnest($3::integer[], $4::smallint[], $5::bigint[], $6::integer[],"
    "  $7::bigint[], $8::real[]) AS m (generation, lane, age, in_hand, oldest, rate)),"
    " gone AS (DELETE FROM servings AS s USING me WHERE s.worker = me.name AND NOT EXISTS ("
    "  SELECT FROM mine AS m WHERE m.generation = s.generation AND m.lane = s.lane))"
    " INSERT INTO servings (generation, lane, worker, run, subscribed_at, reported_at, in_hand,"
    "  oldest_at, jobs_per_second)"
    " SELECT m.generation, m.lane, me.name, $2, clock_timestamp() - m.age * interval '1 ms',"
    "  clock_timestamp(), m.in_hand, to_timestamp(m.oldest / 1000.0), m.rate"
    " FROM mine AS m CROSS JOIN me"
    " ON CONFLICT (generation, lane, worker) DO UPDATE SET run = excluded.run,"
    "  subscribed_at = excluded.subscribed_at, reported_at = excluded.reported_at,"
    "  in_hand = excluded.in_hand, oldest_at = excluded.oldest_at,"
    "  jobs_per_second = excluded.jobs_per_second";

static const char read_lines[] =
    "SELECT mine.place - 1,"
    "  l.run, (extract(epoch FROM clock_timestamp() - l.claimed_at) * 1000)::bigint,"
    "  s.worker, s.run, (extract(epoch FROM clock_timestamp() - s.subscribed_at) * 1000)::bigint,"
    "  CASE WHEN w.seen_at < clock_timestamp() - $4::integer * interval '1 ms'"
    "   AND w.seen_at > clock_timestamp() - $3::integer * interval '1 ms'"
    "   THEN w.run IN (" ROSTER_CONNECTED ") ELSE false END"
    " FROM unnest($1::integer[], $2::smallint[]) WITH ORDINALITY"
    "  AS mine (generation, lane, place)"
    " JOIN lanes AS l USING (generation, lane)"
    " LEFT JOIN servings AS s USING (generation, lane)"
    " LEFT JOIN workers AS w ON w.name = s.worker AND w.run = s.run";

enum column {
    COLUMN_GENERATION,
    COLUMN_LANE,
    COLUMN_AGE,
    COLUMN_IN_HAND,
    COLUMN_OLDEST,
    COLUMN_RATE,
    COLUMNS,
};

static void put_oldest(struct text *array, int64_t oldest_ms)
{
    if (oldest_ms < OLDEST_MS || oldest_ms > NEWEST_MS) {
        text_put(array, "NULL");
    } else {
        text_format(array, "%" PRId64, oldest_ms);
    }
}

static void put(struct text *array, const struct serving *serving, enum column column,
                uint64_t now_ms)
{
    const struct lane_thread *thread = &serving->thread;
    text_put(array, array->size == 1 ? "" : ",");
    switch (column) {
    case COLUMN_GENERATION:
        text_format(array, "%" PRIu32, thread->generation);
        break;
    case COLUMN_LANE:
        text_format(array, "%" PRIu32, thread->number);
        break;
    case COLUMN_AGE:
        text_format(array, "%" PRIu64, now_ms - serving->recorded_ms);
        break;
    case COLUMN_IN_HAND:
        text_format(array, "%" PRIu32, atomic_load(&thread->in_hand));
        break;
    case COLUMN_OLDEST:
        put_oldest(array, atomic_load(&thread->oldest_ms));
        break;
    case COLUMN_RATE:
        text_format(array, "%.3g", (double)serving->jobs_per_second);
        break;
    case COLUMNS:
        break;
    }
}

/* Arrays in PostgreSQL's own form, of all servings or of those that are subscribed; one memory for
 * all of them, the caller's to free. NULL: there is none. */
static char *make_arrays(const struct servings *servings, bool subscribed, enum column column_count,
                         const char **arrays)
{
    const uint64_t now_ms = trouble_now_ms();
    const size_t size = servings->count * NUMBER_MAX + sizeof "{}";
    char *memory = malloc((size_t)column_count * size);
    for (uint32_t column = 0; memory != NULL && column < column_count; column++) {
        struct text array;
        text_init(&array, memory + column * size, size);
        text_put(&array, "{");
        for (uint32_t i = 0; i < servings->count; i++) {
            if (!subscribed || servings->items[i]->recorded_ms != 0) {
                put(&array, servings->items[i], (enum column)column, now_ms);
            }
        }
        text_put(&array, "}");
        ENSURE(!array.full);
        arrays[column] = array.bytes;
    }
    return memory;
}

/* What its thread says now is what is recorded. */
static void note_subscriptions(const struct servings *servings)
{
    for (uint32_t i = 0; i < servings->count; i++) {
        struct serving *serving = servings->items[i];
        serving->recorded_ms = atomic_load(&serving->thread.subscribed_ms);
    }
}

bool line_record(struct postgres *postgres, const struct roster *roster,
                 const struct servings *servings, struct error *error)
{
    const char *parameters[2 + COLUMNS] = {roster->name, roster->run};
    note_subscriptions(servings);
    char *memory = make_arrays(servings, true, COLUMNS, parameters + 2);
    if (memory == NULL) {
        return error_set(error, ERROR_FATAL, "no memory to record %u lanes", servings->count);
    }
    const bool recorded = postgres_execute(postgres, record, 2 + COLUMNS, parameters, error);
    free(memory);
    return recorded || error_wrap(error, "record which lanes are served");
}

bool line_read(struct postgres *postgres, const struct servings *servings, uint32_t frozen_ms,
               PGresult **result, struct error *error)
{
    char frozen[sizeof "4294967295"];
    char live[sizeof "4294967295"];
    const char *parameters[] = {NULL, NULL, frozen, live};
    (void)snprintf(frozen, sizeof frozen, "%u", frozen_ms);
    (void)snprintf(live, sizeof live, "%u", LIVING_MAX_MS);
    char *memory = make_arrays(servings, false, COLUMN_LANE + 1, parameters);
    if (memory == NULL) {
        return error_set(error, ERROR_FATAL, "no memory to read %u lanes", servings->count);
    }
    const bool read = postgres_query(postgres, read_lines, 4, parameters, result, error);
    free(memory);
    return read || error_wrap(error, "read who serves which lane");
}

/* A negative age, of clocks that were set, is none. */
static uint64_t age_at(const PGresult *result, int row, int column)
{
    if (PQgetisnull(result, row, column)) {
        return UINT64_MAX;
    }
    const long long age_ms = strtoll(PQgetvalue(result, row, column), NULL, 10);
    return age_ms < 0 ? 0 : (uint64_t)age_ms;
}

struct keep_row line_row(const PGresult *result, int row, uint32_t *place)
{
    *place = (uint32_t)strtoul(PQgetvalue(result, row, 0), NULL, 10);
    return (struct keep_row){
        .claimed_run = PQgetvalue(result, row, 1),
        .claim_age_ms = age_at(result, row, 2),
        .worker = PQgetvalue(result, row, 3),
        .run = PQgetvalue(result, row, 4),
        .age_ms = age_at(result, row, 5),
        .frozen = *PQgetvalue(result, row, 6) == 't',
    };
}
