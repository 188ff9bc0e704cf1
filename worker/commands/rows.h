/* SPDX-License-Identifier: Apache-2.0
 *
 * What a query has found, printed: aligned columns for people, JSON for programs. Names and types
 * of the columns are the query's. */
#pragma once

#include <stdio.h>

#include "common/connect/postgres.h"
#include "common/contract/json_write.h"

#define ROWS_COLUMNS_MAX 24u

/* Of a table that is printed piece by piece: widths only grow. Zeroed at the beginning. */
struct rows_table {
    size_t widths[ROWS_COLUMNS_MAX];
    bool headed;
};

/* A table with a heading over its first piece; each line begins with the indent. A value that is
 * not there is a dash. */
void rows_print(struct rows_table *table, const PGresult *result, const char *indent, FILE *out);

/* One row, a line for each value that is there. */
void rows_print_record(const PGresult *result, int row, const char *indent, FILE *out);

/* A JSON object a line. */
void rows_print_json(const PGresult *result, FILE *out);

/* One row as a JSON object; column first and the ones behind it. */
void rows_write(const PGresult *result, int row, int first, struct json *json);

/* How many bytes all rows take as JSON, at most. */
size_t rows_json_size(const PGresult *result);

/* A value as a span; NULL is absent. Valid as long as the result. */
struct span rows_value(const PGresult *result, int row, int column);

/* An integer column that is not NULL. */
int64_t rows_integer(const PGresult *result, int row, int column);

/* Memory for output of so many bytes; ends the program when there is none. For commands only. */
char *rows_memory(size_t size);
