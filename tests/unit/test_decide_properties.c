/* SPDX-License-Identifier: Apache-2.0
 *
 * Random batches: decide() says what the model says, a batch of n decides as n batches of one, and
 * what always holds holds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/draw.h"
#include "tests/support/memory_database.h"
#include "tests/support/model.h"
#include "tests/support/test.h"
#include "worker/lane/decide.h"

enum {
    RUN_BATCHES = 20, /* then a new world begins */
    RUN_JOBS_MAX = 6, /* of a batch */
    RUN_MEMORY = 4 * 1024 * 1024,
};

#ifndef BATCHES_DEFAULT
#define BATCHES_DEFAULT 1000000
#endif

/* The same jobs three times over: in batches, one by one, and by the model. */
struct run {
    struct arena arena;
    struct draw draw;
    struct model model;
    struct memory_database batched;
    struct memory_database single;
    uint64_t seed;
    bool finished;
};

static void *memory;

/* What the batches have come across. */
static struct {
    uint64_t results[KIND_EXPIRE + 1][OUTCOME_REJECTED + 1][REASON_SOLD_OUT + 1];
    uint64_t faults[REASON_SOLD_OUT + 1];
    uint64_t edges[EDGE_BACK + 1];
    uint64_t repeats;
    uint64_t reused;
    uint64_t not_allowed;
    uint64_t nothing;
    uint64_t retaken;
    uint64_t released;     /* by a reserve that replaces */
    uint64_t only_counted; /* movements without a version */
} reached;

static void reach(const struct result *result)
{
    const struct decision *decision = &result->decision;
    switch (result->kind) {
    case RESULT_DECISION:
        break;
    case RESULT_REPEAT:
        reached.repeats++;
        return;
    case RESULT_ANSWER:
        reached.reused += result->answer == ANSWER_ID_REUSED ? 1 : 0;
        reached.not_allowed += result->answer == ANSWER_NOT_ALLOWED ? 1 : 0;
        return;
    case RESULT_NOTHING:
        reached.nothing++;
        return;
    }
    reached.results[decision->kind][decision->outcome][decision->reason]++;
    for (uint32_t i = 0; i < decision->fault_count; i++) {
        reached.faults[decision->faults[i].reason]++;
    }
    for (uint32_t i = 0; i < result->movement_count; i++) {
        reached.edges[result->movements[i].edge]++;
        reached.only_counted += result->movements[i].version == 0 ? 1 : 0;
    }
    reached.retaken += decision->retaken ? 1 : 0;
    reached.released += decision->released_count > 0 ? 1 : 0;
}

static bool items_equal(const struct decision_item *a, uint32_t a_count,
                        const struct decision_item *b, uint32_t b_count)
{
    if (a_count != b_count) {
        return false;
    }
    for (uint32_t i = 0; i < a_count; i++) {
        if (!span_equal(a[i].sku, b[i].sku) || a[i].qty != b[i].qty || a[i].moved != b[i].moved ||
            a[i].version != b[i].version || a[i].available != b[i].available) {
            return false;
        }
    }
    return true;
}

static bool faults_equal(const struct decision *a, const struct decision *b)
{
    if (a->fault_count != b->fault_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->fault_count; i++) {
        const struct fault *left = &a->faults[i];
        const struct fault *right = &b->faults[i];
        if (!span_equal(left->sku, right->sku) || left->reason != right->reason ||
            left->wanted != right->wanted || left->available != right->available ||
            left->held != right->held || left->limit != right->limit ||
            left->taken != right->taken || left->version != right->version ||
            left->opens_at != right->opens_at || left->closes_at != right->closes_at) {
            return false;
        }
    }
    return true;
}

