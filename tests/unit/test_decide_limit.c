/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits by round over what is bought and held, and carts that replace a hold. */
#include "tests/support/situation.h"
#include "tests/support/test.h"

static struct shop *with_limit(void **state, uint32_t per_customer)
{
    struct shop *shop = *state;
    shop_adjust(shop, "stock", "PS5", 10);
    shop_limit(shop, "limit", "PS5", per_customer, "r1");
    return shop;
}

/* --- Limits --- */

static void counts_what_is_bought_and_held(void **state)
{
    struct shop *shop = with_limit(state, 3);
    shop_checkout(shop, "sale", "PS5", 1);
    shop_reserve(shop, "h", "PS5", 1);
    const struct decision *decision = shop_checkout(shop, "more", "PS5", 2);
    assert_int_equal(decision->reason, REASON_OVER_LIMIT);
    assert_int_equal(decision->faults[0].taken, 2);
    assert_int_equal(shop_checkout(shop, "last", "PS5", 1)->outcome, OUTCOME_CONFIRMED);
}

static void a_commit_keeps_what_was_counted(void **state)
{
    struct shop *shop = with_limit(state, 3);
    shop_reserve(shop, "h", "PS5", 3);
    shop_on_hold(shop, KIND_COMMIT, "c", "h");
    assert_int_equal(shop->result.movements[0].taken_delta, 0);
    assert_int_equal(shop_taken(shop, "PS5", "r1"), 3);
}

static void the_limit_is_each_customer_s(void **state)
{
    struct shop *shop = with_limit(state, 1);
    shop_checkout(shop, "sale", "PS5", 1);
    struct job job = job_cart(shop, KIND_CHECKOUT, "other", "PS5", 1);
    job.customer = SPAN_OF("c-2");
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_CONFIRMED);
}

static void released_expired_and_cancelled_units_come_back(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_reserve(shop, "h", "PS5", 2);
    shop_on_hold(shop, KIND_RELEASE, "r", "h");
    assert_int_equal(shop_taken(shop, "PS5", "r1"), 0);
    shop_reserve(shop, "h2", "PS5", 2);
    expire_hold(shop, "h2");
    assert_int_equal(shop_taken(shop, "PS5", "r1"), 0);
    shop_checkout(shop, "sale", "PS5", 2);
    shop_cancel(shop, "back", "sale");
    assert_int_equal(shop_taken(shop, "PS5", "r1"), 0);
}

static void they_come_back_off_their_own_round(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_checkout(shop, "sale", "PS5", 2);
    shop_limit(shop, "next", "PS5", 2, "r2");
    assert_int_equal(shop_checkout(shop, "again", "PS5", 2)->outcome, OUTCOME_CONFIRMED);
    shop_cancel(shop, "back", "sale");
    assert_int_equal(shop_taken(shop, "PS5", "r1"), 0);
    assert_int_equal(shop_taken(shop, "PS5", "r2"), 2);
}

static void sales_before_the_limit_do_not_count(void **state)
{
    struct shop *shop = *state;
    shop_adjust(shop, "stock", "PS5", 10);
    shop_checkout(shop, "early", "PS5", 3);
    shop_limit(shop, "limit", "PS5", 1, NULL);
    assert_int_equal(shop_checkout(shop, "sale", "PS5", 1)->outcome, OUTCOME_CONFIRMED);
    shop_cancel(shop, "back", "early");
    assert_int_equal(shop_taken(shop, "PS5", NULL), 1);
}

/* Silent in the contract: a limit that is cleared and set again finds what it had counted. */
static void a_limit_set_again_remembers_its_round(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_checkout(shop, "sale", "PS5", 2);
    shop_limit(shop, "none", "PS5", 0, "r1");
    shop_checkout(shop, "free", "PS5", 2);
    shop_limit(shop, "again", "PS5", 3, "r1");
    assert_int_equal(shop_checkout(shop, "more", "PS5", 2)->faults[0].taken, 2);
}

/* --- Replaces --- */

static void a_customer_is_not_locked_out_by_their_own_hold(void **state)
{
    struct shop *shop = with_limit(state, 10);
    shop_reserve(shop, "h", "PS5", 8);
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 10);
    job.replaces = SPAN_OF("h");
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->outcome, OUTCOME_HELD);
    assert_span(decision->replaces, "h");
    assert_int_equal(decision->items[0].version, 3);
    assert_int_equal(decision->items[0].available, 0);
    assert_int_equal(shop->result.movement_count, 1);
    assert_int_equal(shop->result.movements[0].held_delta, 2);
    assert_int_equal(shop->result.movements[0].taken_delta, 2);
    assert_int_equal(shop_hold(shop, "h").state, HOLD_RELEASED);
    assert_span(shop_hold(shop, "h").ended_by, "h2");
}

static void the_same_units_again_move_nothing(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_reserve(shop, "h", "PS5", 2);
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 2);
    job.replaces = SPAN_OF("h");
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->outcome, OUTCOME_HELD);
    assert_false(decision->items[0].moved);
    assert_int_equal(shop->result.movement_count, 0);
    assert_int_equal(shop_stock(shop, "PS5").version, 2);
}

static void what_only_the_old_hold_had_is_released(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_adjust(shop, "pads", "PAD", 1);
    struct job first = job_cart(shop, KIND_RESERVE, "h", "PAD", 1);
    job_add_item(shop, &first, "PS5", 1);
    shop_decide(shop, first);
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 2);
    job.replaces = SPAN_OF("h");
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->item_count, 1);
    assert_int_equal(decision->released_count, 2);
    assert_span(decision->released_items[0].sku, "PAD");
    assert_true(decision->released_items[0].moved);
    assert_int_equal(decision->released_items[0].version, 3);
    assert_int_equal(decision->released_items[0].available, 1);
    assert_false(decision->released_items[1].moved);
    assert_int_equal(shop->result.movements[1].item->edge, EDGE_BACK);
}

