/* SPDX-License-Identifier: Apache-2.0
 *
 * till show: everything that the database knows about a job. All of it is of one moment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/commands/printable.h"
#include "worker/commands/rows.h"

static const struct option options[] = {
    {"ref", "REF", "every job with this ref, instead of one by its id"},
    {"json", NULL, "a JSON object a line, one for each job"},
    {0},
};

/* The parts of a job's story, each a query with the job's id as $1. */
enum part {
    PART_DECISION,
    PART_SUMMARY, /* the decision for people, with two tables */
    PART_ITEMS,
    PART_FAULTS,
    PART_MOVEMENTS,
    PART_HOLD,
    PART_RETURNED,
    PART_LATER,
    PARTS,
};

/* Of a hold's and a sale's own jobs the columns hold and sale say nothing new. */
#define HOLD_AND_SALE                                                                    \
    "WITH self AS (SELECT id, decided_at, generation, lane, n, hold, sale FROM decision" \
    " WHERE id = $1::text) "

static const struct {
    const char *name;    /* in JSON; NULL: for people only */
    const char *heading; /* for people; NULL: in JSON only */
    const char *sql;
    bool one; /* at most one row */
} parts[PARTS] = {
    [PART_DECISION] = {"decision", NULL, "SELECT * FROM decision WHERE id = $1::text", true},
    [PART_SUMMARY] = {NULL, "",
                      "SELECT id, kind, outcome, reason, decided_at, ref, customer, store, pool,"
                      " slot, generation, lane, n, hold, sale, expires_at, meta FROM decision"
                      " WHERE id = $1::text",
                      true},
    [PART_FAULTS] = {NULL, "in the way",
                     "SELECT f.* FROM decision, json_to_recordset(faults) AS f ("
                     "sku text, reason text, wanted bigint, available bigint, held bigint,"
                     " \"limit\" bigint, taken bigint, opens_at text, closes_at text,"
                     " version bigint) WHERE id = $1::text",
                     false},
    [PART_ITEMS] = {NULL, "items",
                    "SELECT i.* FROM decision, json_to_recordset(items) AS i ("
                    "sku text, qty bigint, version bigint, available bigint) WHERE id = $1::text",
                    false},
    [PART_MOVEMENTS] = {"movements", "movements",
                        "SELECT pool, sku, version, kind, unsold_delta, held_delta, at"
                        " FROM movement WHERE job = $1::text ORDER BY pool, sku, version",
                        false},
    [PART_HOLD] = {"hold", "hold",
                   HOLD_AND_SALE "SELECT h.* FROM self JOIN hold AS h ON h.id = self.hold", true},
    [PART_RETURNED] = {"returned", "returned",
                       HOLD_AND_SALE "SELECT r.sku, r.qty, r.last_by FROM self"
                                     " JOIN returns AS r ON r.sale = self.sale ORDER BY r.sku",
                       false},
    [PART_LATER] = {"later", "later jobs on it",
                    HOLD_AND_SALE
                    "SELECT d.decided_at, d.id, d.kind, d.outcome, d.reason FROM self"
                    " JOIN LATERAL (SELECT id FROM decisions WHERE hold = self.hold"
                    "  UNION SELECT id FROM decisions WHERE sale = self.sale"
                    "  UNION SELECT self.sale) AS t ON true"
                    " JOIN decision AS d ON d.id = t.id"
                    " WHERE d.id <> self.id AND (d.decided_at > self.decided_at"
                    "  OR (d.decided_at = self.decided_at AND d.generation = self.generation"
                    "   AND d.lane = self.lane AND d.n > self.n))"
                    " ORDER BY d.decided_at, d.generation, d.lane, d.n",
                    false},
};

struct story {
    PGresult *results[PARTS];
};

static void story_free(struct story *story)
{
    for (size_t i = 0; i < PARTS; i++) {
        PQclear(story->results[i]);
    }
}

/* False frees what was read. */
static bool story_read(struct postgres *postgres, const char *id, struct story *story,
                       struct error *error)
{
    const char *const parameters[] = {id};
    *story = (struct story){0};
    for (size_t i = 0; i < PARTS; i++) {
        if (!postgres_query(postgres, parts[i].sql, 1, parameters, &story->results[i], error)) {
            story_free(story);
            return false;
        }
    }
    return true;
}

static void write_list(const PGresult *result, struct json *json)
{
    json_array(json);
    for (int row = 0; row < PQntuples(result); row++) {
        rows_write(result, row, 0, json);
    }
    json_array_end(json);
}

static void write_one(const PGresult *result, struct json *json)
{
    if (PQntuples(result) == 0) {
        json_null(json);
    } else {
        rows_write(result, 0, 0, json);
    }
}

