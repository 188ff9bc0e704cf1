/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds the model, and compares. */
#include "tests/sim/sim_judge.h"

#include <stdio.h>

#include "common/base/ensure.h"
#include "common/contract/names.h"
#include "tests/support/compare.h"
#include "till/slot.h"

#define PLACES 16u /* between two statements: one before the other, if need be */

/* Who asks what a job could not see. */
struct asking {
    const struct sim_change *change;
    uint32_t decided_place; /* of the job; UINT32_MAX: it was not decided */
};

/* The place of what was decided under this id, if the job could not know of it: its transaction
 * could not, or it is behind the job in the same batch. */
static uint64_t unseen_place(const struct sim_account *account, struct span id,
                             const struct asking *asking)
{
    const uint32_t original = sim_account_original(account, id);
    const struct sim_job *job = original == SIM_JOB_NONE ? NULL : &account->jobs[original];
    if (job == NULL || job->decided_by == NULL) {
        return UINT64_MAX;
    }
    const bool unseen = job->decided_by == asking->change
                            ? job->decided_place > asking->decided_place
                            : job->decided_by->committed_at > asking->change->read_at;
    return unseen ? job->judged_at : UINT64_MAX;
}

/* Of what a job names: a hold or sale, and the commit that sold a hold which it wants to cancel. */
static uint64_t unseen_before(const struct sim_account *account, const struct job *job,
                              const struct asking *asking)
{
    const struct span named = !span_absent(job->hold)   ? job->hold
                              : !span_absent(job->sale) ? job->sale
                                                        : job->replaces;
    const struct sim_known *hold = sim_rows_known(account->rows, job->sale);
    const struct span sold = hold == NULL || hold->hold == NULL ? SPAN_NONE : hold->hold->sale;
    const uint64_t first = unseen_place(account, named, asking);
    const uint64_t second = unseen_place(account, sold, asking);
    return first < second ? first : second;
}

/* Whether a SKU that it calls unknown was made known between its locks and its commit. */
static bool has_unseen_sku(const struct sim_account *account, const struct sim_change *change,
                           const struct sim_entry *entry)
{
    const struct decision *decision = &entry->result.decision;
    if (entry->result.kind != RESULT_DECISION || decision->reason != REASON_UNKNOWN_SKU) {
        return false;
    }
    for (uint32_t i = 0; i < decision->fault_count; i++) {
        const uint32_t row = sim_rows_find(account->rows, decision->pool, decision->faults[i].sku);
        const uint64_t known_at = row == UINT32_MAX ? 0 : account->rows->rows[row].known_at;
        if (known_at > change->locked_at && known_at < change->committed_at) {
            return true;
        }
    }
    return false;
}

static uint64_t place_alone(const struct sim_account *account, const struct sim_change *change,
                            const struct sim_entry *entry)
{
    const bool unseen = has_unseen_sku(account, change, entry);
    return PLACES * (unseen ? change->locked_at : change->committed_at);
}

/* Before what it could not see, if that would come first. */
static uint64_t place_of(struct sim_account *account, const struct sim_change *change,
                         const struct sim_entry *entry)
{
    const uint64_t place = place_alone(account, change, entry);
    const struct sim_job *job = sim_account_job(account, entry->id, entry->meaning);
    if (job == NULL ||
        (entry->result.kind != RESULT_DECISION && entry->result.kind != RESULT_NOTHING)) {
        return place;
    }
    const struct asking asking = {change, entry->result.kind == RESULT_DECISION
                                              ? account->jobs[job->original].decided_place
                                              : UINT32_MAX};
    const uint64_t before = unseen_before(account, &job->job, &asking);
    if (before >= place) {
        return place;
    }
    const uint64_t read_at = PLACES * change->read_at;
    return read_at < before ? read_at : before - 1;
}

/* What a job could not see may itself have had to come before something else. */
static bool move_places(struct sim_account *account, const struct sim_database *database)
{
    bool moved = false;
    for (const struct sim_change *change = database->first; change != NULL; change = change->next) {
        for (uint32_t i = 0; i < change->entry_count; i++) {
            const struct sim_entry *entry = &change->entries[i];
            const uint32_t original = sim_account_original(account, entry->id);
            if (entry->result.kind != RESULT_DECISION || original == SIM_JOB_NONE) {
                continue;
            }
            const uint64_t place = place_of(account, change, entry);
            moved |= account->jobs[original].judged_at != place;
            account->jobs[original].judged_at = place;
        }
    }
    return moved;
}

