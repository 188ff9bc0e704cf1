/* SPDX-License-Identifier: Apache-2.0
 *
 * Adjust, set and define: what makes a SKU known, compare-and-set, bounds, versions and edges. */
#include "tests/support/situation.h"
#include "tests/support/test.h"

/* --- Adjust and set of one SKU: before, the job, after. --- */

static const struct count_case {
    const char *name;
    int64_t unsold; /* before; -1: not known */
    int64_t held;
    enum kind kind;
    int64_t qty;
    int64_t if_version;
    enum reason reason; /* NONE: stocked */
    int64_t unsold_after;
    bool moved;
    enum edge edge;
} count_cases[] = {
    {"a positive adjust makes known", -1, 0, KIND_ADJUST, 5, VERSION_NONE, REASON_NONE, 5, true,
     EDGE_BACK},
    {"a negative one does not", -1, 0, KIND_ADJUST, -1, VERSION_NONE, REASON_UNKNOWN_SKU, 0, false,
     EDGE_NONE},
    /* Silent in the contract: lines of +1 and -1. */
    {"nor does a sum of 0", -1, 0, KIND_ADJUST, 0, VERSION_NONE, REASON_UNKNOWN_SKU, 0, false,
     EDGE_NONE},
    {"a sum of 0 moves nothing", 5, 0, KIND_ADJUST, 0, VERSION_NONE, REASON_NONE, 5, false,
     EDGE_NONE},
    {"adjust adds", 5, 0, KIND_ADJUST, 5, VERSION_NONE, REASON_NONE, 10, true, EDGE_NONE},
    {"adjust takes off down to what is held", 5, 2, KIND_ADJUST, -3, VERSION_NONE, REASON_NONE, 2,
     true, EDGE_OUT},
    {"adjust does not go below held", 5, 2, KIND_ADJUST, -4, VERSION_NONE, REASON_BELOW_HELD, 5,
     false, EDGE_NONE},
    {"adjust fills up", 5, 0, KIND_ADJUST, 999999995, VERSION_NONE, REASON_NONE, 1000000000, true,
     EDGE_NONE},
    {"adjust does not overfill", 5, 0, KIND_ADJUST, 999999996, VERSION_NONE, REASON_OVER_CAPACITY,
     5, false, EDGE_NONE},
    {"set makes known", -1, 0, KIND_SET, 5, VERSION_NONE, REASON_NONE, 5, true, EDGE_BACK},
    {"set to 0 makes known and moves nothing", -1, 0, KIND_SET, 0, VERSION_NONE, REASON_NONE, 0,
     false, EDGE_NONE},
    {"set counts anew", 5, 0, KIND_SET, 3, VERSION_NONE, REASON_NONE, 3, true, EDGE_NONE},
    {"set to the same moves nothing", 5, 0, KIND_SET, 5, VERSION_NONE, REASON_NONE, 5, false,
     EDGE_NONE},
    {"set to 0 sells out", 5, 0, KIND_SET, 0, VERSION_NONE, REASON_NONE, 0, true, EDGE_OUT},
    {"set goes down to what is held", 5, 2, KIND_SET, 2, VERSION_NONE, REASON_NONE, 2, true,
     EDGE_OUT},
    {"set does not go below held", 5, 2, KIND_SET, 1, VERSION_NONE, REASON_BELOW_HELD, 5, false,
     EDGE_NONE},
    {"set compares and sets", 5, 0, KIND_SET, 3, 1, REASON_NONE, 3, true, EDGE_NONE},
    {"set finds another version", 5, 0, KIND_SET, 3, 2, REASON_VERSION_CHANGED, 5, false,
     EDGE_NONE},
    {"if_version 0 finds a change", 5, 0, KIND_SET, 3, 0, REASON_VERSION_CHANGED, 5, false,
     EDGE_NONE},
    {"if_version 0 is: not yet known", -1, 0, KIND_SET, 3, 0, REASON_NONE, 3, true, EDGE_BACK},
    {"what is not known has version 0", -1, 0, KIND_SET, 3, 1, REASON_VERSION_CHANGED, 0, false,
     EDGE_NONE},
    {"version_changed comes before below_held", 5, 2, KIND_SET, 1, 7, REASON_VERSION_CHANGED, 5,
     false, EDGE_NONE},
};

