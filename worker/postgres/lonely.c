/* SPDX-License-Identifier: Apache-2.0
 *
 * How often jobs were begun alone. */
#include "worker/postgres/database_parts.h"
#include "worker/postgres/row.h"

static bool take_begun(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    const struct row row = {.result = result};
    if (PQntuples(result) != 1) {
        return error_set(error, ERROR_FATAL, "no count came back");
    }
    database->begun = (uint32_t)row_integer(&row, 0);
    return true;
}

void send_count_lonely(struct postgres_database *database, struct span job)
{
    struct parameters parameters = database_parameters(database);
    parameter_text(&parameters, job);
    trip_send(&database->trip, STATEMENT_COUNT_LONELY, &parameters, take_begun);
}

/* Nearly always there is none. A job has its id or, if it says none before it is parsed, the name
 * that it was begun under. */
void send_forget_lonely(struct postgres_database *database, const struct record *record)
{
    if (!database->lonely || record->count == 0) {
        return;
    }
    struct parameters parameters = database_parameters(database);
    array_begin(&parameters, ELEMENT_TEXT);
    for (uint32_t i = 0; i < record->count; i++) {
        array_text(&parameters, record->entries[i].job->id);
    }
    if (!span_absent(record->lonely)) {
        array_text(&parameters, record->lonely);
    }
    array_end(&parameters);
    trip_send(&database->trip, STATEMENT_FORGET_LONELY, &parameters, NULL);
}
