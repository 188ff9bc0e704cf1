/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads generations, and makes the first. */
#include "worker/postgres/generation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/connect/postgres.h"

/* The unique index on the current state decides between two that begin at once. */
static const char insert_first[] =
    "WITH first AS ("
    " INSERT INTO generations (generation, lanes, state)"
    " SELECT 1, $1::integer, 'current' WHERE NOT EXISTS (SELECT FROM generations)"
    " ON CONFLICT DO NOTHING RETURNING generation, lanes)"
    " INSERT INTO lanes (generation, lane)"
    " SELECT generation, generate_series(0, lanes - 1) FROM first";

/* The server's columns are integers within the table's CHECK constraints. */
static uint32_t number_of(const PGresult *result, int row, int column)
{
    return (uint32_t)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

static uint32_t number_at(const PGresult *result, int column)
{
    return number_of(result, 0, column);
}

static bool none_current(struct postgres *postgres, struct error *error)
{
    error_set(error, ERROR_CONFIG, "database %s: no lanes are set up", postgres_describe(postgres));
    return error_advise(error, "Set them up: till setup");
}

bool generation_current(struct postgres *postgres, struct generation *generation,
                        struct error *error)
{
    PGresult *result;
    if (!postgres_query(postgres,
                        "SELECT generation, lanes FROM generations WHERE state = 'current'", 0,
                        NULL, &result, error)) {
        return false;
    }
    const bool found = PQntuples(result) == 1;
    if (found) {
        *generation = (struct generation){number_at(result, 0), number_at(result, 1)};
    }
    PQclear(result);
    return found || none_current(postgres, error);
}

static void take_generation(struct generations *generations, const PGresult *result, int row)
{
    const char *state = PQgetvalue(result, row, 2);
    const struct generation generation = {number_of(result, row, 0), number_of(result, row, 1)};
    if (strcmp(state, "coming") == 0) {
        generations->change_open = true;
        return;
    }
    if (strcmp(state, "current") == 0) {
        generations->current = generation.number;
    }
    generations->served[generations->count++] = generation;
}

/* The newest, if there are too many: older ones have nothing to do any more. */
bool generation_served(struct postgres *postgres, struct generations *generations,
                       struct error *error)
{
    PGresult *result;
    if (!postgres_query(postgres,
                        "SELECT generation, lanes, state FROM generations"
                        " WHERE state <> 'retired' ORDER BY generation",
                        0, NULL, &result, error)) {
        return false;
    }
    const int count = PQntuples(result);
    *generations = (struct generations){.count = 0};
    for (int i = 0; i < count; i++) {
        if (count - i <= (int)GENERATIONS_SERVED_MAX) {
            take_generation(generations, result, i);
        }
    }
    PQclear(result);
    return generations->current != 0 || none_current(postgres, error);
}

bool generation_begin(struct postgres *postgres, uint32_t lanes, struct generation *generation,
                      struct error *error)
{
    char text[sizeof "4294967295"];
    const char *const parameters[] = {text};
    (void)snprintf(text, sizeof text, "%u", lanes);
    return postgres_execute(postgres, insert_first, 1, parameters, error) &&
           generation_current(postgres, generation, error);
}

/* The first number of the only row. */
static bool ask_number(struct postgres *postgres, const char *sql, uint32_t *number,
                       struct error *error)
{
    PGresult *result;
    if (!postgres_query(postgres, sql, 0, NULL, &result, error)) {
        return false;
    }
    *number = number_at(result, 0);
    PQclear(result);
    return true;
}

bool generation_newest(struct postgres *postgres, uint32_t *number, struct error *error)
{
    uint32_t tables = 0;
    if (!ask_number(postgres, "SELECT count(to_regclass('generations'))", &tables, error)) {
        return false;
    }
    if (tables == 0) {
        *number = 0;
        return true;
    }
    return ask_number(postgres, "SELECT coalesce(max(generation), 0) FROM generations", number,
                      error);
}