static const struct count_case *count_case;

static int open_count_case(void **state)
{
    count_case = *state;
    return open_shop(state);
}

static void assert_figures(const struct fault *fault, const struct count_case *test,
                           const struct stock *before)
{
    const bool bounds = test->reason == REASON_BELOW_HELD || test->reason == REASON_OVER_CAPACITY;
    const bool version = test->reason == REASON_VERSION_CHANGED;
    assert_int_equal(fault->reason, test->reason);
    assert_int_equal(fault->wanted, test->qty);
    assert_int_equal(fault->available, bounds ? before->unsold - before->held : FIGURE_NONE);
    assert_int_equal(fault->held, bounds ? before->held : FIGURE_NONE);
    assert_int_equal(fault->version, version ? before->version : FIGURE_NONE);
    assert_int_equal(fault->limit, FIGURE_NONE);
    assert_int_equal(fault->opens_at, INSTANT_NONE);
}

static void counts(void **state)
{
    struct shop *shop = *state;
    const struct count_case *test = count_case;
    if (test->unsold > 0) {
        shop_adjust(shop, "stock", "PS5", test->unsold);
    }
    if (test->held > 0) {
        shop_reserve(shop, "h", "PS5", test->held);
    }
    const struct stock before = shop_stock(shop, "PS5");

    struct job job = job_stock(shop, test->kind, "job", "PS5", test->qty);
    job.items[0].if_version = test->if_version;
    const struct decision *decision = shop_decide(shop, job);

    const struct stock after = shop_stock(shop, "PS5");
    assert_int_equal(decision->reason, test->reason);
    assert_int_equal(decision->outcome,
                     test->reason == REASON_NONE ? OUTCOME_STOCKED : OUTCOME_REJECTED);
    assert_int_equal(decision->items[0].moved, test->moved);
    assert_span(decision->pool, "main");
    assert_span(decision->store, NULL);
    assert_int_equal(after.unsold, test->unsold_after);
    assert_int_equal(after.version, before.version + (test->moved ? 1 : 0));
    assert_int_equal(after.known, before.known || test->reason == REASON_NONE);
    assert_int_equal(shop->result.movement_count, test->moved ? 1 : 0);
    if (test->moved) {
        assert_int_equal(shop->result.movements[0].item->edge, test->edge);
    }
    if (test->reason != REASON_NONE) {
        assert_figures(&decision->faults[0], test, &before);
    }
}

/* --- The order of refusals: two SKUs, each with another obstacle. --- */

static void adjust_tells_the_first_obstacle(void **state)
{
    static const struct {
        const char *sku;
        int64_t qty;
        enum reason reason;
    } obstacles[] = {
        {"NEW", -1, REASON_UNKNOWN_SKU},
        {"PS5", -1, REASON_BELOW_HELD},
        {"FULL", 1, REASON_OVER_CAPACITY},
    };
    struct shop *shop = *state;
    shop_adjust(shop, "ps5", "PS5", 1);
    shop_reserve(shop, "h", "PS5", 1);
    shop_decide(shop, job_stock(shop, KIND_SET, "full", "FULL", 1000000000));
    static const char *const ids[] = {"a", "b", "c"};
    for (size_t first = 0, i = 0; first < 3; first++) {
        for (size_t second = first + 1; second < 3; second++, i++) {
            struct job job =
                job_stock(shop, KIND_ADJUST, ids[i], obstacles[second].sku, obstacles[second].qty);
            job_add_item(shop, &job, obstacles[first].sku, obstacles[first].qty);
            const struct decision *decision = shop_decide(shop, job);
            assert_int_equal(decision->reason, obstacles[first].reason);
            assert_int_equal(decision->fault_count, 1);
            assert_span(decision->faults[0].sku, obstacles[first].sku);
        }
    }
}

