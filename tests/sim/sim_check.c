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

static void check_decision(struct sim_account *account, const struct sim_job *job)
{
    const struct decision *decision = job->decision;
    if (!job->event_settled) {
        sim_break(account->core, "\"%.*s\" was decided, and nobody was told",
                  SPAN_ARGUMENTS(job->job.id));
    }
    check_edges(account, decision, decision->items, decision->item_count);
    check_edges(account, decision, decision->released_items, decision->released_count);
}

void sim_account_check(struct sim_account *account)
{
    for (uint32_t i = 0; i < account->job_count; i++) {
        if (account->jobs[i].decision != NULL) {
            check_decision(account, &account->jobs[i]);
        }
    }
    for (uint32_t i = 0; i < account->rows->row_count; i++) {
        const struct stock *stock = &account->rows->rows[i].stock;
        if (stock->version > 0 &&
            (sim_account_version(account, i, (uint32_t)stock->version)->settled &
             1u << STOCK_CHANGED) == 0) {
            sim_break(account->core, "nobody was told how \"%.*s\" stands",
                      SPAN_ARGUMENTS(stock->sku));
        }
    }
}
