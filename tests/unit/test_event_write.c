/* SPDX-License-Identifier: Apache-2.0
 *
 * Decisions to the byte: the published examples are what their events must be, now and in every
 * later version. */
#include "common/contract/event.h"

#include "common/contract/names.h"
#include "tests/support/example.h"
#include "tests/support/test.h"

/* 2026-11-21T09:00:00.123456Z */
#define NOW    INT64_C(1795251600123456)
#define MINUTE (60 * INSTANT_SECOND)

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MOVED(text, n, number, rest)                                                              \
    {                                                                                             \
        .sku = SPAN_OF(text), .qty = (n), .moved = true, .version = (number), .available = (rest) \
    }
#define STILL(text, n)                   \
    {                                    \
        .sku = SPAN_OF(text), .qty = (n) \
    }
#define NO FIGURE_NONE
#define FIGURES(available_, held_, limit_, taken_, version_)                          \
    .available = (available_), .held = (held_), .limit = (limit_), .taken = (taken_), \
    .version = (version_)
#define ALWAYS           .opens_at = INSTANT_NONE, .closes_at = INSTANT_NONE
#define WINDOW(from, to) .opens_at = (from), .closes_at = (to)
#define SHOPPER                                                                       \
    .ref = SPAN_OF("1001"), .customer = SPAN_OF("c-981"), .store = SPAN_OF("eu-web"), \
    .pool = SPAN_OF("main"), .slot = 278

