/* SPDX-License-Identifier: Apache-2.0
 *
 * till stock import: a set job for each line of a CSV file. All lines are read before the first is
 * sent, so that a file with a bad line changes nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/commands/command.h"
#include "worker/commands/csv.h"
#include "worker/commands/draft.h"
#include "worker/commands/rows.h"
#include "worker/commands/sending.h"
#include "worker/commands/stock_parts.h"

#define FILE_SIZE_MAX (256u * 1024u * 1024u)
#define BODY_MAX      2048u

static const struct option options[] = {
    {"pool", "POOL", "into this pool (" JOB_POOL_DEFAULT ")"},
    STOCK_SENDING_OPTIONS,
    {0},
};

struct import_line {
    struct span sku;
    struct span qty;
    uint32_t line;
};

struct import {
    const struct invocation *invocation;
    char id[DRAFT_ID_MAX]; /* of the whole; each line's is this and its number */
    char *bytes;           /* the file */
    size_t size;
    struct import_line *lines;
    size_t count;
    size_t bad;
};

static bool read_file(struct import *import, const char *name, struct error *error)
{
    FILE *file = fopen(name, "rbe");
    if (file == NULL) {
        return error_set(error, ERROR_USAGE, "%s: %s", name, strerror(errno));
    }
    size_t capacity = 1u << 16;
    import->bytes = rows_memory(capacity);
    for (size_t more = 1; more > 0 && import->size < FILE_SIZE_MAX;) {
        more = fread(import->bytes + import->size, 1, capacity - import->size, file);
        import->size += more;
        if (import->size == capacity) {
            capacity *= 2;
            char *larger = realloc(import->bytes, capacity);
            ENSURE(larger != NULL);
            import->bytes = larger;
        }
    }
    const bool good = ferror(file) == 0 && import->size < FILE_SIZE_MAX;
    (void)fclose(file); /* it was only read */
    return good || error_set(error, ERROR_USAGE, "%s: it cannot be read, or has more than %u MiB",
                             name, FILE_SIZE_MAX >> 20);
}

static void bad_line(struct import *import, uint32_t line, const char *what)
{
    import->bad++;
    (void)fprintf(stderr, "line %u: %s\n", line, what);
}

/* Which column is which. False: they are not as they should be. */
static bool read_heading(struct import *import, struct csv *csv, size_t *sku_at)
{
    struct span fields[2];
    size_t count = 0;
    uint32_t line;
    const char *fault;
    const bool record = csv_next(csv, fields, 2, &count, &line, &fault) == CSV_RECORD && count == 2;
    const struct span sku = SPAN_OF("sku");
    const struct span qty = SPAN_OF("qty");
    *sku_at = record && span_equal(fields[1], sku) ? 1 : 0;
    if (record && span_equal(fields[*sku_at], sku) && span_equal(fields[1 - *sku_at], qty)) {
        return true;
    }
    bad_line(import, line, "the first line must name two columns: sku,qty");
    return false;
}

/* The job of one line. */
static void write_job(const struct import *import, const struct import_line *line,
                      struct text *text)
{
    char id[DRAFT_ID_MAX + 16];
    char qty[24];
    struct json json = json_on(text);
    const char *pool = invocation_value(import->invocation, "pool");
    (void)snprintf(id, sizeof id, "%s.%u", import->id, line->line);
    (void)snprintf(qty, sizeof qty, "%.*s", SPAN_ARGUMENTS(line->qty)); /* cut, it is too large */
    draft_begin(&json, id, "set");
    if (pool != NULL) {
        json_member_string(&json, "pool", pool);
    }
    json_key(&json, "items");
    json_array(&json);
    json_object(&json);
    json_member_span(&json, "sku", line->sku);
    draft_number(&json, "qty", qty);
    json_object_end(&json);
    json_array_end(&json);
    json_object_end(&json);
}

/* By the parser that workers use. */
static bool check_line(struct import *import, struct sending *sending,
                       const struct import_line *line)
{
    char memory[BODY_MAX];
    char what[JOB_FAULT_TEXT_MAX + JOB_POINTER_MAX];
    struct text text;
    struct job job;
    struct job_fault fault;
    if (line->sku.size > JOB_TEXT_MAX) {
        bad_line(import, line->line, "sku must have at most 128 bytes");
        return false;
    }
    text_init(&text, memory, sizeof memory);
    write_job(import, line, &text);
    arena_init(&sending->arena, sending->memory, sizeof sending->memory);
    if (job_parse((struct span){text.bytes, (uint32_t)text.size}, SPAN_NONE, &sending->arena, &job,
                  &fault)) {
        return true;
    }
    const char *column =
        strncmp(fault.pointer.bytes, "/items/0/sku", fault.pointer.size) == 0   ? "sku"
        : strncmp(fault.pointer.bytes, "/items/0/qty", fault.pointer.size) == 0 ? "qty"
                                                                                : "this line";
    (void)snprintf(what, sizeof what, "%s %.*s", column, SPAN_ARGUMENTS(fault.text));
    bad_line(import, line->line, what);
    return false;
}

