/* SPDX-License-Identifier: Apache-2.0
 *
 * Random batches: decide() says what the model says, a batch of n decides as n batches of one, and
 * what always holds holds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/differ.h"
#include "tests/support/draw.h"
#include "tests/support/memory_database.h"
#include "tests/support/model.h"
#include "tests/support/test.h"
#include "worker/lane/decide.h"

enum {
    RUN_BATCHES = 10, /* then a new world begins */
    BATCH_JOBS_MAX_HERE = 6,
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
    const char *why; /* the first thing that is wrong */
};

static void *memory;

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
    struct entry entries[BATCH_JOBS_MAX_HERE];
    struct model_result expected[BATCH_JOBS_MAX_HERE];
    struct result results[BATCH_JOBS_MAX_HERE];
    const uint32_t count = 1 + prng_below(&run->draw.prng, BATCH_JOBS_MAX_HERE);
    const char *why;

    run->draw.now += prng_below(&run->draw.prng, 4) * 500000;
    run->model.now = run->draw.now;
    assign_stores(run);
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = *draw_entry(&run->draw);
        expected[i] = model_decide(&run->model, &entries[i]);
    }
    if (!memory_database_decide(&run->batched, run->draw.now, entries, count, results, &why)) {
        return why;
    }
    for (uint32_t i = 0; i < count; i++) {
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
    for (uint64_t seed = first; batches < batches_wanted(); seed++) {
        arena_init(&run->arena, memory, RUN_MEMORY);
        draw_init(&run->draw, seed, &run->arena);
        model_init(&run->model);
        memory_database_init(&run->batched, &run->arena);
        memory_database_init(&run->single, &run->arena);
        for (uint32_t i = 0; i < RUN_BATCHES; i++, batches++) {
            const char *why = run_batch(run);
            if (why != NULL) {
                fail_msg("TILL_TEST_SEED=%" PRIu64 ", batch %" PRIu32 " of it (%" PRIu64
                         " in all): %s",
                         seed, i + 1, batches + 1, why);
            }
        }
    }
    print_message("%" PRIu64 " batches from seed %" PRIu64 " on\n", batches, first);
}

int main(void)
{
    static struct run run;
    memory = malloc(RUN_MEMORY);
    const struct CMUnitTest tests[] = {
        {.name = "decides_random_batches_as_the_model_does",
         .test_func = decides_random_batches_as_the_model_does,
         .initial_state = &run},
    };
    const int failed = cmocka_run_group_tests_name("decide, properties", tests, NULL, NULL);
    free(memory);
    return failed;
}