static const char *decisions_differ(const struct decision *a, const struct decision *b)
{
    if (!span_equal(a->job, b->job) || a->kind != b->kind || a->form != b->form ||
        a->meaning != b->meaning || a->decided_at != b->decided_at) {
        return "a decision on another job";
    }
    if (a->outcome != b->outcome || a->reason != b->reason) {
        return "outcome or reason";
    }
    if (!span_equal(a->ref, b->ref) || !span_equal(a->customer, b->customer) ||
        !span_equal(a->store, b->store) || !span_equal(a->pool, b->pool) || a->slot != b->slot ||
        !span_equal(a->meta, b->meta)) {
        return "ref, customer, store, pool, slot or meta";
    }
    if (!items_equal(a->items, a->item_count, b->items, b->item_count)) {
        return "items";
    }
    if (!items_equal(a->released_items, a->released_count, b->released_items, b->released_count)) {
        return "released items";
    }
    if (!faults_equal(a, b)) {
        return "faults";
    }
    if (!span_equal(a->hold, b->hold) || !span_equal(a->sale, b->sale) ||
        !span_equal(a->by, b->by) || !span_equal(a->replaces, b->replaces) ||
        a->expires_at != b->expires_at || a->retaken != b->retaken) {
        return "hold, sale, by, replaces, expires_at or retaken";
    }
    return NULL;
}

static const char *results_differ(const struct result *result, const struct model_result *expected)
{
    if (result->kind != expected->kind) {
        return "kind of result";
    }
    switch (result->kind) {
    case RESULT_DECISION:
        return decisions_differ(&result->decision, expected->decision);
    case RESULT_REPEAT:
        return decisions_differ(result->repeat, expected->decision);
    case RESULT_ANSWER:
        return result->answer == expected->answer ? NULL : "answer";
    case RESULT_NOTHING:
        break;
    }
    return NULL;
}

/* Kinds, outcomes and reasons by their place in the enum. */
static void print_decision(const char *who, const struct decision *decision)
{
    if (decision != NULL) {
        print_message("  %s: outcome %d, reason %d, %" PRIu32 " faults\n", who, decision->outcome,
                      decision->reason, decision->fault_count);
    }
}

static void print_job(const struct entry *entry, const struct result *result,
                      const struct model_result *expected)
{
    const struct job *job = entry->job;
    const struct span name = !span_absent(job->hold)   ? job->hold
                             : !span_absent(job->sale) ? job->sale
                                                       : job->replaces;
    print_message("job %.*s of kind %d on %.*s: result %d, the model's %d\n",
                  SPAN_ARGUMENTS(job->id), job->kind, SPAN_ARGUMENTS(name), result->kind,
                  expected->kind);
    print_decision("decide", result->kind == RESULT_DECISION ? &result->decision : result->repeat);
    print_decision("model", expected->decision);
}

static const char *holds_differ(const struct memory_database *database, const struct model *model)
{
    uint32_t holds = 0;
    for (uint32_t i = 0; i < model->record_count; i++) {
        const struct model_record *record = &model->records[i];
        if (!record->is_hold) {
            continue;
        }
        if (holds == database->hold_count) {
            return "a hold is missing";
        }
        const struct hold *hold = &database->holds[holds++];
        if (!span_equal(hold->id, record->job->id) || hold->state != record->state ||
            hold->expires_at != record->expires_at ||
            !span_equal(hold->ended_by, record->ended_by)) {
            return "a hold's id, state, end or ended_by";
        }
    }
    return holds == database->hold_count ? NULL : "a hold too many";
}

static const char *sales_differ(const struct memory_database *database, const struct model *model)
{
    uint32_t sales = 0;
    for (uint32_t i = 0; i < model->record_count; i++) {
        const struct model_record *record = &model->records[i];
        if (!record->is_sale) {
            continue;
        }
        if (sales == database->sale_count) {
            return "a sale is missing";
        }
        const struct sale *sale = &database->sales[sales++];
        if (!span_equal(sale->id, record->job->id) || sale->line_count != record->line_count ||
            !span_equal(sale->ended_by, record->ended_by)) {
            return "a sale's id, lines or ended_by";
        }
        for (uint32_t k = 0; k < sale->line_count; k++) {
            const struct line *line = &sale->lines[k];
            const struct model_line *expected = &record->lines[k];
            if (!span_equal(line->sku, expected->sku) || line->qty != expected->qty ||
                line->returned != expected->returned || line->counted != expected->counted ||
                (line->counted && !span_equal(line->round, expected->round))) {
                return "a line of a sale";
            }
        }
    }
    return sales == database->sale_count ? NULL : "a sale too many";
}

