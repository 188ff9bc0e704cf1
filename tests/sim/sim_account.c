/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs, and what is committed of them. */
#include "tests/sim/sim_account.h"

#include <string.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"
#include "common/contract/slot.h"
#include "till/slot.h"

void sim_account_init(struct sim_account *account, struct sim_core *core, struct sim_rows *rows,
                      struct sim_tables *tables, struct arena *arena, const struct sim_world *world)
{
    account->core = core;
    account->rows = rows;
    account->tables = tables;
    account->arena = arena;
    account->world = world;
    account->job_count = 0;
    account->copy_count = 0;
    account->acknowledged = 0;
    account->decided_at = INSTANT_NONE;
    account->decisions = 0;
    memset(account->came, 0, sizeof account->came);
    memset(account->decided, 0, sizeof account->decided);
    memset(account->decided_place, 0, sizeof account->decided_place);
    memset(account->told_place, 0, sizeof account->told_place);
    memset(account->owners, 0xff, sizeof account->owners);
    memset(account->marked, 0, sizeof account->marked);
    memset(account->last, 0, sizeof account->last);
    memset(account->versions, 0, sizeof account->versions);
}

static uint32_t number_of(struct span digits)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < digits.size && number < SIM_JOBS_MAX; i++) {
        number = number * 10 + (uint32_t)(digits.bytes[i] - '0');
    }
    return digits.size == 0 || number >= SIM_JOBS_MAX ? SIM_JOB_NONE : number;
}

/* Ids are j and the number of their original; those of expires have the hold's. */
uint32_t sim_account_original(const struct sim_account *account, struct span id)
{
    static const struct span prefix = {JOB_EXPIRE_PREFIX, sizeof JOB_EXPIRE_PREFIX - 1};
    const bool expires = id.size > prefix.size && memcmp(id.bytes, prefix.bytes, prefix.size) == 0;
    const uint32_t skip = expires ? prefix.size + 1 : 1;
    if (id.size <= skip) {
        return SIM_JOB_NONE;
    }
    const uint32_t number = number_of((struct span){id.bytes + skip, id.size - skip});
    if (number >= account->job_count) {
        return SIM_JOB_NONE;
    }
    return expires ? account->expire_of[number] : number;
}

struct sim_job *sim_account_job(struct sim_account *account, struct span id, uint64_t meaning)
{
    const uint32_t original = sim_account_original(account, id);
    for (uint32_t i = original; i < account->job_count; i++) {
        struct sim_job *job = &account->jobs[i];
        if (job->original == original && job->meaning == meaning) {
            return job;
        }
    }
    return NULL;
}

uint32_t sim_account_copy(const struct sim_account *account, struct span traceparent)
{
    uint32_t copy = SIM_COPY_NONE;
    if (traceparent.size == sizeof copy) {
        memcpy(&copy, traceparent.bytes, sizeof copy);
    }
    return copy < account->copy_count ? copy : SIM_COPY_NONE;
}

bool sim_account_refuses(struct sim_account *account, const struct sim_change *change)
{
    for (uint32_t i = 0; i < change->entry_count; i++) {
        const struct sim_entry *entry = &change->entries[i];
        if (entry->result.kind != RESULT_DECISION) {
            continue;
        }
        const struct sim_job *job = sim_account_job(account, entry->id, entry->meaning);
        if (job != NULL && job->class == CLASS_POISON) {
            return true;
        }
    }
    return false;
}

/* The first that came of the copies in this lane that are not done with: it is what was decided. An
 * expire may have had nothing to do the first time, which is not recorded: then a worker that still
 * has it in hand may decide it, long after another acknowledged it. */
static uint32_t copy_decided(const struct sim_account *account, const struct sim_job *job,
                             const struct sim_entry *entry, uint32_t lane)
{
    uint32_t first = SIM_COPY_NONE;
    for (uint32_t i = job->first_copy; i != SIM_COPY_NONE; i = account->copies[i].next) {
        const struct sim_copy *copy = &account->copies[i];
        if (copy->lane == lane && copy->place != 0 &&
            (!copy->acknowledged || job->job.kind == KIND_EXPIRE) &&
            copy->from_stock_exchange == entry->from_stock_exchange &&
            (first == SIM_COPY_NONE || copy->place < account->copies[first].place)) {
            first = i;
        }
    }
    return first;
}

