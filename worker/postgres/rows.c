/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns rows into arrays. */
#include "worker/postgres/rows.h"

#include "worker/postgres/database_parts.h"

static struct parameters write_rows(struct postgres_database *database, const struct row_set *set,
                                    const char *first, uint32_t count)
{
    struct parameters parameters = database_parameters(database);
    if (set->lead != NULL) {
        set->lead(database, &parameters, count);
    }
    for (uint32_t i = 0; i < set->column_count && !parameters.full; i++) {
        array_begin(&parameters, set->columns[i].element);
        for (uint32_t k = 0; k < count; k++) {
            set->columns[i].put(&parameters, first + k * set->row_size);
        }
        array_end(&parameters);
    }
    return parameters;
}

void rows_send(struct postgres_database *database, const struct row_set *set)
{
    uint32_t sent = 0;
    uint32_t piece = set->row_count;
    while (sent < set->row_count && !database->trip.failed) {
        const char *first = (const char *)set->rows + sent * set->row_size;
        const struct parameters parameters = write_rows(database, set, first, piece);
        if (parameters.full && piece > 1) {
            piece /= 2;
            continue;
        }
        trip_send(&database->trip, set->statement, &parameters, NULL);
        sent += piece;
        piece = set->row_count - sent < piece ? set->row_count - sent : piece;
    }
}

void rows_lead_count(const struct postgres_database *database, struct parameters *parameters,
                     uint32_t rows)
{
    (void)database; /* other leads need it */
    parameter_int4(parameters, (int32_t)rows);
}

void *rows_take(struct postgres_database *database, uint32_t count, size_t size)
{
    void *rows = arena_take(&database->scratch, count * size);
    if (rows == NULL) {
        trip_refuse(&database->trip, ERROR_JOB, "the batch does not fit into memory");
    }
    return rows;
}

void rows_send_all(struct postgres_database *database, const struct row_set *set, size_t mark)
{
    rows_send(database, set);
    arena_rewind(&database->scratch, mark);
}
