/* SPDX-License-Identifier: Apache-2.0
 *
 * CSV, record by record. */
#include "worker/commands/csv.h"

#include <string.h>

void csv_init(struct csv *csv, char *bytes, size_t size)
{
    static const char mark[] = "\xef\xbb\xbf";
    *csv = (struct csv){.bytes = bytes, .size = size, .line = 1};
    if (size >= 3 && memcmp(bytes, mark, 3) == 0) {
        csv->at = 3;
    }
}

/* The bytes of a line's end at this place; 0: there is none. The end of all is one of no bytes. */
static size_t line_end(const struct csv *csv)
{
    if (csv->at < csv->size && csv->bytes[csv->at] == '\n') {
        return 1;
    }
    return csv->at + 1 < csv->size && csv->bytes[csv->at] == '\r' && csv->bytes[csv->at + 1] == '\n'
               ? 2
               : 0;
}

static bool at_field_end(const struct csv *csv)
{
    return csv->at >= csv->size || csv->bytes[csv->at] == ',' || line_end(csv) > 0;
}

static const char *read_quoted(struct csv *csv, struct span *field)
{
    char *const begin = &csv->bytes[++csv->at];
    size_t size = 0;
    for (;;) {
        if (csv->at >= csv->size) {
            return "a quote is not closed";
        }
        const char byte = csv->bytes[csv->at++];
        if (byte == '"' && (csv->at >= csv->size || csv->bytes[csv->at] != '"')) {
            break;
        }
        csv->at += byte == '"';
        csv->line += byte == '\n';
        begin[size++] = byte;
    }
    *field = (struct span){begin, (uint32_t)size};
    return at_field_end(csv) ? NULL : "something follows a closing quote";
}

static const char *read_plain(struct csv *csv, struct span *field)
{
    const size_t begin = csv->at;
    while (!at_field_end(csv)) {
        const char byte = csv->bytes[csv->at];
        if (byte == '"') {
            return "a quote stands in the middle of a field";
        }
        if (byte == '\r') {
            return "a carriage return stands in the middle of a line";
        }
        csv->at++;
    }
    *field = (struct span){csv->bytes + begin, (uint32_t)(csv->at - begin)};
    return NULL;
}

static const char *read_record(struct csv *csv, struct span *fields, size_t fields_max,
                               size_t *count)
{
    *count = 0;
    for (;;) {
        struct span field;
        const bool quoted = csv->at < csv->size && csv->bytes[csv->at] == '"';
        const char *fault = quoted ? read_quoted(csv, &field) : read_plain(csv, &field);
        if (fault != NULL) {
            return fault;
        }
        if (*count == fields_max) {
            return "there are too many fields";
        }
        fields[(*count)++] = field;
        if (csv->at >= csv->size || csv->bytes[csv->at] != ',') {
            return NULL;
        }
        csv->at++;
    }
}

static void skip_line(struct csv *csv)
{
    while (csv->at < csv->size && csv->bytes[csv->at] != '\n') {
        csv->at++;
    }
}

enum csv_answer csv_next(struct csv *csv, struct span *fields, size_t fields_max, size_t *count,
                         uint32_t *line, const char **fault)
{
    for (size_t end = line_end(csv); end > 0; end = line_end(csv)) {
        csv->at += end;
        csv->line++;
    }
    *line = csv->line;
    if (csv->at >= csv->size) {
        return CSV_END;
    }
    *fault = read_record(csv, fields, fields_max, count);
    if (*fault != NULL) {
        skip_line(csv);
        return CSV_BAD;
    }
    return CSV_RECORD;
}