static const struct decision_case {
    const char *name; /* of the example, and its routing key */
    const char *where;
    struct decision decision; /* form, decided_at and arrays are filled in; expires_at 0: none */
    struct decision_item items[2];
    struct decision_item released[3];
    struct fault faults[1];
} decision_cases[] = {
    {"reserve.held",
     "eu-web",
     {.job = SPAN_OF("1001.1"),
      .kind = KIND_RESERVE,
      .outcome = OUTCOME_HELD,
      SHOPPER,
      .hold = SPAN_OF("1001.1"),
      .expires_at = NOW + 15 * MINUTE},
     .items = {MOVED("PS5", 1, 4711, 3)}},
    {"reserve.held.replaces",
     "eu-web",
     {.job = SPAN_OF("1001.2"),
      .kind = KIND_RESERVE,
      .outcome = OUTCOME_HELD,
      SHOPPER,
      .hold = SPAN_OF("1001.2"),
      .expires_at = NOW + 15 * MINUTE,
      .replaces = SPAN_OF("1001.1")},
     .items = {MOVED("PS5", 2, 4712, 2), STILL("PAD", 1)},
     .released = {STILL("PS5", 1), STILL("PAD", 1), MOVED("TV", 1, 9, 5)}},
    {"checkout.confirmed",
     "eu-web",
     {.job = SPAN_OF("1002.1"),
      .kind = KIND_CHECKOUT,
      .outcome = OUTCOME_CONFIRMED,
      .customer = SPAN_OF("c-982"),
      .store = SPAN_OF("eu-web"),
      .pool = SPAN_OF("main"),
      .slot = 278,
      .sale = SPAN_OF("1002.1"),
      .meta = SPAN_OF("{ \"cart\":[1,2.50,{\"gift\":null}]}")},
     .items = {MOVED("PS5", 1, 4713, 1), MOVED("PAD", 2, 17, 0)}},
    {"checkout.sold_out",
     "eu-web",
     {.job = SPAN_OF("1004.1"), .kind = KIND_CHECKOUT, .outcome = OUTCOME_SOLD_OUT, SHOPPER},
     .items = {STILL("PS5", 1), STILL("PAD", 2)},
     .faults = {{.sku = SPAN_OF("PAD"),
                 .reason = REASON_SOLD_OUT,
                 .wanted = 2,
                 FIGURES(0, 4, NO, NO, NO),
                 ALWAYS}}},
    {"checkout.rejected.not_on_sale",
     "eu-web",
     {.job = SPAN_OF("1005.1"),
      .kind = KIND_CHECKOUT,
      .outcome = OUTCOME_REJECTED,
      .reason = REASON_NOT_ON_SALE,
      SHOPPER},
     .items = {STILL("PS5", 1)},
     .faults = {{.sku = SPAN_OF("PS5"),
                 .reason = REASON_NOT_ON_SALE,
                 .wanted = 1,
                 FIGURES(NO, NO, NO, NO, NO),
                 WINDOW(NOW + MINUTE, NOW + 2 * MINUTE)}}},
    {"checkout.rejected.unknown_store",
     "nowhere",
     {.job = SPAN_OF("1006.1"),
      .kind = KIND_CHECKOUT,
      .outcome = OUTCOME_REJECTED,
      .reason = REASON_UNKNOWN_STORE,
      .customer = SPAN_OF("c-982"),
      .store = SPAN_OF("nowhere"),
      .slot = 278},
     .items = {STILL("PS5", 1)}},
    {"checkout.late",
     "eu-web",
     {.job = SPAN_OF("1007.1"), .kind = KIND_CHECKOUT, .outcome = OUTCOME_LATE, SHOPPER},
     .items = {STILL("PS5", 1)}},
    {"reserve.rejected.over_limit",
     "eu-web",
     {.job = SPAN_OF("1008.1"),
      .kind = KIND_RESERVE,
      .outcome = OUTCOME_REJECTED,
      .reason = REASON_OVER_LIMIT,
      SHOPPER},
     .items = {STILL("PS5", 2)},
     .faults = {{.sku = SPAN_OF("PS5"),
                 .reason = REASON_OVER_LIMIT,
                 .wanted = 2,
                 FIGURES(NO, NO, 2, 1, NO),
                 ALWAYS}}},
    {"commit.confirmed",
     "eu-web",
     {.job = SPAN_OF("1001.1.commit"),
      .kind = KIND_COMMIT,
      .outcome = OUTCOME_CONFIRMED,
      SHOPPER,
      .hold = SPAN_OF("1001.1"),
      .sale = SPAN_OF("1001.1.commit")},
     .items = {MOVED("PS5", 1, 4714, 1)}},
    {"commit.confirmed.retaken",
     "eu-web",
     {.job = SPAN_OF("1001.3.commit"),
      .kind = KIND_COMMIT,
      .outcome = OUTCOME_CONFIRMED,
      SHOPPER,
      .hold = SPAN_OF("1001.3"),
      .sale = SPAN_OF("1001.3.commit"),
      .retaken = true},
     .items = {MOVED("PS5", 1, 4715, 0)}},
    {"commit.rejected.already_committed",
     "eu-web",
     {.job = SPAN_OF("1001.1.again"),
      .kind = KIND_COMMIT,
      .outcome = OUTCOME_REJECTED,
      .reason = REASON_ALREADY_COMMITTED,
      SHOPPER,
      .hold = SPAN_OF("1001.1"),
      .sale = SPAN_OF("1001.1.commit"),
      .by = SPAN_OF("1001.1.commit")},
     .items = {STILL("PS5", 1)}},
    {"commit.rejected.unknown_hold",
     "default",
     {.job = SPAN_OF("9.commit"),
      .kind = KIND_COMMIT,
      .outcome = OUTCOME_REJECTED,
      .reason = REASON_UNKNOWN_HOLD,
      .slot = 1023,
      .hold = SPAN_OF("9")},
     .items = {{.qty = 0}}},
    {"release.released",
     "eu-web",
     {.job = SPAN_OF("1001.4.release"),
      .kind = KIND_RELEASE,
      .outcome = OUTCOME_RELEASED,
      SHOPPER,
      .hold = SPAN_OF("1001.4")},
     .items = {MOVED("PS5", 1, 4716, 1)}},
    {"extend.extended",
     "eu-web",
     {.job = SPAN_OF("1001.5.extend"),
      .kind = KIND_EXTEND,
      .outcome = OUTCOME_EXTENDED,
      SHOPPER,
      .hold = SPAN_OF("1001.5"),
      .expires_at = NOW + 30 * MINUTE},
     .items = {STILL("PS5", 1)}},
    {"cancel.cancelled",
     "eu-web",
     {.job = SPAN_OF("1002.1.back"),
      .kind = KIND_CANCEL,
      .outcome = OUTCOME_CANCELLED,
      SHOPPER,
      .sale = SPAN_OF("1002.1")},
     .items = {MOVED("PAD", 1, 18, 1)}},
    {"expire.expired",
     "main",
     {.job = SPAN_OF("till:expire:1001.5"),
      .kind = KIND_EXPIRE,
      .outcome = OUTCOME_EXPIRED,
      SHOPPER,
      .hold = SPAN_OF("1001.5")},
     .items = {MOVED("PS5", 1, 4717, 2)}},
    {"adjust.stocked",
     "outlet",
     {.job = SPAN_OF("broken-3"),
      .kind = KIND_ADJUST,
      .outcome = OUTCOME_STOCKED,
      .pool = SPAN_OF("outlet"),
      .slot = 7},
     .items = {MOVED("it's \"new\" \\ \xe6\x97\xa5\xe6\x9c\xac\xf0\x9f\x8e\x81", -2, 5, 0)}},
    {"set.rejected.version_changed",
     "main",
     {.job = SPAN_OF("count-2026-11"),
      .kind = KIND_SET,
      .outcome = OUTCOME_REJECTED,
      .reason = REASON_VERSION_CHANGED,
      .pool = SPAN_OF("main"),
      .slot = 278},
     .items = {STILL("PS5", 38)},
     .faults = {{.sku = SPAN_OF("PS5"),
                 .reason = REASON_VERSION_CHANGED,
                 .wanted = 38,
                 FIGURES(NO, NO, NO, NO, 4717),
                 ALWAYS}}},
    {"define.stocked",
     "main",
     {.job = SPAN_OF("sale-1"),
      .kind = KIND_DEFINE,
      .outcome = OUTCOME_STOCKED,
      .pool = SPAN_OF("main"),
      .slot = 278},
     .items = {STILL("PS5", 0)}},
};

static char memory[2 * EVENT_MEMORY_MAX];
static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, memory, sizeof memory);
    return 0;
}

