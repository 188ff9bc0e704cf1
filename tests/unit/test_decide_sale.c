/* SPDX-License-Identifier: Apache-2.0
 *
 * Cancel: in part or in whole, by any of a sale's names, and never more than was sold. */
#include "tests/support/situation.h"
#include "tests/support/test.h"

/* 10 PS5 and 10 PAD; the checkout "sale" sold 3 and 2 of them. */
static struct shop *with_sale(void **state)
{
    struct shop *shop = *state;
    shop_adjust(shop, "ps5", "PS5", 10);
    shop_adjust(shop, "pad", "PAD", 10);
    struct job job = job_cart(shop, KIND_CHECKOUT, "sale", "PS5", 3);
    job_add_item(shop, &job, "PAD", 2);
    job.ref = SPAN_OF("1001");
    shop_decide(shop, job);
    return shop;
}

static const struct decision *cancel_some(struct shop *shop, const char *id, const char *sku,
                                          int64_t qty)
{
    struct job job = job_cancel(id, "sale");
    job_add_item(shop, &job, sku, qty);
    return shop_decide(shop, job);
}

static void takes_all_back(void **state)
{
    struct shop *shop = with_sale(state);
    const struct decision *decision = shop_cancel(shop, "back", "sale");
    assert_int_equal(decision->outcome, OUTCOME_CANCELLED);
    assert_int_equal(decision->item_count, 2);
    assert_int_equal(decision->items[1].qty, 2);
    assert_int_equal(decision->items[1].version, 3);
    assert_int_equal(decision->items[1].available, 10);
    assert_span(decision->sale, "sale");
    assert_span(decision->hold, NULL);
    assert_span(decision->ref, "1001");
    assert_span(decision->customer, "c-1");
    assert_int_equal(shop_stock(shop, "PS5").unsold, 10);
}

static void takes_parts_back_until_nothing_is_left(void **state)
{
    struct shop *shop = with_sale(state);
    assert_int_equal(cancel_some(shop, "b1", "PS5", 2)->outcome, OUTCOME_CANCELLED);
    assert_int_equal(shop_stock(shop, "PS5").unsold, 9);
    const struct decision *decision = cancel_some(shop, "b2", "PS5", 2);
    assert_int_equal(decision->reason, REASON_NOT_CANCELLABLE);
    assert_int_equal(decision->fault_count, 1);
    assert_int_equal(decision->faults[0].reason, REASON_NOT_CANCELLABLE);
    assert_int_equal(decision->faults[0].wanted, 2);
    assert_int_equal(cancel_some(shop, "b3", "PS5", 1)->outcome, OUTCOME_CANCELLED);
    const struct decision *rest = shop_cancel(shop, "b4", "sale");
    assert_int_equal(rest->outcome, OUTCOME_CANCELLED);
    assert_int_equal(rest->item_count, 1);
    assert_span(rest->items[0].sku, "PAD");
}

static void named_items_come_off_their_own_lines(void **state)
{
    struct shop *shop = with_sale(state);
    assert_int_equal(cancel_some(shop, "b1", "PAD", 2)->outcome, OUTCOME_CANCELLED);
    assert_int_equal(shop_stock(shop, "PAD").unsold, 10);
    assert_int_equal(shop_stock(shop, "PS5").unsold, 7);
    assert_int_equal(cancel_some(shop, "b2", "PAD", 1)->reason, REASON_NOT_CANCELLABLE);
    assert_int_equal(cancel_some(shop, "b3", "PS5", 3)->outcome, OUTCOME_CANCELLED);
}

static void the_last_cancel_is_who_did_it(void **state)
{
    struct shop *shop = with_sale(state);
    cancel_some(shop, "b1", "PS5", 3);
    shop_cancel(shop, "b2", "sale");
    const struct decision *decision = shop_cancel(shop, "b3", "sale");
    assert_int_equal(decision->reason, REASON_ALREADY_CANCELLED);
    assert_span(decision->by, "b2");
    assert_int_equal(decision->fault_count, 0);
}

/* Silent in the contract: the refusal carries the whole sale. */
static void already_cancelled_carries_what_was_sold(void **state)
{
    struct shop *shop = with_sale(state);
    shop_cancel(shop, "b1", "sale");
    const struct decision *decision = shop_cancel(shop, "b2", "sale");
    assert_int_equal(decision->item_count, 2);
    assert_int_equal(decision->items[0].qty, 3);
    assert_false(decision->items[0].moved);
}

static void a_sku_that_was_not_sold_is_not_cancellable(void **state)
{
    struct shop *shop = with_sale(state);
    shop_adjust(shop, "cable", "CABLE", 1);
    struct job job = job_cancel("b1", "sale");
    job_add_item(shop, &job, "CABLE", 1);
    job_add_item(shop, &job, "PAD", 1);
    job_add_item(shop, &job, "NEVER", 1);
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->reason, REASON_NOT_CANCELLABLE);
    assert_int_equal(decision->fault_count, 2);
    assert_span(decision->faults[0].sku, "CABLE");
    assert_span(decision->faults[1].sku, "NEVER");
    assert_int_equal(shop_stock(shop, "PAD").unsold, 8);
}

/* --- What the sale can be called --- */

static void is_found_by_reserve_and_by_commit(void **state)
{
    static const char *const names[] = {"h", "end"};
    struct shop *shop = *state;
    for (size_t i = 0; i < 2; i++) {
        shop_init(shop);
        bring_about(shop, COMMITTED);
        const struct decision *decision = shop_cancel(shop, "back", names[i]);
        assert_int_equal(decision->outcome, OUTCOME_CANCELLED);
        assert_span(decision->sale, "end");
        assert_span(decision->hold, "h");
        assert_int_equal(shop_hold(shop, "h").state, HOLD_CANCELLED);
        assert_span(shop_hold(shop, "h").ended_by, "back");
    }
}

