/* SPDX-License-Identifier: Apache-2.0
 *
 * till stock add, remove, set and define: one stock job, and what it changed. */
#include <stdio.h>
#include <string.h>

#include "common/contract/names.h"
#include "worker/commands/command.h"
#include "worker/commands/draft.h"
#include "worker/commands/rows.h"
#include "worker/commands/sending.h"
#include "worker/commands/stock_parts.h"

static const struct option options[] = {
    {"pool", "POOL", "in this pool (" JOB_POOL_DEFAULT ")"},
    {"id", "ID", "the job's id (a new one)"},
    STOCK_SENDING_OPTIONS,
    {0},
};

static const struct option set_options[] = {
    {"pool", "POOL", "in this pool (" JOB_POOL_DEFAULT ")"},
    {"if-version", "N", "only if this is the SKU's version still"},
    {"id", "ID", "the job's id (a new one)"},
    STOCK_SENDING_OPTIONS,
    {0},
};

static const struct option define_options[] = {
    DRAFT_DEFINITION_OPTIONS,
    {"pool", "POOL", "in this pool (" JOB_POOL_DEFAULT ")"},
    {"id", "ID", "the job's id (a new one)"},
    STOCK_SENDING_OPTIONS,
    {0},
};

/* What the job changed, in figures that its own movements prove. */
static const char changes_sql[] =
    "SELECT i.sku, i.available - m.unsold_delta AS before, i.available AS after, m.version"
    " FROM decision AS d CROSS JOIN LATERAL json_to_recordset(d.items)"
    "  AS i (sku text, available bigint)"
    " LEFT JOIN movement AS m ON m.job = d.id AND m.sku = i.sku WHERE d.id = $1::text";

bool stock_wait(const struct invocation *invocation, uint32_t *seconds, struct error *error)
{
    *seconds = STOCK_WAIT_SECONDS;
    return invocation_number(invocation, "wait", 1, SENDING_WAIT_MAX, seconds, error);
}

/* Available units before and after, for people. */
static bool print_changes(struct sending *sending, const struct till_event *event)
{
    const char *const parameters[] = {event->job};
    struct rows_table table = {0};
    struct error error = {0};
    PGresult *result = NULL;
    if (!postgres_query(&sending->postgres, changes_sql, 1, parameters, &result, &error)) {
        return false;
    }
    (void)printf("available in pool %s\n", event->pool);
    rows_print(&table, result, "", stdout);
    PQclear(result);
    return true;
}

static bool print_definition(struct sending *sending, const struct till_event *event)
{
    bool found = false;
    struct error error = {0};
    return stock_print(&sending->postgres, event->items[0].sku, event->pool, false, &found, &error);
}

/* What is decided is decided, whatever the database says of it: then the event itself is printed.
 */
static void print_outcome(struct sending *sending, const struct till_event *event,
                          struct span bytes)
{
    bool printed = false;
    if (!sending->as_json && strcmp(event->outcome, "stocked") == 0) {
        printed = strcmp(event->kind, kind_text(KIND_DEFINE)) == 0
                      ? print_definition(sending, event)
                      : print_changes(sending, event);
    }
    if (!printed) {
        sending_print_event(sending, event, bytes);
    }
}

static bool write_job(const struct invocation *invocation, enum kind kind, const char *sign,
                      struct text *text, struct error *error)
{
    char fresh[DRAFT_ID_MAX];
    struct json json = json_on(text);
    const char *id = invocation_value(invocation, "id");
    const char *pool = invocation_value(invocation, "pool");
    const char *version = kind == KIND_SET ? invocation_value(invocation, "if-version") : NULL;
    if (id == NULL && !draft_id(kind_text(kind), fresh, error)) {
        return false;
    }
    draft_begin(&json, id == NULL ? fresh : id, kind_text(kind));
    if (pool != NULL) {
        json_member_string(&json, "pool", pool);
    }
    if (kind == KIND_DEFINE) {
        draft_definition(&json, invocation, invocation->operands[0]);
    } else if (!draft_items(&json, invocation->operands, invocation->operand_count, NULL, sign,
                            version, error)) {
        return false;
    }
    json_object_end(&json);
    return !text->full || error_set(error, ERROR_USAGE, "a job has at most %u bytes", JOB_SIZE_MAX);
}

