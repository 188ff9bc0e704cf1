/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of the account at the end. */
#include "common/contract/event.h"
#include "tests/sim/sim_account.h"

/* Each edge between decisions was told of. */
static void check_edges(struct sim_account *account, const struct decision *decision,
                        const struct decision_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct decision_item *item = &items[i];
        if (!item->moved || item->edge == EDGE_NONE) {
            continue;
        }
        const uint32_t row = sim_rows_find(account->rows, decision->pool, item->sku);
        const enum stock_news news = item->edge == EDGE_OUT ? STOCK_OUT : STOCK_BACK;
        const struct sim_version *version =
            sim_account_version(account, row, (uint32_t)item->version);
        if ((version->settled & 1u << news) == 0) {
            sim_break(account->core, "nobody was told that \"%.*s\" is %s",
                      SPAN_ARGUMENTS(item->sku), item->edge == EDGE_OUT ? "out" : "back");
        }
    }
}

static void check_decision(struct sim_account *account, uint32_t number)
{
    const struct sim_job *job = &account->jobs[number];
    const struct decision *decision = job->decision;
    if (job->put_aside) { /* it never survived being told of: the dead letter is all there is */
        return;
    }
    if (!job->event_settled) {
        sim_break(account->core, "\"%.*s\" was decided, and nobody was told",
                  SPAN_ARGUMENTS(job->job.id));
    }
    check_edges(account, decision, decision->items, decision->item_count);
    check_edges(account, decision, decision->released_items, decision->released_count);
}

static bool moved_to(const struct decision_item *items, uint32_t count, const struct stock *stock)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].version == stock->version && span_equal(items[i].sku, stock->sku)) {
            return true;
        }
    }
    return false;
}

/* Whether the last change of a SKU was made by a job that was put aside afterwards. */
static bool is_untold(const struct sim_account *account, const struct stock *stock)
{
    for (uint32_t i = 0; i < account->job_count; i++) {
        const struct decision *decision = account->jobs[i].decision;
        if (decision != NULL && span_equal(decision->pool, stock->pool) &&
            (moved_to(decision->items, decision->item_count, stock) ||
             moved_to(decision->released_items, decision->released_count, stock))) {
            return account->jobs[i].put_aside;
        }
    }
    return false;
}

void sim_account_check(struct sim_account *account)
{
    for (uint32_t i = 0; i < account->job_count; i++) {
        if (account->jobs[i].decision != NULL) {
            check_decision(account, i);
        }
    }
    for (uint32_t i = 0; i < account->rows->row_count; i++) {
        const struct stock *stock = &account->rows->rows[i].stock;
        const struct sim_version *version =
            sim_account_version(account, i, (uint32_t)stock->version);
        const bool told = (version->settled & 1u << STOCK_CHANGED) != 0;
        if (stock->version > 0 && !told && !is_untold(account, stock)) {
            sim_break(account->core, "nobody was told how \"%.*s\" stands",
                      SPAN_ARGUMENTS(stock->sku));
        }
    }
}