static uint32_t count_items(const struct decision_item *items, uint32_t capacity)
{
    uint32_t count = 0;
    while (count < capacity && !span_absent(items[count].sku)) {
        count++;
    }
    return count;
}

static struct decision complete(const struct decision_case *test)
{
    struct decision decision = test->decision;
    decision.form = EVENT_FORM;
    decision.decided_at = NOW;
    decision.expires_at = decision.expires_at == 0 ? INSTANT_NONE : decision.expires_at;
    decision.items = test->items;
    decision.item_count = count_items(test->items, COUNT(test->items));
    decision.released_items = test->released;
    decision.released_count = count_items(test->released, COUNT(test->released));
    decision.faults = test->faults;
    decision.fault_count = span_absent(test->faults[0].sku) ? 0 : 1;
    return decision;
}

static void writes_a_decision(void **state)
{
    const struct decision_case *test = *state;
    const struct decision decision = complete(test);
    struct event event;
    char words[256];
    struct text text;
    assert_true(event_of_decision("till", &decision, &arena, &event));
    assert_event_example(test->name, event.body);
    assert_true(span_equal(event.id, decision.job));
    assert_true(span_equal(event.job, decision.job));
    text_init(&text, words, sizeof words);
    text_format(&text, "%s.%s", kind_text(decision.kind), outcome_text(decision.outcome));
    assert_span(event.type, words);
    text_format(&text, ".%s", test->where);
    assert_span(event.routing_key, words);
}

static void names_its_namespace_as_source(void **state)
{
    (void)state;
    const struct decision decision = complete(&decision_cases[0]);
    struct event event;
    assert_true(event_of_decision("a123456789012345678901234567890", &decision, &arena, &event));
    static const char start[] = "{\"specversion\":\"1.0\",\"id\":\"1001.1\","
                                "\"source\":\"/a123456789012345678901234567890\",\"type\":";
    assert_memory_equal(event.body.bytes, start, strlen(start));
}

/* A hundred SKUs that all need escapes, each with every figure. */
static void the_largest_event_fits(void **state)
{
    (void)state;
    static char quotes[128];
    static char meta[8192];
    static struct decision_item items[100];
    static struct fault faults[100];
    const struct span longest = {quotes, sizeof quotes};
    struct decision decision = complete(&decision_cases[0]);
    struct event event;
    memset(quotes, '"', sizeof quotes);
    memset(meta, ' ', sizeof meta);
    meta[0] = '{';
    meta[sizeof meta - 1] = '}';
    for (size_t i = 0; i < COUNT(items); i++) {
        items[i] = (struct decision_item){longest, -INT64_MAX, true, INT64_MAX, INT64_MAX, 0};
        faults[i] = (struct fault){longest,   REASON_ALREADY_COMMITTED,
                                   INT64_MAX, INT64_MAX,
                                   INT64_MAX, INT64_MAX,
                                   INT64_MAX, INT64_MAX,
                                   NOW,       NOW};
    }
    decision.job = decision.ref = decision.customer = decision.hold = longest;
    decision.sale = decision.by = decision.replaces = longest;
    decision.items = decision.released_items = items;
    decision.item_count = decision.released_count = COUNT(items);
    decision.faults = faults;
    decision.fault_count = COUNT(faults);
    decision.meta = (struct span){meta, sizeof meta};
    arena_init(&arena, memory, EVENT_MEMORY_MAX);
    assert_true(event_of_decision("till", &decision, &arena, &event));
}

static void a_full_arena_takes_nothing(void **state)
{
    (void)state;
    const struct decision decision = complete(&decision_cases[0]);
    struct event event;
    assert_true(event_of_decision("till", &decision, &arena, &event));
    const size_t needed = arena_mark(&arena);
    for (size_t size = 1; size < needed; size++) {
        arena_init(&arena, memory, size);
        assert_false(event_of_decision("till", &decision, &arena, &event));
        assert_int_equal(arena_mark(&arena), 0);
    }
}

static void a_form_that_is_not_known_is_a_bug(void **state)
{
    (void)state;
    struct decision decision = complete(&decision_cases[0]);
    struct event event;
    decision.form = EVENT_FORM + 1;
    expect_assert_failure((void)!event_of_decision("till", &decision, &arena, &event));
}

int main(void)
{
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test_setup(names_its_namespace_as_source, begin),
        cmocka_unit_test_setup(the_largest_event_fits, begin),
        cmocka_unit_test_setup(a_full_arena_takes_nothing, begin),
        cmocka_unit_test_setup(a_form_that_is_not_known_is_a_bug, begin),
    };
    enum {
        DECISIONS = COUNT(decision_cases),
        FIXED = COUNT(fixed),
    };
    struct CMUnitTest tests[DECISIONS + FIXED];
    struct CMUnitTest *next = tests;
    for (size_t i = 0; i < DECISIONS; i++) {
        *next++ = (struct CMUnitTest){.name = decision_cases[i].name,
                                      .test_func = writes_a_decision,
                                      .setup_func = begin,
                                      .initial_state = (void *)&decision_cases[i]};
    }
    memcpy(next, fixed, sizeof fixed);
    return cmocka_run_group_tests_name("event_write", tests, NULL, NULL);
}