/* The database is opened before anything is sent: it is needed to say what has changed. */
static bool change(struct sending *sending, const struct invocation *invocation, enum kind kind,
                   const char *sign, struct error *error)
{
    static char memory[JOB_SIZE_MAX + 1];
    struct text text;
    struct job job;
    uint32_t seconds;
    text_init(&text, memory, sizeof memory);
    if (!stock_wait(invocation, &seconds, error) ||
        !write_job(invocation, kind, sign, &text, error)) {
        return false;
    }
    const struct span body = {text.bytes, (uint32_t)text.size};
    return sending_parse(sending, body, &job, error) &&
           postgres_open(&sending->postgres, invocation->config, POSTGRES_COMMAND, "stock",
                         error) &&
           sending_open(sending, invocation, seconds, print_outcome, error) &&
           sending_add(sending, &job, body, error) && sending_finish(sending, error);
}

static bool run_kind(const struct invocation *invocation, enum kind kind, const char *sign,
                     enum exit_status *status, struct error *error)
{
    static struct sending sending;
    sending.as_json = invocation_value(invocation, "json") != NULL;
    const bool changed = change(&sending, invocation, kind, sign, error);
    sending_close(&sending);
    *status = sending_status(&sending);
    return changed;
}

static bool run_add(const struct invocation *invocation, enum exit_status *status,
                    struct error *error)
{
    return run_kind(invocation, KIND_ADJUST, "", status, error);
}

static bool run_remove(const struct invocation *invocation, enum exit_status *status,
                       struct error *error)
{
    return run_kind(invocation, KIND_ADJUST, "-", status, error);
}

static bool run_set(const struct invocation *invocation, enum exit_status *status,
                    struct error *error)
{
    return run_kind(invocation, KIND_SET, "", status, error);
}

static bool run_define(const struct invocation *invocation, enum exit_status *status,
                       struct error *error)
{
    return run_kind(invocation, KIND_DEFINE, "", status, error);
}

const struct command command_stock_add = {
    .name = "stock add",
    .operands = "SKU=N ...",
    .operands_min = 1,
    .operands_max = JOB_ITEMS_MAX,
    .summary = "adds units; makes a SKU known",
    .description = "All of them or none, in one job. Prints what was available before and after.",
    .options = options,
    .needs_config = true,
    .run = run_add,
};

const struct command command_stock_remove = {
    .name = "stock remove",
    .operands = "SKU=N ...",
    .operands_min = 1,
    .operands_max = JOB_ITEMS_MAX,
    .summary = "takes units away, but none that customers hold",
    .description = "All of them or none, in one job. Prints what was available before and after.",
    .options = options,
    .needs_config = true,
    .run = run_remove,
};

const struct command command_stock_set = {
    .name = "stock set",
    .operands = "SKU=N ...",
    .operands_min = 1,
    .operands_max = JOB_ITEMS_MAX,
    .summary = "sets the units not sold, after a count",
    .description =
        "N is the count less what is sold and not yet shipped. All of them or none, in one job.\n"
        "Prints what was available before and after.",
    .options = set_options,
    .needs_config = true,
    .run = run_set,
};

const struct command command_stock_define = {
    .name = "stock define",
    .operands = "SKU",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "limit per customer, round and times of sale",
    .description = "What is not named stays as it is; an empty value clears. A limit counts what a "
                   "customer buys\n"
                   "and holds while there is one: earlier sales do not count.",
    .options = define_options,
    .needs_config = true,
    .run = run_define,
};
