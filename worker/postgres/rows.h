/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends many rows with one statement: an array a column. Where they do not fit into memory at once,
 * in as many statements as it takes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "worker/postgres/database.h"

/* Writes one row's element of a column. */
struct row_column {
    enum element element;
    void (*put)(struct parameters *parameters, const void *row);
};

struct row_set {
    enum statement statement;
    const struct row_column *columns;
    uint32_t column_count;
    const void *rows;
    size_t row_size;
    uint32_t row_count;
    /* Writes the parameters in front of the columns; NULL: there are none. */
    void (*lead)(const struct postgres_database *database, struct parameters *parameters,
                 uint32_t rows);
};

/* Sends nothing if there are no rows. */
void rows_send(struct postgres_database *database, const struct row_set *set);

/* A lead: how many rows are sent, for statements that count what they have changed. */
void rows_lead_count(const struct postgres_database *database, struct parameters *parameters,
                     uint32_t rows);

/* Memory for rows in the scratch; NULL, and the trip refused, if they do not fit. What sends them
 * all gives it back. */
void *rows_take(struct postgres_database *database, uint32_t count, size_t size);
void rows_send_all(struct postgres_database *database, const struct row_set *set, size_t mark);

/* A row that is a struct, or a pointer to one. */
#define ROW(type, row)         ((const struct type *)(row))
#define ROW_POINTER(type, row) (*(const struct type *const *)(row))
#define ROW_COLUMNS(array)     (array), sizeof(array) / sizeof(array)[0]