static void story_print_json(const struct story *story)
{
    struct text text;
    size_t size = 256; /* for the names of the parts */
    for (size_t i = 0; i < PARTS; i++) {
        size += rows_json_size(story->results[i]);
    }
    char *memory = rows_memory(size);
    text_init(&text, memory, size);
    struct json json = json_on(&text);
    json_object(&json);
    for (enum part part = PART_DECISION; part < PARTS; part++) {
        if (parts[part].name == NULL) {
            continue;
        }
        json_key(&json, parts[part].name);
        if (parts[part].one) {
            write_one(story->results[part], &json);
        } else {
            write_list(story->results[part], &json);
        }
    }
    json_object_end(&json);
    ENSURE(!text.full);
    printable_line((struct span){text.bytes, (uint32_t)text.size}, stdout);
    free(memory);
}

static void story_print(const struct story *story)
{
    for (enum part part = PART_DECISION; part < PARTS; part++) {
        const PGresult *result = story->results[part];
        struct rows_table table = {0};
        if (parts[part].heading == NULL || PQntuples(result) == 0) {
            continue;
        }
        if (parts[part].heading[0] != '\0') {
            (void)printf("%s\n", parts[part].heading);
        }
        if (parts[part].one) {
            rows_print_record(result, 0, part == PART_SUMMARY ? "" : "  ", stdout);
        } else {
            rows_print(&table, result, "  ", stdout);
        }
    }
}

/* A job without a decision has no story: *found stays as it was. */
static bool show(struct postgres *postgres, const char *id, bool as_json, uint32_t *found,
                 struct error *error)
{
    struct story story;
    if (!story_read(postgres, id, &story, error)) {
        return false;
    }
    if (PQntuples(story.results[PART_DECISION]) > 0) {
        if (as_json) {
            story_print_json(&story);
        } else {
            (void)printf("%s", *found == 0 ? "" : "\n");
            story_print(&story);
        }
        (*found)++;
    }
    story_free(&story);
    return true;
}

static bool show_ref(struct postgres *postgres, const char *ref, bool as_json, uint32_t *found,
                     struct error *error)
{
    const char *const parameters[] = {ref};
    PGresult *ids;
    if (!postgres_query(postgres,
                        "SELECT id FROM decision WHERE ref = $1::text"
                        " ORDER BY decided_at, generation, lane, n",
                        1, parameters, &ids, error)) {
        return false;
    }
    bool shown = true;
    for (int row = 0; shown && row < PQntuples(ids); row++) {
        shown = show(postgres, PQgetvalue(ids, row, 0), as_json, found, error);
    }
    PQclear(ids);
    return shown;
}

static bool show_all(const struct invocation *invocation, struct postgres *postgres,
                     uint32_t *found, struct error *error)
{
    const char *ref = invocation_value(invocation, "ref");
    const bool as_json = invocation_value(invocation, "json") != NULL;
    if (!postgres_execute(postgres, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0, NULL,
                          error)) {
        return false;
    }
    const bool shown = ref != NULL ? show_ref(postgres, ref, as_json, found, error)
                                   : show(postgres, invocation->operands[0], as_json, found, error);
    postgres_rollback(postgres); /* it has only read */
    return shown;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    const char *ref = invocation_value(invocation, "ref");
    struct postgres postgres;
    uint32_t found = 0;
    if ((ref == NULL) != (invocation->operand_count == 1)) {
        return error_set(error, ERROR_USAGE, "name one job: till show ID, or: till show --ref REF");
    }
    if (!postgres_open(&postgres, invocation->config, POSTGRES_COMMAND, "show", error)) {
        return false;
    }
    const bool shown = show_all(invocation, &postgres, &found, error);
    postgres_close(&postgres);
    if (!shown) {
        return false;
    }
    if (found == 0) {
        error_set(error, ERROR_REFUSED, "no decision is recorded of %s \"%s\"",
                  ref == NULL ? "job" : "ref", ref == NULL ? invocation->operands[0] : ref);
        return error_advise(error, "It may wait in its lane, be among the dead letters, or be "
                                   "forgotten (till help prune).");
    }
    *status = STATUS_DONE;
    return true;
}

const struct command command_show = {
    .name = "show",
    .operands = "ID | --ref REF",
    .operands_max = 1,
    .summary = "everything known about a job",
    .description = "Its decision, the movements that it made, the hold and what came back of the "
                   "sale that it is\n"
                   "about, and later jobs on them. Exit 1: no decision is recorded.",
    .options = options,
    .needs_config = true,
    .run = run,
};
