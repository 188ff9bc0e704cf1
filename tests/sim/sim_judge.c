/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds the model, and compares. */
#include "tests/sim/sim_judge.h"

#include "common/base/ensure.h"
#include "common/contract/names.h"
#include "tests/support/compare.h"
#include "till/slot.h"

#define CHANGES_MAX (sizeof((struct sim_judge *)NULL)->changes / sizeof(struct sim_change *))

/* They are nearly in order. */
static void sort_changes(struct sim_judge *judge, const struct sim_database *database)
{
    judge->change_count = 0;
    for (const struct sim_change *change = database->first; change != NULL; change = change->next) {
        ENSURE(judge->change_count < CHANGES_MAX);
        uint32_t at = judge->change_count++;
        for (; at > 0 && judge->changes[at - 1]->read_at > change->read_at; at--) {
            judge->changes[at] = judge->changes[at - 1];
        }
        judge->changes[at] = change;
    }
}

static bool slot_is_right(const struct sim_account *account, const struct sim_job *job,
                          uint32_t slot)
{
    if (job->job.item_count > 0) {
        const struct span sku = job->job.items[0].sku;
        return slot == till_slot(sku.bytes, sku.size);
    }
    for (uint32_t i = job->first_copy; i != SIM_COPY_NONE; i = account->copies[i].next) {
        if (account->copies[i].slot == slot) {
            return true;
        }
    }
    return false;
}

static const char *judge_entry(struct sim_judge *judge, struct sim_account *account,
                               const struct sim_entry *entry)
{
    const struct sim_job *job = sim_account_job(account, entry->id, entry->meaning);
    if (job == NULL || job->class == CLASS_MALFORMED) {
        return "nobody has sent it";
    }
    if (!slot_is_right(account, job, entry->slot)) {
        return "its slot is another's";
    }
    const struct entry input = {.job = &job->job,
                                .meaning = entry->meaning,
                                .slot = entry->slot,
                                .from_stock_exchange = entry->from_stock_exchange};
    const struct model_result expected = model_decide(&judge->model, &input);
    if (entry->result.kind == RESULT_REPEAT) { /* events show that it is the same decision */
        return expected.kind == RESULT_REPEAT ? NULL : "kind of result";
    }
    return results_differ(&entry->result, &expected);
}

static void begin(struct sim_judge *judge, const struct sim_database *database)
{
    const struct sim_rows *rows = &database->rows;
    model_init(&judge->model);
    judge->model.others = rows->others;
    for (uint32_t i = 0; i < rows->store_count; i++) {
        judge->model.stores[judge->model.store_count++] =
            (struct model_store){rows->stores[i].name, rows->stores[i].pool};
    }
}

static bool stock_differs(struct model *model, const struct sim_row *row)
{
    const struct stock *stock = &row->stock;
    const struct model_stock *expected = model_stock(model, stock->pool, stock->sku);
    return stock->known != expected->known || stock->unsold != expected->unsold ||
           stock->version != expected->version || stock->per_customer != expected->per_customer ||
           !span_equal(stock->round, expected->round) || stock->opens_at != expected->opens_at ||
           stock->closes_at != expected->closes_at ||
           stock->held != model_held(model, stock->pool, stock->sku);
}

static bool tallies_differ(const struct model *model, const struct sim_row *row)
{
    for (const struct sim_tally *tally = row->tallies; tally != NULL; tally = tally->next) {
        if (tally->taken != model_taken(model, row->stock.pool, row->stock.sku, tally->round,
                                        tally->customer)) {
            return true;
        }
    }
    return false;
}

static bool sale_differs(const struct sale *sale, const struct model_record *record)
{
    if (sale == NULL || sale->line_count != record->line_count ||
        !span_equal(sale->ended_by, record->ended_by)) {
        return true;
    }
    for (uint32_t i = 0; i < sale->line_count; i++) {
        const struct line *line = &sale->lines[i];
        const struct model_line *expected = &record->lines[i];
        if (!span_equal(line->sku, expected->sku) || line->qty != expected->qty ||
            line->returned != expected->returned || line->counted != expected->counted ||
            (line->counted && !span_equal(line->round, expected->round))) {
            return true;
        }
    }
    return false;
}

static bool record_differs(const struct sim_rows *rows, const struct model_record *record)
{
    const struct sim_known *known = sim_rows_known(rows, record->job->id);
    if (known == NULL || known->decision == NULL) {
        return true;
    }
    const struct hold *hold = known->hold;
    if (record->is_hold != (hold != NULL) || record->is_sale != (known->sale != NULL)) {
        return true;
    }
    if (hold != NULL &&
        (hold->state != record->state || hold->expires_at != record->expires_at ||
         !span_equal(hold->ended_by, record->ended_by))) {
        return true;
    }
    return record->is_sale && sale_differs(known->sale, record);
}

static void judge_tables(struct sim_judge *judge, struct sim_core *core,
                         const struct sim_database *database)
{
    struct model *model = &judge->model;
    for (uint32_t i = 0; i < database->rows.row_count; i++) {
        const struct sim_row *row = &database->rows.rows[i];
        if (stock_differs(model, row)) {
            sim_break(core, "the stock of \"%.*s\" is not what the model says",
                      SPAN_ARGUMENTS(row->stock.sku));
        }
        if (tallies_differ(model, row)) {
            sim_break(core, "what customers have of \"%.*s\" is not what the model says",
                      SPAN_ARGUMENTS(row->stock.sku));
        }
    }
    for (uint32_t i = 0; i < model->record_count; i++) {
        if (record_differs(&database->rows, &model->records[i])) {
            sim_break(core, "the hold or sale \"%.*s\" is not what the model says",
                      SPAN_ARGUMENTS(model->records[i].job->id));
        }
    }
}

void sim_judge_run(struct sim_judge *judge, struct sim_core *core,
                   const struct sim_database *database, struct sim_account *account)
{
    begin(judge, database);
    sort_changes(judge, database);
    for (uint32_t i = 0; i < judge->change_count; i++) {
        const struct sim_change *change = judge->changes[i];
        judge->model.now = change->now;
        for (uint32_t k = 0; k < change->entry_count; k++) {
            const struct sim_entry *entry = &change->entries[k];
            const char *wrong = judge_entry(judge, account, entry);
            if (wrong != NULL) {
                sim_break(core, "lane %u, \"%.*s\": the model says something else: %s",
                          change->lane, SPAN_ARGUMENTS(entry->id), wrong);
                return;
            }
        }
    }
    if (judge->model.record_count != account->decisions) {
        sim_break(core, "%u decisions, and the model has %u", account->decisions,
                  judge->model.record_count);
    }
    judge_tables(judge, core, database);
}