static int by_sku(const void *left, const void *right)
{
    const struct import_line *a = left;
    const struct import_line *b = right;
    const int order = span_compare(a->sku, b->sku);
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

static int by_line(const void *left, const void *right)
{
    const struct import_line *a = left;
    const struct import_line *b = right;
    return (a->line > b->line) - (a->line < b->line);
}

static void check_repeats(struct import *import)
{
    char what[64];
    qsort(import->lines, import->count, sizeof import->lines[0], by_sku);
    for (size_t i = 1; i < import->count; i++) {
        if (span_equal(import->lines[i - 1].sku, import->lines[i].sku)) {
            (void)snprintf(what, sizeof what, "its SKU stands in line %u already",
                           import->lines[i - 1].line);
            bad_line(import, import->lines[i].line, what);
        }
    }
    qsort(import->lines, import->count, sizeof import->lines[0], by_line);
}

static void read_lines(struct import *import, struct sending *sending)
{
    struct csv csv;
    struct span fields[2];
    size_t count;
    size_t sku_at;
    uint32_t line;
    const char *fault = NULL;
    csv_init(&csv, import->bytes, import->size);
    if (!read_heading(import, &csv, &sku_at)) {
        return;
    }
    for (;;) {
        const enum csv_answer answer = csv_next(&csv, fields, 2, &count, &line, &fault);
        if (answer == CSV_END) {
            break;
        }
        if (answer == CSV_BAD || count != 2) {
            bad_line(import, line, answer == CSV_BAD ? fault : "there must be two fields");
            continue;
        }
        const struct import_line found = {fields[sku_at], fields[1 - sku_at], line};
        if (check_line(import, sending, &found)) {
            import->lines[import->count++] = found;
        }
    }
    check_repeats(import);
}

/* For people only what was not done: the rest is as the file says. */
static void print_refused(struct sending *sending, const struct till_event *event,
                          struct span bytes)
{
    if (sending->as_json || strcmp(event->outcome, "stocked") != 0) {
        sending_print_event(sending, event, bytes);
    }
}

static bool send_lines(struct import *import, struct sending *sending, struct error *error)
{
    char memory[BODY_MAX];
    struct text text;
    struct job job;
    text_init(&text, memory, sizeof memory);
    for (size_t i = 0; i < import->count; i++) {
        text_reset(&text);
        write_job(import, &import->lines[i], &text);
        const struct span body = {text.bytes, (uint32_t)text.size};
        if (!sending_parse(sending, body, &job, error) ||
            !sending_add(sending, &job, body, error)) {
            return false;
        }
    }
    return sending_finish(sending, error);
}

static bool import_file(struct import *import, struct sending *sending, struct error *error)
{
    const char *name = import->invocation->operands[0];
    uint32_t seconds;
    if (!stock_wait(import->invocation, &seconds, error) ||
        !draft_id("import", import->id, error) || !read_file(import, name, error)) {
        return false;
    }
    /* No line is shorter than this many bytes: a SKU, a comma, a number. */
    import->lines =
        (struct import_line *)rows_memory((import->size / 3 + 2) * sizeof import->lines[0]);
    read_lines(import, sending);
    if (import->bad > 0) {
        error_set(error, ERROR_USAGE, "%s: %zu lines are no good; nothing was sent", name,
                  import->bad);
        return error_advise(error, "Correct them and import again.");
    }
    return sending_open(sending, import->invocation, seconds, print_refused, error) &&
           send_lines(import, sending, error);
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct sending sending;
    struct import import = {.invocation = invocation};
    sending.as_json = invocation_value(invocation, "json") != NULL;
    const bool imported = import_file(&import, &sending, error);
    sending_close(&sending);
    free(import.lines);
    free(import.bytes);
    if (sending.sent > 0) {
        (void)fprintf(stderr, "%llu of %zu lines set, %llu refused, %llu undecided\n",
                      (unsigned long long)sending.granted, import.count,
                      (unsigned long long)sending.refused, (unsigned long long)sending.undecided);
    }
    *status = sending_status(&sending);
    return imported;
}

const struct command command_stock_import = {
    .name = "stock import",
    .operands = "FILE.csv",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "sets the units of many SKUs, from a file",
    .description =
        "The first line names the columns sku and qty. Every line is a set job of its own. Every "
        "bad line\n"
        "is named before anything is sent, and then nothing is. Refusals are printed; their ids "
        "end in the\n"
        "number of the line.",
    .options = options,
    .needs_config = true,
    .run = run,
};
