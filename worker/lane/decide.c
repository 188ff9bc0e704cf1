/* SPDX-License-Identifier: Apache-2.0
 *
 * Which jobs are decided at all, and by which rule. */
#include "worker/lane/decide.h"

#include "common/base/ensure.h"
#include "worker/lane/deciding.h"

static const struct {
    void (*decide)(struct deciding *deciding);
    bool only_from_stock_exchange;
} rules[] = {
    [KIND_CHECKOUT] = {decide_checkout, false}, [KIND_RESERVE] = {decide_reserve, false},
    [KIND_COMMIT] = {decide_commit, false},     [KIND_RELEASE] = {decide_release, false},
    [KIND_EXTEND] = {decide_extend, false},     [KIND_CANCEL] = {decide_cancel, false},
    [KIND_ADJUST] = {decide_adjust, true},      [KIND_SET] = {decide_set, true},
    [KIND_DEFINE] = {decide_define, true},      [KIND_EXPIRE] = {decide_expire, true},
};

/* The hold or sale that the job is about, if it is about one. */
static struct span name_of(const struct job *job)
{
    if (!span_absent(job->hold)) {
        return job->hold;
    }
    return span_absent(job->sale) ? job->replaces : job->sale;
}

static bool is_overdue(const struct state *state, const struct known *named)
{
    return named != NULL && named->hold != NULL && named->hold->state == HOLD_ACTIVE &&
           named->hold->expires_at <= state->now;
}

/* Whether the job needs no decision of its own: then the result is complete. */
static bool settle(const struct state *state, const struct entry *entry, const struct known *known,
                   const struct known *named, struct result *result)
{
    const struct job *job = entry->job;
    if (rules[job->kind].only_from_stock_exchange && !entry->from_stock_exchange) {
        result->kind = RESULT_ANSWER;
        result->answer = ANSWER_NOT_ALLOWED;
        return true;
    }
    if (known != NULL && known->decision != NULL) {
        const bool same = known->decision->meaning == entry->meaning;
        result->kind = same ? RESULT_REPEAT : RESULT_ANSWER;
        result->repeat = same ? known->decision : NULL;
        result->answer = ANSWER_ID_REUSED;
        return true;
    }
    result->kind = RESULT_NOTHING;
    return job->kind == KIND_EXPIRE && !is_overdue(state, named);
}

static struct decision decision_on(const struct state *state, const struct entry *entry)
{
    return (struct decision){
        .job = entry->job->id,
        .kind = entry->job->kind,
        .form = EVENT_FORM,
        .meaning = entry->meaning,
        .ref = entry->job->ref,
        .slot = entry->slot,
        .expires_at = INSTANT_NONE,
        .decided_at = state->now,
        .meta = entry->job->meta,
    };
}

/* From here on the id is used up, and what it made can be named by it. */
static void remember(struct deciding *deciding, struct known *known)
{
    const struct job *job = deciding->job;
    if (known == NULL) {
        known = deciding_take(deciding, sizeof *known);
        *known = (struct known){.id = job->id};
        state_know(deciding->state, known);
    }
    known->decision = deciding->decision;
    known->hold = deciding->made_hold == NULL ? known->hold : deciding->made_hold;
    known->sale = deciding->made_sale == NULL ? known->sale : deciding->made_sale;
}

/* False: the arena has no room for this job. */
static bool decide_one(struct state *state, const struct entry *entry, struct arena *arena,
                       struct result *result)
{
    const struct job *job = entry->job;
    const struct span name = name_of(job);
    struct known *known = state_known(state, job->id);
    struct known *named = span_absent(name) ? NULL : state_known(state, name);
    *result = (struct result){.kind = RESULT_NOTHING};
    if (settle(state, entry, known, named, result)) {
        return true;
    }
    if (arena->size - arena->used < deciding_room(job, named)) {
        return false;
    }
    result->kind = RESULT_DECISION;
    result->decision = decision_on(state, entry);
    struct deciding deciding = {
        .state = state,
        .arena = arena,
        .job = job,
        .named = named,
        .decision = &result->decision,
    };
    rules[job->kind].decide(&deciding);
    result->movements = deciding.movements;
    result->movement_count = deciding.movement_count;
    remember(&deciding, known);
    return true;
}

uint32_t decide(struct state *state, const struct entry *entries, uint32_t count,
                struct arena *arena, struct result *results)
{
    uint32_t items = 0;
    for (uint32_t i = 0; i < count; i++) {
        items += entries[i].job->item_count;
    }
    if (!state_index(state, count, items, arena)) {
        return 0;
    }
    if (!state_is_whole(state)) {
        return DECIDE_TORN;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!decide_one(state, &entries[i], arena, &results[i])) {
            return i;
        }
    }
    return count;
}
