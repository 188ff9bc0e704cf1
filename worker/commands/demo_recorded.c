/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads decisions and stock by the stable views, as any other program could. */
#include "worker/commands/demo_recorded.h"

#include <stdlib.h>
#include <string.h>

#include "common/connect/postgres.h"
#include "worker/commands/demo_front.h"
#include "worker/commands/rows.h"

static bool agrees(const struct demo_buyer *buyer, const PGresult *result, int row)
{
    enum outcome outcome;
    return buyer->copies > 0 && outcome_of(rows_value(result, row, 1), &outcome) &&
           outcome == buyer->outcome && rows_integer(result, row, 2) == buyer->version;
}

/* In the order of their ids: copies of a row stand side by side. */
static bool read_decisions(struct postgres *postgres, const struct demo_account *account,
                           struct demo_recorded *recorded, struct error *error)
{
    static const char sql[] =
        "SELECT d.id, d.outcome, coalesce(m.version, 0)::bigint AS version FROM decision AS d"
        " LEFT JOIN movement AS m ON m.job = d.id WHERE d.kind = 'checkout' ORDER BY d.id";
    PGresult *result;
    if (!postgres_query(postgres, sql, 0, NULL, &result, error)) {
        return error_wrap(error, "read the decisions");
    }
    const int rows = PQntuples(result);
    for (int i = 0; i < rows; i++) {
        const char *id = PQgetvalue(result, i, 0);
        const struct demo_buyer *buyer = demo_account_buyer(account, id);
        const bool first = i == 0 || strcmp(PQgetvalue(result, i - 1, 0), id) != 0;
        recorded->decisions += first && buyer != NULL;
        recorded->unlike += !first || buyer == NULL || !agrees(buyer, result, i);
    }
    PQclear(result);
    return true;
}

static bool read_stock(struct postgres *postgres, struct demo_recorded *recorded,
                       struct error *error)
{
    const char *const parameters[] = {DEMO_SKU};
    PGresult *result;
    if (!postgres_query(postgres,
                        "SELECT unsold, held FROM availability WHERE pool = 'main' AND sku = $1", 1,
                        parameters, &result, error)) {
        return error_wrap(error, "read the stock");
    }
    const bool known = PQntuples(result) == 1;
    recorded->unsold = known ? rows_integer(result, 0, 0) : -1;
    recorded->held = known ? rows_integer(result, 0, 1) : -1;
    PQclear(result);
    return true;
}

bool demo_recorded_read(struct postgres *postgres, const struct demo_account *account,
                        struct demo_recorded *recorded, struct error *error)
{
    struct demo_recorded found = {0};
    if (!read_decisions(postgres, account, &found, error) || !read_stock(postgres, &found, error)) {
        return false;
    }
    *recorded = found;
    return true;
}
