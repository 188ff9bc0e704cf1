/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers and news of stock to the byte: the published examples are what they must be. */
#include "common/contract/event.h"

#include "common/contract/names.h"
#include "tests/support/example.h"
#include "tests/support/test.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct answer_case {
    const char *name;
    const char *routing_key;
    struct answer answer;
} answer_cases[] = {
    {"job.malformed",
     "job.malformed.eu-web",
     {.job = SPAN_OF("a"),
      .reason = ANSWER_MALFORMED,
      .kind = SPAN_OF("checkout"),
      .store = SPAN_OF("eu-web"),
      .pointer = SPAN_OF("/items/0/qty"),
      .text = SPAN_OF("must be 1 to 1,000,000"),
      .crc = 0x0badcafe}},
    {"job.malformed.unreadable_kind",
     "job.malformed.default",
     {.job = SPAN_OF("a"),
      .reason = ANSWER_MALFORMED,
      .pointer = SPAN_OF("/kind"),
      .text = SPAN_OF("is no kind of job"),
      .crc = 1}},
    {"job.not_allowed",
     "job.not_allowed.default",
     {.job = SPAN_OF("po-77"),
      .reason = ANSWER_NOT_ALLOWED,
      .kind = SPAN_OF("adjust"),
      .pointer = SPAN_OF("/kind"),
      .text = SPAN_OF("a stock job must come through till.stock"),
      .crc = 0xffffffff}},
    {"job.id_reused",
     "job.id_reused.eu-web",
     {.job = SPAN_OF("1001.1"),
      .reason = ANSWER_ID_REUSED,
      .kind = SPAN_OF("reserve"),
      .store = SPAN_OF("eu-web"),
      .pointer = SPAN_OF("/id"),
      .text = SPAN_OF("was the id of another job, whose decision stands"),
      .crc = 0x12345678}},
    {"job.parked",
     "job.parked.eu-web",
     {.job = SPAN_OF("1001.1"),
      .reason = ANSWER_PARKED,
      .kind = SPAN_OF("reserve"),
      .store = SPAN_OF("eu-web"),
      .text = SPAN_OF("put aside: the database refused this job; its dead letter says why, and "
                      "it may be sent again under the same id"),
      .crc = 0x9abcdef0}},
};

static const struct stock_case {
    const char *name;
    const char *routing_key;
    const char *id;
    enum stock_news news;
    int64_t version;
    struct stock_report report;
} stock_cases[] = {
    {"stock.changed",
     "stock.changed.main",
     "main/PS5@4711",
     STOCK_CHANGED,
     4711,
     {SPAN_OF("main"), SPAN_OF("PS5"), 10, 7, 4711}},
    {"stock.out",
     "stock.out.main",
     "main/PS5@4712/out",
     STOCK_OUT,
     4712,
     {SPAN_OF("main"), SPAN_OF("PS5"), 7, 7, 4712}},
    {"stock.back",
     "stock.back.outlet",
     "outlet/a/b@7/back",
     STOCK_BACK,
     7,
     {SPAN_OF("outlet"), SPAN_OF("a/b"), 5, 1, 9}},
};

static char memory[2 * EVENT_MEMORY_MAX];
static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, memory, sizeof memory);
    return 0;
}

static void writes_an_answer(void **state)
{
    const struct answer_case *test = *state;
    struct event event;
    char words[256];
    struct text text;
    assert_true(event_of_answer("till", &test->answer, &arena, &event));
    assert_event_example(test->name, event.body);
    assert_span(event.routing_key, test->routing_key);
    assert_true(span_equal(event.job, test->answer.job));
    text_init(&text, words, sizeof words);
    text_format(&text, "job.%s", answer_reason_text(test->answer.reason));
    assert_span(event.type, words);
}

static void writes_news_of_stock(void **state)
{
    const struct stock_case *test = *state;
    struct event event;
    assert_true(event_of_stock("till", test->news, test->version, &test->report, &arena, &event));
    assert_event_example(test->name, event.body);
    assert_span(event.routing_key, test->routing_key);
    assert_span(event.id, test->id);
    assert_true(span_absent(event.job));
}

int main(void)
{
    enum {
        ANSWERS = COUNT(answer_cases),
        STOCKS = COUNT(stock_cases),
    };
    struct CMUnitTest tests[ANSWERS + STOCKS];
    struct CMUnitTest *next = tests;
    for (size_t i = 0; i < ANSWERS; i++) {
        *next++ = (struct CMUnitTest){.name = answer_cases[i].name,
                                      .test_func = writes_an_answer,
                                      .setup_func = begin,
                                      .initial_state = (void *)&answer_cases[i]};
    }
    for (size_t i = 0; i < STOCKS; i++) {
        *next++ = (struct CMUnitTest){.name = stock_cases[i].name,
                                      .test_func = writes_news_of_stock,
                                      .setup_func = begin,
                                      .initial_state = (void *)&stock_cases[i]};
    }
    return cmocka_run_group_tests_name("event_answer", tests, NULL, NULL);
}