static void a_refused_reserve_keeps_the_old_hold(void **state)
{
    struct shop *shop = with_limit(state, 20);
    shop_reserve(shop, "h", "PS5", 8);
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 11);
    job.replaces = SPAN_OF("h");
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->outcome, OUTCOME_SOLD_OUT);
    assert_span(decision->replaces, "h");
    assert_int_equal(decision->released_count, 0);
    assert_int_equal(shop_hold(shop, "h").state, HOLD_ACTIVE);
    assert_int_equal(shop_stock(shop, "PS5").held, 8);
}

/* Silent in the contract: figures of a fault are those that the reserve would have found. */
static void faults_count_the_replaced_units_as_free(void **state)
{
    struct shop *shop = with_limit(state, 5);
    shop_reserve(shop, "h", "PS5", 4);
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 6);
    job.replaces = SPAN_OF("h");
    assert_int_equal(shop_decide(shop, job)->faults[0].taken, 0);
    shop_limit(shop, "none", "PS5", 0, NULL);
    job = job_cart(shop, KIND_RESERVE, "h3", "PS5", 11);
    job.replaces = SPAN_OF("h");
    const struct fault fault = shop_decide(shop, job)->faults[0];
    assert_int_equal(fault.available, 10);
    assert_int_equal(fault.held, 0);
}

/* Silent in the contract: what is counted changes under two rounds, but the SKU moves once. */
static void a_hold_of_an_older_round_is_counted_off_there(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_reserve(shop, "h", "PS5", 2);
    shop_limit(shop, "next", "PS5", 2, "r2");
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 2);
    job.replaces = SPAN_OF("h");
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_HELD);
    assert_int_equal(shop->result.movement_count, 2);
    assert_int_equal(shop->result.movements[0].version, 0);
    assert_int_equal(shop->result.movements[0].taken_delta, 2);
    assert_int_equal(shop->result.movements[1].version, 0);
    assert_int_equal(shop->result.movements[1].taken_delta, -2);
    assert_int_equal(shop_taken(shop, "PS5", "r1"), 0);
    assert_int_equal(shop_taken(shop, "PS5", "r2"), 2);
}

static void a_hold_of_an_older_round_gives_no_credit(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_reserve(shop, "h", "PS5", 2);
    shop_limit(shop, "next", "PS5", 2, "r2");
    shop_checkout(shop, "sale", "PS5", 1);
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 2);
    job.replaces = SPAN_OF("h");
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->reason, REASON_OVER_LIMIT);
    assert_int_equal(decision->faults[0].taken, 1);
}

static void a_counted_hold_comes_off_when_the_limit_is_gone(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_reserve(shop, "h", "PS5", 2);
    shop_limit(shop, "none", "PS5", 0, NULL);
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 3);
    job.replaces = SPAN_OF("h");
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_HELD);
    assert_int_equal(shop->result.movement_count, 1);
    assert_int_equal(shop->result.movements[0].held_delta, 1);
    assert_int_equal(shop->result.movements[0].taken_delta, -2);
    assert_span(shop->result.movements[0].round, "r1");
    assert_int_equal(shop_taken(shop, "PS5", "r1"), 0);
}

static void a_hold_of_another_pool_is_unknown(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_reserve(shop, "h", "PS5", 2);
    shop->database.others = SPAN_OF("second");
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 2);
    job.replaces = SPAN_OF("h");
    job.store = SPAN_OF("far");
    assert_int_equal(shop_decide(shop, job)->reason, REASON_UNKNOWN_HOLD);
}

/* Silent in the contract: the pool must match, the store need not. */
static void a_hold_of_another_store_and_the_same_pool_is_replaced(void **state)
{
    struct shop *shop = with_limit(state, 2);
    shop_reserve(shop, "h", "PS5", 2);
    shop->database.others = SPAN_OF("main");
    struct job job = job_cart(shop, KIND_RESERVE, "h2", "PS5", 1);
    job.replaces = SPAN_OF("h");
    job.store = SPAN_OF("far");
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_HELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_SHOP(counts_what_is_bought_and_held),
        IN_A_SHOP(a_commit_keeps_what_was_counted),
        IN_A_SHOP(the_limit_is_each_customer_s),
        IN_A_SHOP(released_expired_and_cancelled_units_come_back),
        IN_A_SHOP(they_come_back_off_their_own_round),
        IN_A_SHOP(sales_before_the_limit_do_not_count),
        IN_A_SHOP(a_limit_set_again_remembers_its_round),
        IN_A_SHOP(a_customer_is_not_locked_out_by_their_own_hold),
        IN_A_SHOP(the_same_units_again_move_nothing),
        IN_A_SHOP(what_only_the_old_hold_had_is_released),
        IN_A_SHOP(a_refused_reserve_keeps_the_old_hold),
        IN_A_SHOP(faults_count_the_replaced_units_as_free),
        IN_A_SHOP(a_hold_of_an_older_round_is_counted_off_there),
        IN_A_SHOP(a_hold_of_an_older_round_gives_no_credit),
        IN_A_SHOP(a_counted_hold_comes_off_when_the_limit_is_gone),
        IN_A_SHOP(a_hold_of_another_pool_is_unknown),
        IN_A_SHOP(a_hold_of_another_store_and_the_same_pool_is_replaced),
    };
    return cmocka_run_group_tests_name("decide, limits and replaced holds", tests, NULL, NULL);
}