static const char *stocks_differ(const struct memory_database *database, struct model *model)
{
    for (uint32_t i = 0; i < database->stock_count; i++) {
        const struct stock *stock = &database->stocks[i];
        const struct model_stock *expected = model_stock(model, stock->pool, stock->sku);
        if (stock->known != expected->known || stock->unsold != expected->unsold ||
            stock->version != expected->version || stock->per_customer != expected->per_customer ||
            !span_equal(stock->round, expected->round) || stock->opens_at != expected->opens_at ||
            stock->closes_at != expected->closes_at) {
            return "a SKU's figures";
        }
        if (stock->held != model_held(model, stock->pool, stock->sku)) {
            return "held is not what active holds hold";
        }
    }
    for (uint32_t i = 0; i < database->tally_count; i++) {
        const struct tally *tally = &database->tallies[i];
        if (tally->taken !=
            model_taken(model, tally->pool, tally->sku, tally->round, tally->customer)) {
            return "a tally is not what was bought and is held";
        }
    }
    return NULL;
}

static const char *database_differs(const struct memory_database *database, struct model *model)
{
    const char *why = stocks_differ(database, model);
    if (why == NULL) {
        why = holds_differ(database, model);
    }
    return why == NULL ? sales_differ(database, model) : why;
}

/* `store assign` between two batches, now and then. */
static void assign_stores(struct run *run)
{
    if (prng_below(&run->draw.prng, 4) > 0) {
        return;
    }
    run->model.others = draw_pool(&run->draw);
    run->batched.others = run->model.others;
    run->single.others = run->model.others;
    const struct span name = draw_store(&run->draw);
    const struct span pool = draw_pool(&run->draw);
    const bool assigned = !span_absent(pool);
    run->model.store_count = assigned ? 1 : 0;
    run->model.stores[0] = (struct model_store){name, pool};
    run->batched.store_count = run->model.store_count;
    run->batched.stores[0] = (struct store){.name = name, .pool = pool};
    run->single.store_count = run->model.store_count;
    run->single.stores[0] = run->batched.stores[0];
}

/* Returns what is wrong, or NULL. */
static const char *run_batch(struct run *run)
{
    struct entry entries[RUN_JOBS_MAX];
    struct model_result expected[RUN_JOBS_MAX];
    struct result results[RUN_JOBS_MAX];
    const uint32_t count = 1 + prng_below(&run->draw.prng, RUN_JOBS_MAX);
    const char *why;

    run->draw.now += prng_below(&run->draw.prng, 4) * 500000;
    run->model.now = run->draw.now;
    assign_stores(run);
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = *draw_entry(&run->draw);
        expected[i] = model_decide(&run->model, &entries[i]);
        if (expected[i].kind == RESULT_DECISION) {
            draw_hear(&run->draw, expected[i].decision);
        }
    }
    if (!memory_database_decide(&run->batched, run->draw.now, entries, count, results, &why)) {
        return why;
    }
    for (uint32_t i = 0; i < count; i++) {
        reach(&results[i]);
        why = results_differ(&results[i], &expected[i]);
        if (why != NULL) {
            print_job(&entries[i], &results[i], &expected[i]);
            return why;
        }
        struct result single;
        if (!memory_database_decide(&run->single, run->draw.now, &entries[i], 1, &single, &why)) {
            return why;
        }
        why = results_differ(&single, &expected[i]);
        if (why != NULL) {
            return why;
        }
    }
    why = database_differs(&run->batched, &run->model);
    return why == NULL ? database_differs(&run->single, &run->model) : why;
}

static uint64_t batches_wanted(void)
{
    const char *text = getenv("TILL_TEST_BATCHES");
    return text == NULL ? BATCHES_DEFAULT : strtoull(text, NULL, 10);
}

static uint64_t first_seed(void)
{
    const char *text = getenv("TILL_TEST_SEED");
    return text == NULL ? 1 : strtoull(text, NULL, 10);
}