static void a_partly_cancelled_sale_stays_committed(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, COMMITTED);
    struct job job = job_cancel("back", "h");
    job_add_item(shop, &job, "PS5", 1);
    shop_decide(shop, job);
    assert_int_equal(shop_hold(shop, "h").state, HOLD_COMMITTED);
    assert_span(shop_on_hold(shop, KIND_COMMIT, "c", "h")->by, "end");
}

static const struct no_sale_case {
    const char *name;
    const char *sale;
    const char *customer;
    enum reason reason;
} no_sale_cases[] = {
    {"an active hold is no sale", "h", NULL, REASON_NOT_CANCELLABLE},
    {"a refused checkout is no sale", "refused", NULL, REASON_NOT_CANCELLABLE},
    {"a stock job is no sale", "stock", NULL, REASON_NOT_CANCELLABLE},
    {"nothing known is no sale", "nobody's", NULL, REASON_UNKNOWN_SALE},
    {"itself is no sale", "back", NULL, REASON_UNKNOWN_SALE},
    {"another customer's hold is unknown", "h", "c-2", REASON_UNKNOWN_SALE},
    {"another customer's refused checkout is unknown", "refused", "c-2", REASON_UNKNOWN_SALE},
    {"another customer's sale is unknown", "sale", "c-2", REASON_UNKNOWN_SALE},
    {"a stock job is no customer's", "stock", "c-1", REASON_UNKNOWN_SALE},
};

static const struct no_sale_case *no_sale_case;

static int open_no_sale_case(void **state)
{
    no_sale_case = *state;
    return open_shop(state);
}

static void refuses_what_is_no_sale(void **state)
{
    struct shop *shop = *state;
    const struct no_sale_case *test = no_sale_case;
    bring_about(shop, ACTIVE);
    shop_checkout(shop, "sale", "PS5", 1);
    shop_checkout(shop, "refused", "PS5", 100);
    struct job job = job_cancel("back", test->sale);
    job.customer = span_of(test->customer);
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->outcome, OUTCOME_REJECTED);
    assert_int_equal(decision->reason, test->reason);
    assert_int_equal(decision->fault_count, 0);
    assert_span(decision->sale, test->sale);
}

static void a_given_store_must_match(void **state)
{
    struct shop *shop = with_sale(state);
    struct job job = job_cancel("b1", "sale");
    job.store = SPAN_OF("web");
    assert_int_equal(shop_decide(shop, job)->reason, REASON_UNKNOWN_SALE);
    job.id = SPAN_OF("b2");
    job.store = SPAN_OF("default");
    job.customer = SPAN_OF("c-1");
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_CANCELLED);
}

static void the_shelf_can_be_full(void **state)
{
    struct shop *shop = with_sale(state);
    shop_decide(shop, job_stock(shop, KIND_SET, "full", "PS5", 999999998));
    const struct decision *decision = shop_cancel(shop, "b1", "sale");
    assert_int_equal(decision->reason, REASON_OVER_CAPACITY);
    assert_int_equal(decision->fault_count, 1);
    assert_span(decision->faults[0].sku, "PS5");
    assert_int_equal(decision->faults[0].available, 999999998);
    assert_int_equal(cancel_some(shop, "b2", "PS5", 2)->outcome, OUTCOME_CANCELLED);
}

/* late, unknown_sale, already_cancelled, not_cancellable, over_capacity: of two the first. */
static void tells_the_first_obstacle(void **state)
{
    struct shop *shop = with_sale(state);
    struct job job = job_cancel("b1", "nobody's");
    job.not_after = shop->now - 1;
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_LATE);
    shop_decide(shop, job_stock(shop, KIND_SET, "full", "PS5", 1000000000));
    assert_int_equal(cancel_some(shop, "b2", "PS5", 4)->reason, REASON_NOT_CANCELLABLE);
    shop_decide(shop, job_stock(shop, KIND_SET, "room", "PS5", 0));
    shop_cancel(shop, "b3", "sale");
    assert_int_equal(cancel_some(shop, "b4", "NEVER", 1)->reason, REASON_ALREADY_CANCELLED);
}

int main(void)
{
    enum { CASES = sizeof no_sale_cases / sizeof no_sale_cases[0] };
    struct CMUnitTest rows[CASES];
    for (size_t i = 0; i < CASES; i++) {
        rows[i] = (struct CMUnitTest){.name = no_sale_cases[i].name,
                                      .test_func = refuses_what_is_no_sale,
                                      .setup_func = open_no_sale_case,
                                      .teardown_func = close_shop,
                                      .initial_state = (void *)&no_sale_cases[i]};
    }
    const struct CMUnitTest tests[] = {
        IN_A_SHOP(takes_all_back),
        IN_A_SHOP(takes_parts_back_until_nothing_is_left),
        IN_A_SHOP(named_items_come_off_their_own_lines),
        IN_A_SHOP(the_last_cancel_is_who_did_it),
        IN_A_SHOP(already_cancelled_carries_what_was_sold),
        IN_A_SHOP(a_sku_that_was_not_sold_is_not_cancellable),
        IN_A_SHOP(is_found_by_reserve_and_by_commit),
        IN_A_SHOP(a_partly_cancelled_sale_stays_committed),
        IN_A_SHOP(a_given_store_must_match),
        IN_A_SHOP(the_shelf_can_be_full),
        IN_A_SHOP(tells_the_first_obstacle),
    };
    const int failed = cmocka_run_group_tests_name("decide, what is no sale", rows, NULL, NULL);
    return failed + cmocka_run_group_tests_name("decide, cancels", tests, NULL, NULL);
}