/* --- Define --- */

static void define_makes_known_with_nothing(void **state)
{
    struct shop *shop = *state;
    const struct decision *decision =
        shop_decide(shop, job_stock(shop, KIND_DEFINE, "d", "PS5", 0));
    assert_int_equal(decision->outcome, OUTCOME_STOCKED);
    assert_false(decision->items[0].moved);
    assert_int_equal(shop->result.movement_count, 0);
    assert_true(shop_stock(shop, "PS5").known);
    assert_int_equal(shop_stock(shop, "PS5").version, 0);
    assert_int_equal(shop_checkout(shop, "c", "PS5", 1)->outcome, OUTCOME_SOLD_OUT);
}

static void null_clears_and_absent_leaves(void **state)
{
    struct shop *shop = *state;
    struct job job = job_stock(shop, KIND_DEFINE, "d1", "PS5", 0);
    job.definition = (struct definition){.per_customer_change = CHANGE_SET,
                                         .per_customer = 2,
                                         .round_change = CHANGE_SET,
                                         .round = SPAN_OF("r1"),
                                         .opens_change = CHANGE_SET,
                                         .opens_at = 5,
                                         .closes_change = CHANGE_SET,
                                         .closes_at = 6};
    shop_decide(shop, job);
    job = job_stock(shop, KIND_DEFINE, "d2", "PS5", 0);
    shop_decide(shop, job);
    assert_int_equal(shop_stock(shop, "PS5").per_customer, 2);
    assert_span(shop_stock(shop, "PS5").round, "r1");
    assert_int_equal(shop_stock(shop, "PS5").opens_at, 5);
    assert_int_equal(shop_stock(shop, "PS5").closes_at, 6);
    job.id = SPAN_OF("d3");
    job.definition = (struct definition){.per_customer_change = CHANGE_CLEAR,
                                         .round_change = CHANGE_CLEAR,
                                         .opens_change = CHANGE_CLEAR,
                                         .closes_change = CHANGE_CLEAR};
    shop_decide(shop, job);
    assert_int_equal(shop_stock(shop, "PS5").per_customer, 0);
    assert_span(shop_stock(shop, "PS5").round, NULL);
    assert_int_equal(shop_stock(shop, "PS5").opens_at, INSTANT_NONE);
    assert_int_equal(shop_stock(shop, "PS5").closes_at, INSTANT_NONE);
}

/* Only our own bug can leave out the row that a stock job needs. */
static void needs_a_row_for_what_becomes_known(void **state)
{
    struct shop *shop = *state;
    struct job job = job_stock(shop, KIND_ADJUST, "a", "PS5", 1);
    const struct entry entry = {.job = &job, .from_stock_exchange = true};
    struct state empty = {.now = shop->now};
    uint32_t decided = 0;
    expect_assert_failure(decided = decide(&empty, &entry, 1, &shop->arena, &shop->result));
    assert_int_equal(decided, 0);
}

int main(void)
{
    enum { CASES = sizeof count_cases / sizeof count_cases[0] };
    struct CMUnitTest rows[CASES];
    for (size_t i = 0; i < CASES; i++) {
        rows[i] = (struct CMUnitTest){.name = count_cases[i].name,
                                      .test_func = counts,
                                      .setup_func = open_count_case,
                                      .teardown_func = close_shop,
                                      .initial_state = (void *)&count_cases[i]};
    }
    const struct CMUnitTest tests[] = {
        IN_A_SHOP(adjust_tells_the_first_obstacle),
        IN_A_SHOP(define_makes_known_with_nothing),
        IN_A_SHOP(null_clears_and_absent_leaves),
        IN_A_SHOP(needs_a_row_for_what_becomes_known),
    };
    const int failed = cmocka_run_group_tests_name("decide, adjust and set", rows, NULL, NULL);
    return failed + cmocka_run_group_tests_name("decide, stock", tests, NULL, NULL);
}