static void decides_random_batches_as_the_model_does(void **state)
{
    struct run *run = *state;
    const uint64_t first = first_seed();
    uint64_t batches = 0;
    run->finished = false;
    for (uint64_t seed = first; batches < batches_wanted(); seed++) {
        run->seed = seed;
        arena_init(&run->arena, memory, RUN_MEMORY);
        draw_init(&run->draw, seed, &run->arena);
        model_init(&run->model);
        memory_database_init(&run->batched, &run->arena);
        memory_database_init(&run->single, &run->arena);
        for (uint32_t i = 0; i < RUN_BATCHES; i++, batches++) {
            const char *why = run_batch(run);
            if (why != NULL) {
                fail_msg("batch %" PRIu32 " of the seed, %" PRIu64 " in all: %s", i + 1,
                         batches + 1, why);
            }
        }
    }
    run->finished = true;
    print_message("%" PRIu64 " batches from seed %" PRIu64 " on\n", batches, first);
}

/* Also after a failed ENSURE, which leaves the test where it stands. */
static int tell_the_seed(void **state)
{
    const struct run *run = *state;
    if (!run->finished) {
        print_message("again: TILL_TEST_SEED=%" PRIu64 " TILL_TEST_BATCHES=%d\n", run->seed,
                      RUN_BATCHES);
    }
    return 0;
}

/* All that the contract's tables of kinds and outcomes allow. */
static const struct {
    enum kind kind;
    enum outcome outcome;
    enum reason reason;
} possible[] = {
    {KIND_CHECKOUT, OUTCOME_CONFIRMED, REASON_NONE},
    {KIND_CHECKOUT, OUTCOME_SOLD_OUT, REASON_NONE},
    {KIND_CHECKOUT, OUTCOME_LATE, REASON_NONE},
    {KIND_CHECKOUT, OUTCOME_REJECTED, REASON_UNKNOWN_STORE},
    {KIND_CHECKOUT, OUTCOME_REJECTED, REASON_UNKNOWN_SKU},
    {KIND_CHECKOUT, OUTCOME_REJECTED, REASON_NOT_ON_SALE},
    {KIND_CHECKOUT, OUTCOME_REJECTED, REASON_OVER_LIMIT},
    {KIND_RESERVE, OUTCOME_HELD, REASON_NONE},
    {KIND_RESERVE, OUTCOME_SOLD_OUT, REASON_NONE},
    {KIND_RESERVE, OUTCOME_LATE, REASON_NONE},
    {KIND_RESERVE, OUTCOME_REJECTED, REASON_UNKNOWN_STORE},
    {KIND_RESERVE, OUTCOME_REJECTED, REASON_UNKNOWN_HOLD},
    {KIND_RESERVE, OUTCOME_REJECTED, REASON_ALREADY_COMMITTED},
    {KIND_RESERVE, OUTCOME_REJECTED, REASON_ALREADY_CANCELLED},
    {KIND_RESERVE, OUTCOME_REJECTED, REASON_UNKNOWN_SKU},
    {KIND_RESERVE, OUTCOME_REJECTED, REASON_NOT_ON_SALE},
    {KIND_RESERVE, OUTCOME_REJECTED, REASON_OVER_LIMIT},
    {KIND_COMMIT, OUTCOME_CONFIRMED, REASON_NONE},
    {KIND_COMMIT, OUTCOME_SOLD_OUT, REASON_NONE},
    {KIND_COMMIT, OUTCOME_LATE, REASON_NONE},
    {KIND_COMMIT, OUTCOME_REJECTED, REASON_UNKNOWN_HOLD},
    {KIND_COMMIT, OUTCOME_REJECTED, REASON_HOLD_RELEASED},
    {KIND_COMMIT, OUTCOME_REJECTED, REASON_ALREADY_COMMITTED},
    {KIND_COMMIT, OUTCOME_REJECTED, REASON_ALREADY_CANCELLED},
    {KIND_COMMIT, OUTCOME_REJECTED, REASON_OVER_LIMIT},
    {KIND_RELEASE, OUTCOME_RELEASED, REASON_NONE},
    {KIND_RELEASE, OUTCOME_LATE, REASON_NONE},
    {KIND_RELEASE, OUTCOME_REJECTED, REASON_UNKNOWN_HOLD},
    {KIND_RELEASE, OUTCOME_REJECTED, REASON_ALREADY_COMMITTED},
    {KIND_RELEASE, OUTCOME_REJECTED, REASON_ALREADY_CANCELLED},
    {KIND_EXTEND, OUTCOME_EXTENDED, REASON_NONE},
    {KIND_EXTEND, OUTCOME_LATE, REASON_NONE},
    {KIND_EXTEND, OUTCOME_REJECTED, REASON_UNKNOWN_HOLD},
    {KIND_EXTEND, OUTCOME_REJECTED, REASON_HOLD_RELEASED},
    {KIND_EXTEND, OUTCOME_REJECTED, REASON_HOLD_EXPIRED},
    {KIND_EXTEND, OUTCOME_REJECTED, REASON_ALREADY_COMMITTED},
    {KIND_EXTEND, OUTCOME_REJECTED, REASON_ALREADY_CANCELLED},
    {KIND_CANCEL, OUTCOME_CANCELLED, REASON_NONE},
    {KIND_CANCEL, OUTCOME_LATE, REASON_NONE},
    {KIND_CANCEL, OUTCOME_REJECTED, REASON_UNKNOWN_SALE},
    {KIND_CANCEL, OUTCOME_REJECTED, REASON_ALREADY_CANCELLED},
    {KIND_CANCEL, OUTCOME_REJECTED, REASON_NOT_CANCELLABLE},
    {KIND_CANCEL, OUTCOME_REJECTED, REASON_OVER_CAPACITY},
    {KIND_ADJUST, OUTCOME_STOCKED, REASON_NONE},
    {KIND_ADJUST, OUTCOME_REJECTED, REASON_UNKNOWN_SKU},
    {KIND_ADJUST, OUTCOME_REJECTED, REASON_BELOW_HELD},
    {KIND_ADJUST, OUTCOME_REJECTED, REASON_OVER_CAPACITY},
    {KIND_SET, OUTCOME_STOCKED, REASON_NONE},
    {KIND_SET, OUTCOME_REJECTED, REASON_VERSION_CHANGED},
    {KIND_SET, OUTCOME_REJECTED, REASON_BELOW_HELD},
    {KIND_DEFINE, OUTCOME_STOCKED, REASON_NONE},
    {KIND_EXPIRE, OUTCOME_EXPIRED, REASON_NONE},
};

