/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of a query as a table or as JSON. */
#include "worker/commands/rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/instant.h"
#include "worker/commands/printable.h"

/* Types as pg_type numbers them; their numbers never change. */
enum column_type {
    COLUMN_BOOLEAN = 16,
    COLUMN_INT8 = 20,
    COLUMN_INT2 = 21,
    COLUMN_INT4 = 23,
    COLUMN_JSON = 114,
    COLUMN_INSTANT = 1184,
};

static bool is_number(Oid type)
{
    return type == COLUMN_INT8 || type == COLUMN_INT4 || type == COLUMN_INT2;
}

/* PostgreSQL writes 2026-11-21 09:00:00.1+00 in a session of ours, which is in UTC. */
static bool instant_of(struct span value, char text[INSTANT_TEXT_SIZE + 1])
{
    char memory[40];
    instant time;
    if (value.size < sizeof "2026-11-21 09:00:00+00" - 1 || value.size >= sizeof memory) {
        return false;
    }
    memcpy(memory, value.bytes, value.size);
    memory[10] = 'T';
    memory[value.size - 3] = 'Z';
    if (!instant_parse((struct span){memory, value.size - 2}, &time)) {
        return false;
    }
    instant_write(time, text);
    text[INSTANT_TEXT_SIZE] = '\0';
    return true;
}

/* A value as people read it; memory is for what has to be written anew. */
static struct span shown(const PGresult *result, int row, int column,
                         char memory[INSTANT_TEXT_SIZE + 1])
{
    const struct span value = rows_value(result, row, column);
    if (span_absent(value)) {
        return SPAN_OF("-");
    }
    switch (PQftype(result, column)) {
    case COLUMN_BOOLEAN:
        return value.bytes[0] == 't' ? SPAN_OF("yes") : SPAN_OF("no");
    case COLUMN_INSTANT:
        return instant_of(value, memory) ? (struct span){memory, INSTANT_TEXT_SIZE} : value;
    default:
        return value;
    }
}

/* In characters: of UTF-8 all bytes but those that continue one. */
static size_t width_of(struct span text)
{
    size_t width = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        width += ((unsigned char)text.bytes[i] & 0xc0u) != 0x80u;
    }
    return width;
}

/* Most of it is what strangers wrote. */
static void print_cell(struct span text, size_t width, bool right, bool last, FILE *out)
{
    const size_t own = width_of(text);
    const int padding = own < width ? (int)(width - own) : 0;
    (void)fprintf(out, "%*s", right ? padding : 0, "");
    printable_print(text, out);
    if (!last) {
        (void)fprintf(out, "%*s", right ? 2 : padding + 2, "");
    }
}

static void measure(struct rows_table *table, const PGresult *result)
{
    const int columns = PQnfields(result);
    ENSURE(columns > 0 && columns <= (int)ROWS_COLUMNS_MAX);
    for (int column = 0; column < columns; column++) {
        size_t *width = &table->widths[column];
        const size_t name = strlen(PQfname(result, column));
        *width = *width < name ? name : *width;
        for (int row = 0; row < PQntuples(result); row++) {
            char memory[INSTANT_TEXT_SIZE + 1];
            const size_t own = width_of(shown(result, row, column, memory));
            *width = *width < own ? own : *width;
        }
    }
}

static void print_heading(const struct rows_table *table, const PGresult *result,
                          const char *indent, FILE *out)
{
    const int columns = PQnfields(result);
    (void)fputs(indent, out);
    for (int column = 0; column < columns; column++) {
        const char *name = PQfname(result, column);
        print_cell((struct span){name, (uint32_t)strlen(name)}, table->widths[column],
                   is_number(PQftype(result, column)), column + 1 == columns, out);
    }
    (void)fputc('\n', out);
}

void rows_print(struct rows_table *table, const PGresult *result, const char *indent, FILE *out)
{
    const int columns = PQnfields(result);
    measure(table, result);
    if (!table->headed) {
        print_heading(table, result, indent, out);
        table->headed = true;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        (void)fputs(indent, out);
        for (int column = 0; column < columns; column++) {
            char memory[INSTANT_TEXT_SIZE + 1];
            print_cell(shown(result, row, column, memory), table->widths[column],
                       is_number(PQftype(result, column)), column + 1 == columns, out);
        }
        (void)fputc('\n', out);
    }
}

void rows_print_record(const PGresult *result, int row, const char *indent, FILE *out)
{
    size_t width = 0;
    for (int column = 0; column < PQnfields(result); column++) {
        const size_t name = strlen(PQfname(result, column));
        width = PQgetisnull(result, row, column) == 0 && name > width ? name : width;
    }
    for (int column = 0; column < PQnfields(result); column++) {
        char memory[INSTANT_TEXT_SIZE + 1];
        if (PQgetisnull(result, row, column) != 0) {
            continue;
        }
        (void)fprintf(out, "%s%-*s  ", indent, (int)width, PQfname(result, column));
        printable_print(shown(result, row, column, memory), out);
        (void)fputc('\n', out);
    }
}

static void write_value(const PGresult *result, int row, int column, struct json *json)
{
    const struct span value = rows_value(result, row, column);
    char memory[INSTANT_TEXT_SIZE + 1];
    if (span_absent(value)) {
        json_null(json);
        return;
    }
    switch (PQftype(result, column)) {
    case COLUMN_BOOLEAN:
        json_boolean(json, value.bytes[0] == 't');
        return;
    case COLUMN_INT8:
    case COLUMN_INT4:
    case COLUMN_INT2:
        json_integer(json, rows_integer(result, row, column));
        return;
    case COLUMN_JSON:
        json_verbatim(json, value);
        return;
    case COLUMN_INSTANT:
        if (instant_of(value, memory)) {
            json_string(json, memory);
            return;
        }
        break;
    default:
        break;
    }
    json_span(json, value);
}

void rows_write(const PGresult *result, int row, int first, struct json *json)
{
    json_object(json);
    for (int column = first; column < PQnfields(result); column++) {
        json_key(json, PQfname(result, column));
        write_value(result, row, column, json);
    }
    json_object_end(json);
}

size_t rows_json_size(const PGresult *result)
{
    size_t size = 1;
    for (int column = 0; column < PQnfields(result); column++) {
        const size_t name = strlen(PQfname(result, column)) + sizeof "{\"\":null,\"\"}";
        size += (name + INSTANT_TEXT_SIZE) * (size_t)PQntuples(result);
        for (int row = 0; row < PQntuples(result); row++) {
            size += (size_t)PQgetlength(result, row, column) * 6; /* an escape's length, at most */
        }
    }
    return size;
}

void rows_print_json(const PGresult *result, FILE *out)
{
    struct text text;
    const size_t size = rows_json_size(result);
    char *memory = rows_memory(size);
    text_init(&text, memory, size);
    for (int row = 0; row < PQntuples(result); row++) {
        struct json json = json_on(&text);
        text_reset(&text);
        rows_write(result, row, 0, &json);
        ENSURE(!text.full);
        printable_line((struct span){text.bytes, (uint32_t)text.size}, out);
    }
    free(memory);
}

struct span rows_value(const PGresult *result, int row, int column)
{
    if (PQgetisnull(result, row, column) != 0) {
        return SPAN_NONE;
    }
    return (struct span){PQgetvalue(result, row, column),
                         (uint32_t)PQgetlength(result, row, column)};
}

int64_t rows_integer(const PGresult *result, int row, int column)
{
    ENSURE(PQgetisnull(result, row, column) == 0);
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

char *rows_memory(size_t size)
{
    char *memory = malloc(size);
    ENSURE(memory != NULL);
    return memory;
}