static void mark_decision(const struct sim_account *account, const struct decision *decision,
                          uint32_t lane)
{
    struct sim_marks *marks = account->core->marks;
    const bool decided[] = {
        decision->outcome == OUTCOME_EXPIRED,  decision->retaken,
        decision->released_count > 0,          decision->outcome == OUTCOME_SOLD_OUT,
        decision->reason == REASON_OVER_LIMIT, decision->reason == REASON_NOT_ON_SALE,
        decision->outcome == OUTCOME_LATE};
    static const enum sim_mark seen[] = {MARK_EXPIRED,  MARK_RETAKEN,    MARK_REPLACED,
                                         MARK_SOLD_OUT, MARK_OVER_LIMIT, MARK_NOT_ON_SALE,
                                         MARK_LATE};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        marks->counts[seen[i]] += decided[i] ? 1 : 0;
    }
    const uint32_t lanes = account->tables->generations[lane / SIM_LANES_MAX].lanes;
    for (uint32_t i = 1; i < decision->item_count; i++) {
        const struct span sku = decision->items[i].sku;
        const uint32_t other = slot_lane(till_slot(sku.bytes, sku.size), lanes);
        marks->counts[MARK_CART_OVER_LANES] +=
            decision->items[i].moved && other != lane % SIM_LANES_MAX ? 1 : 0;
    }
}

/* Promise 3, over all generations: what one publisher sent by one key was decided as it was sent,
 * stragglers excepted. So is what a binding led to an old lane that was asked for before another
 * change, and made after it; one whose first copy was put aside; and one without a key on a hold or
 * sale: where it belongs depends on whether that is known when it comes to the sorter. */
static void check_sequence(struct sim_account *account, const struct sim_job *job,
                           const struct sim_copy *copy)
{
    uint32_t *last = &account->last[2 * copy->publisher + copy->sorted][copy->slot];
    if (copy->straggler) {
        SIM_MARK(account->core->marks, MARK_STRAGGLER);
    }
    if (copy->straggler || copy->astray) {
        return;
    }
    if (copy->sorted && (!span_absent(job->job.hold) || !span_absent(job->job.sale))) {
        return;
    }
    for (uint32_t i = job->first_copy; i != SIM_COPY_NONE; i = account->copies[i].next) {
        if ((account->copies[i].told & TOLD_DEAD) != 0) {
            return;
        }
    }
    if (copy->sequence < *last) {
        sim_break(account->core,
                  "\"%.*s\" of publisher %u and slot %u, sent %u., was decided after the one that "
                  "was sent %u.",
                  SPAN_ARGUMENTS(job->job.id), copy->publisher, copy->slot, copy->sequence, *last);
    }
    *last = copy->sequence;
}

static void check_order(struct sim_account *account, const struct sim_job *job,
                        const struct sim_entry *entry, uint32_t lane)
{
    const uint32_t number = copy_decided(account, job, entry, lane);
    if (number == SIM_COPY_NONE) {
        sim_break(account->core, "lane %u decided \"%.*s\", which is not in its queue", lane,
                  SPAN_ARGUMENTS(entry->id));
        return;
    }
    if (job->job.kind == KIND_EXPIRE) {
        return; /* for the same reason its place says nothing */
    }
    const struct sim_copy *copy = &account->copies[number];
    if (copy->place < account->decided_place[lane]) {
        sim_break(account->core,
                  "lane %u decided \"%.*s\", which came %u., after the one that came %u.", lane,
                  SPAN_ARGUMENTS(entry->id), copy->place, account->decided_place[lane]);
    }
    account->decided_place[lane] = copy->place;
    if (account->tables->lanes[lane].drained && !copy->straggler) {
        sim_break(account->core, "lane %u decided \"%.*s\", which came before its marker, after it",
                  lane, SPAN_ARGUMENTS(entry->id));
    }
    check_sequence(account, job, copy);
    if (job->class == CLASS_PLAIN && copy->delivery_count >= DELIVERIES_SUSPECT) {
        SIM_MARK(account->core->marks, MARK_LONELY_SURVIVED);
    }
}

