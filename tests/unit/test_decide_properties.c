/* SPDX-License-Identifier: Apache-2.0
 *
 * Random batches: decide() says what the model says, a batch of n decides as n batches of one, and
 * what always holds holds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/compare.h"
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
        reached.edges[result->movements[i].item->edge]++;
        reached.only_counted += result->movements[i].version == 0 ? 1 : 0;
    }
    reached.retaken += decision->retaken ? 1 : 0;
    reached.released += decision->released_count > 0 ? 1 : 0;
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

/* A new world; returns what is wrong, or NULL, and how many batches it took to know. */
static const char *run_world(struct run *run, uint64_t seed, uint32_t *batches)
{
    run->seed = seed;
    arena_init(&run->arena, memory, RUN_MEMORY);
    draw_init(&run->draw, seed, &run->arena);
    model_init(&run->model);
    memory_database_init(&run->batched, &run->arena);
    memory_database_init(&run->single, &run->arena);
    for (*batches = 1; *batches <= RUN_BATCHES; (*batches)++) {
        const char *why = run_batch(run);
        if (why != NULL) {
            return why;
        }
    }
    *batches = RUN_BATCHES;
    return NULL;
}

static void decides_random_batches_as_the_model_does(void **state)
{
    struct run *run = *state;
    const uint64_t first = first_seed();
    const uint64_t wanted = batches_wanted();
    uint64_t before = 0;
    run->finished = false;
    for (uint64_t seed = first; before < wanted; seed++) {
        uint32_t batches = 0;
        const char *why = run_world(run, seed, &batches);
        if (why != NULL) {
            fail_msg("batch %" PRIu32 " of the seed, %" PRIu64 " in all: %s", batches,
                     before + batches, why);
        }
        before += batches;
    }
    run->finished = true;
    print_message("%" PRIu64 " batches from seed %" PRIu64 " on\n", before, first);
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
