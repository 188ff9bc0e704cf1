/* SPDX-License-Identifier: Apache-2.0
 *
 * till stock list and show: the figures of SKUs, from the view that everybody may read. */
#include <stdio.h>
#include <string.h>

#include "common/contract/job_text.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/commands/rows.h"
#include "worker/commands/stock_parts.h"

/* A shop may have a million SKUs: they are read page by page. */
#define PAGE_ROWS "1000"

#define FIGURES \
    "pool, sku, unsold, held, available, version, per_customer, round, opens_at, closes_at"

static const struct option options[] = {
    {"pool", "POOL", "of this pool only"},
    {"json", NULL, "a JSON object a line"},
    {0},
};

/* Prints a page, and moves on behind its last row. */
struct listing {
    const struct invocation *invocation;
    struct rows_table table;
    char last_pool[JOB_STORE_MAX + 1];
    char last_sku[JOB_TEXT_MAX + 1];
};

static void print_page(struct listing *listing, const PGresult *result)
{
    const int last = PQntuples(result) - 1;
    if (invocation_value(listing->invocation, "json") != NULL) {
        rows_print_json(result, stdout);
    } else {
        rows_print(&listing->table, result, "", stdout);
    }
    (void)snprintf(listing->last_pool, sizeof listing->last_pool, "%s",
                   PQgetvalue(result, last, 0)); /* the tables bound both */
    (void)snprintf(listing->last_sku, sizeof listing->last_sku, "%s", PQgetvalue(result, last, 1));
}

static bool list(struct listing *listing, struct postgres *postgres, struct error *error)
{
    const char *pool = invocation_value(listing->invocation, "pool");
    for (int rows = -1; rows != 0;) {
        const char *const parameters[] = {listing->last_pool, listing->last_sku, pool};
        PGresult *result;
        if (!postgres_query(postgres,
                            "SELECT " FIGURES " FROM availability"
                            " WHERE (pool, sku) > ($1::text, $2::text)"
                            " AND ($3::text IS NULL OR pool = $3)"
                            " ORDER BY pool, sku LIMIT " PAGE_ROWS,
                            3, parameters, &result, error)) {
            return false;
        }
        rows = PQntuples(result);
        if (rows > 0) {
            print_page(listing, result);
        }
        PQclear(result);
    }
    return true;
}

bool stock_pool(const struct invocation *invocation, const char **pool, struct error *error)
{
    const char *value = invocation_value(invocation, "pool");
    *pool = value;
    if (value == NULL || job_store_valid((struct span){value, (uint32_t)strlen(value)})) {
        return true;
    }
    error_set(error, ERROR_USAGE, "--pool: \"%s\" is no pool", value);
    return error_advise(error, "A pool has 1 to %u of A-Z a-z 0-9 _ -", JOB_STORE_MAX);
}

static bool run_list(const struct invocation *invocation, enum exit_status *status,
                     struct error *error)
{
    const char *pool;
    struct postgres postgres;
    struct listing listing = {.invocation = invocation};
    if (!stock_pool(invocation, &pool, error) ||
        !postgres_open(&postgres, invocation->config, POSTGRES_COMMAND, "stock", error)) {
        return false;
    }
    const bool listed = list(&listing, &postgres, error);
    postgres_close(&postgres);
    if (listed && listing.last_sku[0] == '\0') {
        (void)fprintf(stderr, "till stock list: no SKU is known%s%s\n",
                      pool == NULL ? "" : " in pool ", pool == NULL ? "" : pool);
    }
    *status = STATUS_DONE;
    return listed;
}

bool stock_print(struct postgres *postgres, const char *sku, const char *pool, bool as_json,
                 bool *found, struct error *error)
{
    const char *const parameters[] = {sku, pool};
    struct rows_table table = {0};
    PGresult *result;
    if (!postgres_query(postgres,
                        "SELECT " FIGURES " FROM availability WHERE sku = $1::text"
                        " AND ($2::text IS NULL OR pool = $2) ORDER BY pool",
                        2, parameters, &result, error)) {
        return false;
    }
    *found = PQntuples(result) > 0;
    if (*found && as_json) {
        rows_print_json(result, stdout);
    } else if (*found) {
        rows_print(&table, result, "", stdout);
    }
    PQclear(result);
    return true;
}

static bool run_show(const struct invocation *invocation, enum exit_status *status,
                     struct error *error)
{
    const char *pool;
    struct postgres postgres;
    bool found = false;
    const char *sku = invocation->operands[0];
    if (!stock_pool(invocation, &pool, error) ||
        !postgres_open(&postgres, invocation->config, POSTGRES_COMMAND, "stock", error)) {
        return false;
    }
    const bool shown = stock_print(&postgres, sku, pool,
                                   invocation_value(invocation, "json") != NULL, &found, error);
    postgres_close(&postgres);
    if (!shown) {
        return false;
    }
    if (!found) {
        error_set(error, ERROR_REFUSED, "SKU \"%s\" is not known%s%s", sku,
                  pool == NULL ? "" : " in pool ", pool == NULL ? "" : pool);
        return error_advise(error, "What is known: till stock list. To add units: till stock add "
                                   "SKU=N");
    }
    *status = STATUS_DONE;
    return true;
}

static const struct command command_stock_list = {
    .name = "stock list",
    .operands = "",
    .summary = "what can be sold, of which SKU, from which pool",
    .description = "A line for each SKU in each pool. unsold: units not sold; held: the part of it "
                   "that customers\n"
                   "hold; available: the rest; version: how often unsold or held has changed.",
    .options = options,
    .needs_config = true,
    .run = run_list,
};

static const struct command command_stock_show = {
    .name = "stock show",
    .operands = "SKU",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "the same of one SKU",
    .description = "In every pool that has it, or in one. Exit 1: it is not known.",
    .options = options,
    .needs_config = true,
    .run = run_show,
};

static const struct command *const stock_commands[] = {
    &command_stock_list, &command_stock_show,   &command_stock_add,    &command_stock_remove,
    &command_stock_set,  &command_stock_define, &command_stock_import, NULL,
};

const struct command command_stock = {
    .name = "stock",
    .commands = stock_commands,
    .operands = "",
    .summary = "what can be sold: shows and changes it",
};
