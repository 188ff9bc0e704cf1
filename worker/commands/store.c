/* SPDX-License-Identifier: Apache-2.0
 *
 * till store: which pool a store sells from. Workers read it with every batch. */
#include <stdio.h>
#include <string.h>

#include "common/contract/job_text.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/commands/rows.h"

static const struct option list_options[] = {
    {"json", NULL, "a JSON object a line; the store null stands for all others"},
    {0},
};

static const struct option assign_options[] = {
    {"others", NULL, "all stores that are assigned to none"},
    {0},
};

/* What is in force, so with the pool of the default store, which needs no row. */
static const char list_sql[] =
    "SELECT store, pool FROM (SELECT store, pool FROM store"
    " UNION ALL SELECT '" JOB_STORE_DEFAULT "', '" JOB_POOL_DEFAULT "'"
    " WHERE NOT EXISTS (SELECT FROM store WHERE store = '" JOB_STORE_DEFAULT "')) AS s"
    " ORDER BY store NULLS LAST";

static const char list_people_sql[] =
    "SELECT coalesce(store, '(all others)') AS store, pool FROM (SELECT store, pool FROM store"
    " UNION ALL SELECT '" JOB_STORE_DEFAULT "', '" JOB_POOL_DEFAULT "'"
    " WHERE NOT EXISTS (SELECT FROM store WHERE store = '" JOB_STORE_DEFAULT "')) AS s"
    " ORDER BY s.store NULLS LAST";

static bool run_list(const struct invocation *invocation, enum exit_status *status,
                     struct error *error)
{
    const bool as_json = invocation_value(invocation, "json") != NULL;
    struct rows_table table = {0};
    struct postgres postgres;
    PGresult *result = NULL;
    if (!postgres_open(&postgres, invocation->config, POSTGRES_COMMAND, "store", error)) {
        return false;
    }
    const bool read =
        postgres_query(&postgres, as_json ? list_sql : list_people_sql, 0, NULL, &result, error);
    if (read && as_json) {
        rows_print_json(result, stdout);
    } else if (read) {
        rows_print(&table, result, "", stdout);
    }
    PQclear(result);
    postgres_close(&postgres);
    *status = STATUS_DONE;
    return read;
}

static bool check_name(const char *what, const char *name, struct error *error)
{
    if (job_store_valid((struct span){name, (uint32_t)strlen(name)})) {
        return true;
    }
    error_set(error, ERROR_USAGE, "\"%s\" is no %s", name, what);
    return error_advise(error, "A %s has 1 to %u of A-Z a-z 0-9 _ -", what, JOB_STORE_MAX);
}

/* The store "" stands for the others. */
static bool assign(struct postgres *postgres, const char *store, const char *pool,
                   struct error *error)
{
    const char *const parameters[] = {store, pool};
    PGresult *result;
    if (!postgres_query(postgres,
                        "WITH assigned AS (INSERT INTO store_pools (store, pool)"
                        " VALUES ($1::text, $2::text)"
                        " ON CONFLICT (store) DO UPDATE SET pool = excluded.pool)"
                        " SELECT coalesce((SELECT pool FROM store_pools WHERE store = $1),"
                        " CASE WHEN $1 = '" JOB_STORE_DEFAULT "' THEN '" JOB_POOL_DEFAULT
                        "' ELSE (SELECT pool FROM store_pools WHERE store = '') END, '(none)'),"
                        " EXISTS (SELECT FROM availability WHERE pool = $2)",
                        2, parameters, &result, error)) {
        return false;
    }
    (void)printf("%s: %s -> %s\n", store[0] == '\0' ? "all others" : store,
                 PQgetvalue(result, 0, 0), pool);
    if (PQgetvalue(result, 0, 1)[0] == 'f') {
        (void)fprintf(stderr, "till store assign: no SKU is known in pool %s yet\n", pool);
    }
    PQclear(result);
    return true;
}

static bool run_assign(const struct invocation *invocation, enum exit_status *status,
                       struct error *error)
{
    const bool others = invocation_value(invocation, "others") != NULL;
    const size_t wanted = others ? 1 : 2;
    struct postgres postgres;
    if (invocation->operand_count != wanted) {
        error_set(error, ERROR_USAGE,
                  others ? "--others takes a pool and no store" : "a store needs its pool");
        return error_advise(error, "till store assign STORE POOL, or: till store assign --others "
                                   "POOL");
    }
    const char *store = others ? "" : invocation->operands[0];
    const char *pool = invocation->operands[wanted - 1];
    if ((!others && !check_name("store", store, error)) || !check_name("pool", pool, error) ||
        !postgres_open(&postgres, invocation->config, POSTGRES_COMMAND, "store", error)) {
        return false;
    }
    const bool assigned = assign(&postgres, store, pool, error);
    postgres_close(&postgres);
    *status = STATUS_DONE;
    return assigned;
}

static const struct command command_store_list = {
    .name = "store list",
    .operands = "",
    .summary = "the pool of each store",
    .description = "All others: stores that are assigned to none. Without that line their jobs are "
                   "refused with\n"
                   "unknown_store.",
    .options = list_options,
    .needs_config = true,
    .run = run_list,
};

static const struct command command_store_assign = {
    .name = "store assign",
    .operands = "[STORE] POOL",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "lets a store sell from a pool",
    .description = "In force from the next batch on. Holds and sales keep the pool that they were "
                   "made in.",
    .options = assign_options,
    .needs_config = true,
    .run = run_assign,
};

static const struct command *const store_commands[] = {
    &command_store_list,
    &command_store_assign,
    NULL,
};

const struct command command_store = {
    .name = "store",
    .commands = store_commands,
    .operands = "",
    .summary = "which pool a store sells from: shows and changes it",
};