/* After the batches: they have come across all that is possible, and nothing else. */
static void reaches_every_outcome_and_reason(void **state)
{
    (void)state;
    uint64_t expected = 0;
    uint64_t decided = 0;
    for (size_t i = 0; i < sizeof possible / sizeof possible[0]; i++) {
        const uint64_t times =
            reached.results[possible[i].kind][possible[i].outcome][possible[i].reason];
        if (times == 0) {
            fail_msg("kind %d, outcome %d, reason %d was not reached", possible[i].kind,
                     possible[i].outcome, possible[i].reason);
        }
        expected += times;
    }
    const uint64_t *all = &reached.results[0][0][0];
    for (size_t i = 0; i < sizeof reached.results / sizeof *all; i++) {
        decided += all[i];
    }
    assert_int_equal(decided, expected);
    for (enum reason reason = REASON_NOT_CANCELLABLE; reason <= REASON_SOLD_OUT; reason++) {
        assert_true(reached.faults[reason] > 0);
    }
    for (enum edge edge = EDGE_NONE; edge <= EDGE_BACK; edge++) {
        assert_true(reached.edges[edge] > 0);
    }
    assert_true(reached.repeats > 0 && reached.reused > 0 && reached.not_allowed > 0);
    assert_true(reached.nothing > 0 && reached.retaken > 0 && reached.released > 0);
    assert_true(reached.only_counted > 0);
}

int main(void)
{
    static struct run run;
    memory = malloc(RUN_MEMORY);
    const struct CMUnitTest tests[] = {
        {.name = "decides_random_batches_as_the_model_does",
         .test_func = decides_random_batches_as_the_model_does,
         .teardown_func = tell_the_seed,
         .initial_state = &run},
        cmocka_unit_test(reaches_every_outcome_and_reason),
    };
    const int failed = cmocka_run_group_tests_name("decide, properties", tests, NULL, NULL);
    free(memory);
    return failed;
}
