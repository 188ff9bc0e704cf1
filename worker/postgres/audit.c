/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks invariants: first how many things break them, which needs one pass; only of those that are
 * broken, then, which. */
#include "worker/postgres/audit.h"

#include <stdlib.h>

#include "common/base/text.h"
#include "common/connect/postgres.h"
#include "worker/postgres/invariant.h"

#define SQL_MAX        16384u
#define DEADLINE_MS    1200000
#define SERVER_TIMEOUT "1195s"
#define INVARIANTS_MAX 4u /* of one source */

/* Plans over whole tables: compiling them costs more than it saves, and there is memory to sort.
 * What is joined is never as few rows as the planner believes of sums and windows: with a loop for
 * each row the limits took 500 s on a million decisions, with a hash 10 s. */
static const char begin_sql[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                                "SET LOCAL statement_timeout = '" SERVER_TIMEOUT "';"
                                "SET LOCAL jit = off;"
                                "SET LOCAL enable_nestloop = off;"
                                "SET LOCAL work_mem = '128MB'";

static int64_t integer_at(const PGresult *result, int column)
{
    return strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

static void copy(char *memory, size_t capacity, const PGresult *result, int row, int column)
{
    struct text text;
    text_init(&text, memory, capacity); /* cut if too long: it is for reading */
    text_put(&text, PQgetvalue(result, row, column));
}

/* How many things each invariant of one source looks at, and how many break it. */
static bool count(struct postgres *postgres, const struct invariant *first, size_t of_source,
                  struct audit_finding *findings, struct error *error)
{
    char memory[SQL_MAX];
    struct text sql;
    PGresult *result;
    text_init(&sql, memory, sizeof memory);
    text_put(&sql, "SELECT ");
    for (size_t i = 0; i < of_source; i++) {
        text_format(&sql,
                    "%scount(*) FILTER (WHERE %s),"
                    " count(*) FILTER (WHERE (%s) AND (%s) IS NOT FALSE)",
                    i == 0 ? "" : ", ", first[i].scope, first[i].scope, first[i].bad);
    }
    text_format(&sql, " FROM (%s) AS source", first->source);
    ENSURE(!sql.full);
    if (!postgres_query(postgres, sql.bytes, 0, NULL, &result, error)) {
        return error_wrap(error, "%s", first->name);
    }
    for (size_t i = 0; i < of_source; i++) {
        findings[i] = (struct audit_finding){
            .name = first[i].name,
            .sentence = first[i].sentence,
            .things = first[i].things,
            .looked_at = integer_at(result, 2 * (int)i),
            .broken = integer_at(result, 2 * (int)i + 1),
        };
    }
    PQclear(result);
    return true;
}

static bool find_examples(struct postgres *postgres, const struct invariant *invariant,
                          struct audit_finding *finding, struct error *error)
{
    char memory[SQL_MAX];
    struct text sql;
    PGresult *result;
    text_init(&sql, memory, sizeof memory);
    text_format(&sql,
                "SELECT CASE WHEN id IS NULL OR sku IS NOT NULL THEN pool END,"
                " sku, id, %s FROM (%s) AS source"
                " WHERE (%s) AND (%s) IS NOT FALSE LIMIT %u",
                invariant->text, invariant->source, invariant->scope, invariant->bad,
                AUDIT_EXAMPLES_MAX);
    ENSURE(!sql.full);
    if (!postgres_query(postgres, sql.bytes, 0, NULL, &result, error)) {
        return error_wrap(error, "%s", invariant->name);
    }
    finding->example_count = (size_t)PQntuples(result);
    ENSURE(finding->example_count <= AUDIT_EXAMPLES_MAX);
    for (size_t i = 0; i < finding->example_count; i++) {
        struct audit_example *example = &finding->examples[i];
        copy(example->pool, sizeof example->pool, result, (int)i, 0);
        copy(example->sku, sizeof example->sku, result, (int)i, 1);
        copy(example->id, sizeof example->id, result, (int)i, 2);
        copy(example->text, sizeof example->text, result, (int)i, 3);
    }
    PQclear(result);
    return true;
}

static bool check_source(struct postgres *postgres, const struct invariant *first, size_t of_source,
                         const struct audit_report *report, struct error *error)
{
    struct audit_finding findings[INVARIANTS_MAX];
    ENSURE(of_source <= INVARIANTS_MAX);
    if (!count(postgres, first, of_source, findings, error)) {
        return false;
    }
    for (size_t i = 0; i < of_source; i++) {
        if (findings[i].broken > 0 && !find_examples(postgres, &first[i], &findings[i], error)) {
            return false;
        }
        report->found(report->self, &findings[i]);
    }
    return true;
}

static bool check_all(struct postgres *postgres, const struct audit_report *report,
                      struct error *error)
{
    for (size_t first = 0; first < invariant_count;) {
        size_t next = first + 1;
        while (next < invariant_count && invariants[next].source == invariants[first].source) {
            next++;
        }
        if (!check_source(postgres, &invariants[first], next - first, report, error)) {
            return false;
        }
        first = next;
    }
    return true;
}

bool audit_run(struct postgres *postgres, const struct audit_report *report, struct error *error)
{
    const int deadline_ms = postgres->deadline_ms;
    if (!postgres_run(postgres, begin_sql, error)) {
        return false;
    }
    postgres->deadline_ms = DEADLINE_MS;
    const bool checked = check_all(postgres, report, error);
    postgres->deadline_ms = deadline_ms;
    postgres_rollback(postgres); /* it has only read */
    return checked;
}
