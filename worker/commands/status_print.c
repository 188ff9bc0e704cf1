/* SPDX-License-Identifier: Apache-2.0
 *
 * Shows what till status found: tables for people, one object for programs. */
#include <stdlib.h>

#include "common/base/text.h"
#include "worker/commands/rows.h"
#include "worker/commands/status_parts.h"

static const struct {
    const char *name;    /* in JSON */
    const char *heading; /* for people */
    bool one;            /* exactly one row */
} shown[REPORT_PARTS] = {
    [REPORT_PROBLEMS] = {"problems", NULL, false},
    [REPORT_GENERATIONS] = {"generations", "generations", false},
    [REPORT_LANES] = {"lanes", "lanes", false},
    [REPORT_WORKERS] = {"workers", "workers", false},
    [REPORT_HOLDS] = {"holds", "holds", true},
    [REPORT_DEAD] = {"dead_letters", "dead letters", false},
};

static void print_problems(const PGresult *problems, FILE *out)
{
    if (PQntuples(problems) == 0) {
        (void)fprintf(out, "all is well\n");
    }
    for (int row = 0; row < PQntuples(problems); row++) {
        (void)fprintf(out, "problem: %s\n      -> %s\n", PQgetvalue(problems, row, 0),
                      PQgetvalue(problems, row, 1));
    }
}

void status_print(const struct status_report *report, FILE *out)
{
    print_problems(report->parts[REPORT_PROBLEMS], out);
    for (enum report_part part = REPORT_GENERATIONS; part < REPORT_PARTS; part++) {
        struct rows_table table = {0};
        if (PQntuples(report->parts[part]) == 0) {
            continue;
        }
        (void)fprintf(out, "\n%s\n", shown[part].heading);
        rows_print(&table, report->parts[part], "  ", out);
    }
}

void status_print_json(const struct status_report *report, FILE *out)
{
    struct text text;
    size_t size = 256; /* for the names of the parts */
    for (size_t i = 0; i < REPORT_PARTS; i++) {
        size += rows_json_size(report->parts[i]);
    }
    char *memory = rows_memory(size);
    text_init(&text, memory, size);
    struct json json = json_on(&text);
    json_object(&json);
    for (enum report_part part = REPORT_PROBLEMS; part < REPORT_PARTS; part++) {
        json_key(&json, shown[part].name);
        if (shown[part].one) {
            rows_write(report->parts[part], 0, 0, &json);
            continue;
        }
        json_array(&json);
        for (int row = 0; row < PQntuples(report->parts[part]); row++) {
            rows_write(report->parts[part], row, 0, &json);
        }
        json_array_end(&json);
    }
    json_object_end(&json);
    ENSURE(!text.full);
    (void)fprintf(out, "%s\n", text.bytes);
    free(memory);
}
