/* SPDX-License-Identifier: Apache-2.0
 *
 * Words for what a database port brings. */
#include "tests/conformance/database_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/names.h"
#include "tests/support/test.h"

enum {
    WORDS_MAX = 16,
    WORD_SIZE = 160,
};

struct words {
    uint32_t count;
    char texts[WORDS_MAX][WORD_SIZE];
};

static void word_begin(struct words *words, struct text *text)
{
    assert_in_range(words->count, 0, WORDS_MAX - 1);
    text_init(text, words->texts[words->count++], WORD_SIZE);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void put_sorted(struct words *words, struct text *text)
{
    qsort(words->texts, words->count, WORD_SIZE, compare);
    for (uint32_t i = 0; i < words->count; i++) {
        text_format(text, "; %s", words->texts[i]);
    }
}

static void add_lines(const struct line *lines, uint32_t count, struct text *text)
{
    for (uint32_t i = 0; i < count; i++) {
        text_format(text, " %.*s*%" PRId64, SPAN_ARGUMENTS(lines[i].sku), lines[i].qty);
        if (lines[i].returned > 0) {
            text_format(text, "-%" PRId64 " by %.*s", lines[i].returned,
                        SPAN_ARGUMENTS(lines[i].returned_by));
        }
    }
}

static void add_hold(const struct hold *hold, struct words *words)
{
    struct text text;
    word_begin(words, &text);
    text_format(&text, "hold %.*s %s", SPAN_ARGUMENTS(hold->id), hold_state_text(hold->state));
    if (!span_absent(hold->ended_by)) {
        text_format(&text, " by %.*s", SPAN_ARGUMENTS(hold->ended_by));
    }
    add_lines(hold->lines, hold->line_count, &text);
    assert_false(text.full);
}

static void add_sale(const struct sale *sale, struct words *words)
{
    struct text text;
    word_begin(words, &text);
    text_format(&text, "sale %.*s", SPAN_ARGUMENTS(sale->id));
    if (!span_absent(sale->hold)) {
        text_format(&text, " of %.*s", SPAN_ARGUMENTS(sale->hold));
    }
    if (!span_absent(sale->ended_by)) {
        text_format(&text, " ended by %.*s", SPAN_ARGUMENTS(sale->ended_by));
    }
    add_lines(sale->lines, sale->line_count, &text);
    assert_false(text.full);
}

static void put_pool(struct span pool, struct text *text)
{
    if (!span_equal(pool, SPAN_OF("main"))) {
        text_format(text, "%.*s ", SPAN_ARGUMENTS(pool));
    }
}

static void add_stock(const struct stock *stock, struct words *words)
{
    struct text text;
    word_begin(words, &text);
    put_pool(stock->pool, &text);
    text_format(&text, "%.*s %s%" PRId64 "/%" PRId64 "@%" PRId64, SPAN_ARGUMENTS(stock->sku),
                stock->known ? "" : "not known ", stock->unsold, stock->held, stock->version);
    if (stock->per_customer > 0) {
        text_format(&text, " limit %" PRIu32, stock->per_customer);
    }
    assert_false(text.full);
}

static void add_tally(const struct tally *tally, struct words *words)
{
    struct text text;
    word_begin(words, &text);
    put_pool(tally->pool, &text);
    text_format(&text, "%.*s has %" PRId64 " %.*s", SPAN_ARGUMENTS(tally->customer), tally->taken,
                SPAN_ARGUMENTS(tally->sku));
    assert_false(text.full);
}

static const char *word_of_decision(const struct decision *decision)
{
    return decision->outcome == OUTCOME_REJECTED ? reason_text(decision->reason)
                                                 : outcome_text(decision->outcome);
}

static void add_item(const struct decision_item *item, struct text *text)
{
    text_format(text, " %.*s*%" PRId64, SPAN_ARGUMENTS(item->sku), item->qty);
    if (item->moved) {
        text_format(text, "@%" PRId64 " leaves %" PRId64, item->version, item->available);
    }
}

static void put_named(const char *what, struct span id, struct text *text)
{
    if (!span_absent(id)) {
        text_format(text, " %s %.*s", what, SPAN_ARGUMENTS(id));
    }
}

static void add_decision(const struct decision *decision, struct words *words)
{
    struct text text;
    word_begin(words, &text);
    text_format(&text, "decided %.*s %s", SPAN_ARGUMENTS(decision->job),
                word_of_decision(decision));
    put_named("hold", decision->hold, &text);
    put_named("sale", decision->sale, &text);
    put_named("by", decision->by, &text);
    put_named("replaces", decision->replaces, &text);
    for (uint32_t i = 0; i < decision->item_count; i++) {
        add_item(&decision->items[i], &text);
    }
    for (uint32_t i = 0; i < decision->fault_count; i++) {
        text_format(&text, " fault %.*s", SPAN_ARGUMENTS(decision->faults[i].sku));
    }
    assert_false(text.full);
}

void words_of_found(const struct found *found, struct text *text)
{
    struct words words = {0};
    for (uint32_t i = 0; i < found->hold_count; i++) {
        add_hold(&found->holds[i], &words);
    }
    for (uint32_t i = 0; i < found->sale_count; i++) {
        add_sale(&found->sales[i], &words);
    }
    put_sorted(&words, text);
}

void words_of_state(const struct state *state, struct text *text)
{
    struct words words = {0};
    for (uint32_t i = 0; i < state->stock_count; i++) {
        add_stock(&state->stocks[i], &words);
    }
    for (uint32_t i = 0; i < state->decision_count; i++) {
        add_decision(&state->decisions[i], &words);
    }
    for (uint32_t i = 0; i < state->hold_count; i++) {
        add_hold(&state->holds[i], &words);
    }
    for (uint32_t i = 0; i < state->sale_count; i++) {
        add_sale(&state->sales[i], &words);
    }
    for (uint32_t i = 0; i < state->tally_count; i++) {
        add_tally(&state->tallies[i], &words);
    }
    put_sorted(&words, text);
}

void words_of_results(const struct entry *entries, const struct result *results, uint32_t count,
                      struct text *text)
{
    text_put(text, " ->");
    for (uint32_t i = 0; i < count; i++) {
        const struct result *result = &results[i];
        text_format(text, " %.*s ", SPAN_ARGUMENTS(entries[i].job->id));
        switch (result->kind) {
        case RESULT_DECISION:
            text_put(text, word_of_decision(&result->decision));
            break;
        case RESULT_REPEAT:
            text_format(text, "%s again", word_of_decision(result->repeat));
            break;
        case RESULT_ANSWER:
            text_put(text, answer_reason_text(result->answer));
            break;
        case RESULT_NOTHING:
            text_put(text, "nothing");
            break;
        }
    }
}

void words_of_error(const struct error *error, struct text *text)
{
    static const char *const names[] = {
        [ERROR_NONE] = "for no reason", [ERROR_RETRY] = "retry",     [ERROR_UNKNOWN] = "unknown",
        [ERROR_FENCED] = "fenced",      [ERROR_JOB] = "job",         [ERROR_CONFIG] = "config",
        [ERROR_USAGE] = "usage",        [ERROR_REFUSED] = "refused", [ERROR_FATAL] = "fatal",
    };
    text_format(text, "failed: %s", names[error->kind]);
}