static void decided(struct sim_account *account, const struct sim_entry *entry,
                    const struct sim_change *change)
{
    const uint32_t lane = change->lane;
    const struct decision *decision = &entry->result.decision;
    struct sim_job *job = sim_account_job(account, entry->id, entry->meaning);
    if (job == NULL || job->class == CLASS_MALFORMED || job->class == CLASS_CRASHING) {
        sim_break(account->core, "\"%.*s\" was decided, which nobody has sent so: %d",
                  SPAN_ARGUMENTS(entry->id), job == NULL ? -1 : (int)job->class);
        return;
    }
    struct sim_job *original = &account->jobs[job->original];
    if (original->decision != NULL) {
        sim_break(account->core, "\"%.*s\" was decided twice", SPAN_ARGUMENTS(entry->id));
        return;
    }
    check_order(account, job, entry, lane);
    original->decision = decision;
    original->decided_by = change;
    original->judged_at = UINT64_MAX;
    original->decided_lane = lane;
    original->decided_place = ++account->decided[lane];
    account->decisions++;
    mark_decision(account, decision, lane);
}

static void mark_result(struct sim_account *account, const struct sim_entry *entry,
                        const struct sim_change *change)
{
    struct sim_marks *marks = account->core->marks;
    if (entry->result.kind == RESULT_ANSWER) {
        const bool reused = entry->result.answer == ANSWER_ID_REUSED;
        SIM_MARK(marks, reused ? MARK_ID_REUSED : MARK_NOT_ALLOWED);
        return;
    }
    if (entry->result.kind == RESULT_NOTHING) {
        SIM_MARK(marks, MARK_EXPIRE_NOTHING);
    }
    if (entry->result.kind != RESULT_REPEAT) {
        return;
    }
    const uint32_t original = sim_account_original(account, entry->id);
    if (original == SIM_JOB_NONE || account->jobs[original].decision == NULL) {
        sim_break(account->core, "\"%.*s\" is called a repeat, and was never decided",
                  SPAN_ARGUMENTS(entry->id));
        return;
    }
    const struct sim_job *first = &account->jobs[original];
    SIM_MARK(marks, first->decided_by == change ? MARK_REPEAT_IN_BATCH : MARK_REPEAT_OF_COMMITTED);
    if (first->decided_lane != change->lane) {
        SIM_MARK(marks, MARK_REPEAT_IN_OTHER_LANE);
    }
}

void sim_account_claimed(struct sim_account *account, uint32_t lane, uint32_t serving)
{
    account->owners[lane] = serving;
}

void sim_account_committed(struct sim_account *account, const struct sim_change *change)
{
    uint64_t hash = change->read_at;
    if (account->owners[change->lane] != change->serving) {
        sim_break(account->core, "lane %u: a worker commits that has lost it", change->lane);
    }
    for (uint32_t i = 0; i < change->entry_count; i++) {
        const struct sim_entry *entry = &change->entries[i];
        mark_result(account, entry, change);
        hash = hash * 31 + sim_hash(entry->id.bytes, entry->id.size) + entry->result.kind;
        if (entry->result.kind == RESULT_DECISION) {
            hash = hash * 31 + entry->result.decision.outcome;
            decided(account, entry, change);
        }
    }
    if (account->decided_at != INSTANT_NONE && change->now < account->decided_at) {
        SIM_MARK(account->core->marks, MARK_TIME_WENT_BACK);
    }
    account->decided_at = change->now;
    sim_note(account->core, EVENT_COMMITTED, change->serving, change->decision_count, hash);
}

struct sim_version *sim_account_version(struct sim_account *account, uint32_t row, uint32_t version)
{
    ENSURE(row < SIM_ROWS_MAX && version < SIM_VERSIONS * SIM_PAGES_MAX);
    struct sim_version **page = &account->versions[row][version / SIM_VERSIONS];
    if (*page == NULL) {
        *page = arena_take(account->arena, SIM_VERSIONS * sizeof **page);
        ENSURE(*page != NULL);
        memset(*page, 0, SIM_VERSIONS * sizeof **page);
    }
    return &(*page)[version % SIM_VERSIONS];
}

bool sim_account_is_done(const struct sim_account *account)
{
    return account->acknowledged == account->copy_count;
}
