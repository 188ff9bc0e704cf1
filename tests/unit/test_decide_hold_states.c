/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract's table of what a hold in each state answers, row by row. */
#include "tests/support/situation.h"
#include "tests/support/test.h"

#define GRANTED(outcome)  OUTCOME_##outcome, REASON_NONE, NULL
#define REJECTED(why)     OUTCOME_REJECTED, REASON_##why, NULL
#define ALREADY(what, by) OUTCOME_REJECTED, REASON_ALREADY_##what, by

/* A hold of 2 PS5 of 10, in some state, and a job on it. KIND_RESERVE: one of 1 PS5 that replaces
 * the hold. */
static const struct state_case {
    const char *name;
    enum kind kind;
    enum situation situation;
    enum outcome outcome;
    enum reason reason;
    const char *by;
    int64_t unsold; /* afterwards */
    int64_t held;
    bool moved;
} state_cases[] = {
    {"commit of an active hold", KIND_COMMIT, ACTIVE, GRANTED(CONFIRMED), 8, 0, true},
    {"commit past its end", KIND_COMMIT, PAST_ITS_END, GRANTED(CONFIRMED), 8, 0, true},
    {"commit of an expired hold", KIND_COMMIT, EXPIRED, GRANTED(CONFIRMED), 8, 0, true},
    {"commit of a released hold", KIND_COMMIT, RELEASED, REJECTED(HOLD_RELEASED), 10, 0, false},
    {"commit of a committed hold", KIND_COMMIT, COMMITTED, ALREADY(COMMITTED, "end"), 8, 0, false},
    {"commit of a cancelled one", KIND_COMMIT, CANCELLED, ALREADY(CANCELLED, "back"), 10, 0, false},
    {"commit of an unknown hold", KIND_COMMIT, UNKNOWN, REJECTED(UNKNOWN_HOLD), 10, 0, false},
    {"commit of another's hold", KIND_COMMIT, ANOTHERS, REJECTED(UNKNOWN_HOLD), 10, 2, false},

    {"release of an active hold", KIND_RELEASE, ACTIVE, GRANTED(RELEASED), 10, 0, true},
    {"release past its end", KIND_RELEASE, PAST_ITS_END, GRANTED(RELEASED), 10, 0, true},
    {"release of an expired hold", KIND_RELEASE, EXPIRED, GRANTED(RELEASED), 10, 0, false},
    {"release of a released one", KIND_RELEASE, RELEASED, GRANTED(RELEASED), 10, 0, false},
    {"release of a committed one", KIND_RELEASE, COMMITTED, ALREADY(COMMITTED, "end"), 8, 0, false},
    {"release of a cancelled", KIND_RELEASE, CANCELLED, ALREADY(CANCELLED, "back"), 10, 0, false},
    {"release of an unknown hold", KIND_RELEASE, UNKNOWN, REJECTED(UNKNOWN_HOLD), 10, 0, false},
    {"release of another's hold", KIND_RELEASE, ANOTHERS, REJECTED(UNKNOWN_HOLD), 10, 2, false},

    {"extend of an active hold", KIND_EXTEND, ACTIVE, GRANTED(EXTENDED), 10, 2, false},
    {"extend past its end", KIND_EXTEND, PAST_ITS_END, GRANTED(EXTENDED), 10, 2, false},
    {"extend of an expired hold", KIND_EXTEND, EXPIRED, REJECTED(HOLD_EXPIRED), 10, 0, false},
    {"extend of a released hold", KIND_EXTEND, RELEASED, REJECTED(HOLD_RELEASED), 10, 0, false},
    {"extend of a committed one", KIND_EXTEND, COMMITTED, ALREADY(COMMITTED, "end"), 8, 0, false},
    {"extend of a cancelled one", KIND_EXTEND, CANCELLED, ALREADY(CANCELLED, "back"), 10, 0, false},
    {"extend of an unknown hold", KIND_EXTEND, UNKNOWN, REJECTED(UNKNOWN_HOLD), 10, 0, false},
    {"extend of another's hold", KIND_EXTEND, ANOTHERS, REJECTED(UNKNOWN_HOLD), 10, 2, false},

    {"replaces an active hold", KIND_RESERVE, ACTIVE, GRANTED(HELD), 10, 1, true},
    {"replaces one past its end", KIND_RESERVE, PAST_ITS_END, GRANTED(HELD), 10, 1, true},
    {"ignores an expired hold", KIND_RESERVE, EXPIRED, GRANTED(HELD), 10, 1, true},
    {"ignores a released hold", KIND_RESERVE, RELEASED, GRANTED(HELD), 10, 1, true},
    {"replaces no committed one", KIND_RESERVE, COMMITTED, ALREADY(COMMITTED, "end"), 8, 0, false},
    {"replaces no cancelled", KIND_RESERVE, CANCELLED, ALREADY(CANCELLED, "back"), 10, 0, false},
    {"replaces no unknown hold", KIND_RESERVE, UNKNOWN, REJECTED(UNKNOWN_HOLD), 10, 0, false},
    {"replaces no other's hold", KIND_RESERVE, ANOTHERS, REJECTED(UNKNOWN_HOLD), 10, 2, false},
};

static const struct state_case *current; /* cmocka has one pointer a test, and the shop has it */

static int open_state_case(void **state)
{
    current = *state;
    return open_shop(state);
}

static void decides_by_the_hold_s_state(void **state)
{
    struct shop *shop = *state;
    const struct state_case *test = current;
    bring_about(shop, test->situation);
    const int64_t version = shop_stock(shop, "PS5").version;

    struct job job = job_on_hold(test->kind, "job", "h");
    if (test->kind == KIND_RESERVE) {
        job = job_cart(shop, KIND_RESERVE, "job", "PS5", 1);
        job.replaces = SPAN_OF("h");
    }
    job.customer = SPAN_OF("c-1");
    const struct decision *decision = shop_decide(shop, job);

    assert_int_equal(decision->outcome, test->outcome);
    assert_int_equal(decision->reason, test->reason);
    assert_span(decision->by, test->by);
    assert_int_equal(decision->fault_count, 0);
    assert_int_equal(shop_stock(shop, "PS5").unsold, test->unsold);
    assert_int_equal(shop_stock(shop, "PS5").held, test->held);
    assert_int_equal(shop_stock(shop, "PS5").version, version + (test->moved ? 1 : 0));
    if (decision->item_count > 0) {
        assert_int_equal(decision->items[0].moved, test->moved);
        assert_int_equal(decision->items[0].version, test->moved ? version + 1 : 0);
        assert_int_equal(decision->items[0].available, test->moved ? test->unsold - test->held : 0);
    }
}

int main(void)
{
    enum { CASES = sizeof state_cases / sizeof state_cases[0] };
    struct CMUnitTest rows[CASES];
    for (size_t i = 0; i < CASES; i++) {
        rows[i] = (struct CMUnitTest){.name = state_cases[i].name,
                                      .test_func = decides_by_the_hold_s_state,
                                      .setup_func = open_state_case,
                                      .teardown_func = close_shop,
                                      .initial_state = (void *)&state_cases[i]};
    }
    return cmocka_run_group_tests_name("decide, states of a hold", rows, NULL, NULL);
}