/* They are nearly in order. */
static void put_verdict(struct sim_judge *judge, struct sim_verdict verdict)
{
    ENSURE(judge->verdict_count < SIM_VERDICTS_MAX);
    uint32_t at = judge->verdict_count++;
    for (; at > 0 && judge->verdicts[at - 1].at > verdict.at; at--) {
        judge->verdicts[at] = judge->verdicts[at - 1];
    }
    judge->verdicts[at] = verdict;
}

static void put_verdicts(struct sim_judge *judge, struct sim_account *account,
                         const struct sim_database *database)
{
    judge->verdict_count = 0;
    for (uint32_t pass = 0; pass < PLACES && move_places(account, database); pass++) {
    }
    for (const struct sim_change *change = database->first; change != NULL; change = change->next) {
        for (uint32_t i = 0; i < change->entry_count; i++) {
            const struct sim_entry *entry = &change->entries[i];
            put_verdict(judge,
                        (struct sim_verdict){place_of(account, change, entry), change, entry});
        }
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

static const char *words_of(const struct decision *decision)
{
    return decision->outcome == OUTCOME_REJECTED ? reason_text(decision->reason)
                                                 : outcome_text(decision->outcome);
}

/* A cart may name a SKU that another transaction made known too late for it, and also something
 * that an earlier job of its own batch did: no place in the order shows both as they were seen. It
 * moved nothing, so it is taken as it was decided. */
static bool is_torn(const struct sim_account *account, const struct sim_job *job,
                    const struct sim_verdict *verdict)
{
    const struct decision *decision = &verdict->entry->result.decision;
    if (!has_unseen_sku(account, verdict->change, verdict->entry)) {
        return false;
    }
    const uint32_t replaced = sim_account_original(account, job->job.replaces);
    const bool of_batch =
        replaced != SIM_JOB_NONE && account->jobs[replaced].decided_by == verdict->change;
    return of_batch || decision->fault_count < decision->item_count;
}

static void adopt(struct model *model, const struct sim_job *job, const struct decision *decision)
{
    model_add(model, &job->job)->decision = *decision;
}

static const char *judge_entry(struct sim_judge *judge, struct sim_account *account,
                               const struct sim_verdict *verdict)
{
    const struct sim_entry *entry = verdict->entry;
    static char text[256];
    const struct sim_job *job = sim_account_job(account, entry->id, entry->meaning);
    if (job == NULL || job->class == CLASS_MALFORMED) {
        return "nobody has sent it";
    }
    if (!slot_is_right(account, job, entry->slot)) {
        return "its slot is another's";
    }
    if (is_torn(account, job, verdict)) {
        adopt(&judge->model, job, &entry->result.decision);
        return NULL;
    }
    const struct entry input = {.job = &job->job,
                                .meaning = entry->meaning,
                                .slot = entry->slot,
                                .from_stock_exchange = entry->from_stock_exchange};
    const struct model_result expected = model_decide(&judge->model, &input);
    if (entry->result.kind == RESULT_REPEAT) { /* events show that it is the same decision */
        return expected.kind == RESULT_REPEAT ? NULL : "kind of result";
    }
    const char *wrong = results_differ(&entry->result, &expected);
    if (wrong != NULL && entry->result.kind == RESULT_DECISION &&
        expected.kind == RESULT_DECISION) {
        (void)snprintf(text, sizeof text, "%s: %s is %s, expected %s", wrong,
                       kind_text(job->job.kind), words_of(&entry->result.decision),
                       words_of(expected.decision));
        return text;
    }
    return wrong;
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
        if (tally->taken !=
            model_taken(model, row->stock.pool, row->stock.sku, tally->round, tally->customer)) {
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
    if (hold != NULL && (hold->state != record->state || hold->expires_at != record->expires_at ||
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
    put_verdicts(judge, account, database);
    for (uint32_t i = 0; i < judge->verdict_count; i++) {
        const struct sim_verdict *verdict = &judge->verdicts[i];
        judge->model.now = verdict->change->now;
        const char *wrong = judge_entry(judge, account, verdict);
        if (wrong != NULL) {
            const struct sim_job *job =
                sim_account_job(account, verdict->entry->id, verdict->entry->meaning);
            sim_break(core, "lane %u, \"%.*s\": the model says something else: %s: %.*s",
                      verdict->change->lane, SPAN_ARGUMENTS(verdict->entry->id), wrong,
                      SPAN_ARGUMENTS(job == NULL ? SPAN_NONE : job->body));
            return;
        }
    }
    if (judge->model.record_count != account->decisions) {
        sim_break(core, "%u decisions, and the model has %u", account->decisions,
                  judge->model.record_count);
    }
    judge_tables(judge, core, database);
}
