/* SPDX-License-Identifier: Apache-2.0
 *
 * What surrounds the table of a hold's states: what events carry, ends, retaken commits. */
#include "tests/support/situation.h"
#include "tests/support/test.h"

/* --- What an event on a hold carries. --- */

static void carries_the_hold_s_own_members(void **state)
{
    struct shop *shop = *state;
    shop_adjust(shop, "stock", "PS5", 10);
    struct job job = job_cart(shop, KIND_RESERVE, "h", "PS5", 2);
    job.ref = SPAN_OF("1001");
    const struct decision *held = shop_decide(shop, job);
    assert_span(held->hold, "h");
    assert_span(held->sale, NULL);
    assert_int_equal(held->expires_at, shop->now + 900 * SECOND);
    assert_int_equal(held->slot, 7);

    const struct decision *decision = shop_on_hold(shop, KIND_COMMIT, "c", "h");
    assert_span(decision->hold, "h");
    assert_span(decision->sale, "c");
    assert_span(decision->ref, "1001");
    assert_span(decision->customer, "c-1");
    assert_span(decision->store, "default");
    assert_span(decision->pool, "main");
    assert_int_equal(decision->item_count, 1);
    assert_span(decision->items[0].sku, "PS5");
    assert_int_equal(decision->items[0].qty, 2);
    assert_int_equal(decision->expires_at, INSTANT_NONE);
    assert_false(decision->retaken);
}

static void prefers_the_job_s_own_ref(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, ACTIVE);
    struct job job = job_on_hold(KIND_COMMIT, "c", "h");
    job.ref = SPAN_OF("2002");
    assert_span(shop_decide(shop, job)->ref, "2002");
}

/* Silent in the contract: what was sold once stays named, and a refusal tells what it is about. */
static void names_the_sale_when_already_committed(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, COMMITTED);
    const struct decision *decision = shop_on_hold(shop, KIND_RELEASE, "r", "h");
    assert_span(decision->hold, "h");
    assert_span(decision->sale, "end");
    assert_int_equal(decision->items[0].qty, 2);
}

/* Silent in the contract: nothing of another customer's hold is told. */
static void tells_nothing_of_another_s_hold(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, ANOTHERS);
    struct job job = job_on_hold(KIND_COMMIT, "c", "h");
    job.customer = SPAN_OF("c-1");
    const struct decision *decision = shop_decide(shop, job);
    assert_span(decision->hold, "h");
    assert_span(decision->customer, "c-1");
    assert_span(decision->store, NULL);
    assert_span(decision->pool, NULL);
    assert_int_equal(decision->item_count, 0);
}

static void a_given_store_must_match(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, ACTIVE);
    struct job job = job_on_hold(KIND_RELEASE, "r", "h");
    job.store = SPAN_OF("web");
    assert_int_equal(shop_decide(shop, job)->reason, REASON_UNKNOWN_HOLD);
    job.id = SPAN_OF("r2");
    job.store = SPAN_OF("default");
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_RELEASED);
}

static void a_checkout_is_no_hold(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, UNKNOWN);
    shop_checkout(shop, "sale", "PS5", 1);
    assert_int_equal(shop_on_hold(shop, KIND_COMMIT, "c", "sale")->reason, REASON_UNKNOWN_HOLD);
}

/* --- Release, extend, expire --- */

/* Silent in the contract: what a customer gave up is not taken again for them. */
static void a_release_of_an_expired_hold_stays(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, EXPIRED);
    shop_on_hold(shop, KIND_RELEASE, "r", "h");
    assert_int_equal(shop_hold(shop, "h").state, HOLD_RELEASED);
    assert_span(shop_hold(shop, "h").ended_by, "r");
    assert_int_equal(shop_on_hold(shop, KIND_COMMIT, "c", "h")->reason, REASON_HOLD_RELEASED);
}

static void a_second_release_changes_nothing(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, RELEASED);
    shop_on_hold(shop, KIND_RELEASE, "r", "h");
    assert_span(shop_hold(shop, "h").ended_by, "end");
}

static void an_extend_may_shorten(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, ACTIVE);
    struct job job = job_on_hold(KIND_EXTEND, "x", "h");
    job.ttl = 5;
    assert_int_equal(shop_decide(shop, job)->expires_at, shop->now + 5 * SECOND);
    assert_int_equal(shop_hold(shop, "h").expires_at, shop->now + 5 * SECOND);
}

static void expires_at_its_end_and_not_before(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_on_hold(KIND_EXPIRE, "till:expire:h", "h");
    bring_about(shop, ACTIVE);
    shop->now = shop_hold(shop, "h").expires_at - 1;
    assert_int_equal(shop_settle(shop, job, 1)->kind, RESULT_NOTHING);
    shop->now++;
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->outcome, OUTCOME_EXPIRED);
    assert_span(decision->customer, "c-1");
    assert_span(decision->hold, "h");
    assert_int_equal(decision->items[0].available, 10);
    assert_int_equal(shop_hold(shop, "h").state, HOLD_EXPIRED);
    assert_span(shop_hold(shop, "h").ended_by, "till:expire:h");
}

/* Redelivered after its commit, its event may not be out yet. */
static void a_second_expire_is_a_repeat(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, EXPIRED);
    const struct job job = job_on_hold(KIND_EXPIRE, "till:expire:h", "h");
    assert_int_equal(shop_settle(shop, job, 1)->kind, RESULT_REPEAT);
}

static const enum situation not_overdue[] = {ACTIVE, RELEASED, COMMITTED, CANCELLED, UNKNOWN};

static void an_expire_with_nothing_to_do_is_nothing(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_on_hold(KIND_EXPIRE, "till:expire:h", "h");
    for (size_t i = 0; i < sizeof not_overdue / sizeof not_overdue[0]; i++) {
        shop_init(shop);
        bring_about(shop, not_overdue[i]);
        assert_int_equal(shop_settle(shop, job, 1)->kind, RESULT_NOTHING);
    }
}

static void an_expire_with_nothing_to_do_does_not_use_up_its_id(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_on_hold(KIND_EXPIRE, "till:expire:h", "h");
    bring_about(shop, ACTIVE);
    assert_int_equal(shop_settle(shop, job, 1)->kind, RESULT_NOTHING);
    expire_hold(shop, "h");
}

/* --- Commit of an expired hold --- */

static void a_retaken_commit_says_so(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, EXPIRED);
    const struct decision *decision = shop_on_hold(shop, KIND_COMMIT, "c", "h");
    assert_true(decision->retaken);
    assert_span(decision->sale, "c");
    assert_int_equal(shop_hold(shop, "h").state, HOLD_COMMITTED);
}

static void a_retaking_commit_can_be_sold_out(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, EXPIRED);
    shop_checkout(shop, "sale", "PS5", 6);
    shop_reserve(shop, "other", "PS5", 3);
    const struct decision *decision = shop_on_hold(shop, KIND_COMMIT, "c", "h");
    assert_int_equal(decision->outcome, OUTCOME_SOLD_OUT);
    assert_int_equal(decision->reason, REASON_NONE);
    assert_int_equal(decision->faults[0].reason, REASON_SOLD_OUT);
    assert_int_equal(decision->faults[0].available, 1);
    assert_int_equal(decision->faults[0].held, 3);
    assert_int_equal(shop_hold(shop, "h").state, HOLD_EXPIRED);
    shop_cancel(shop, "back", "sale");
    assert_true(shop_on_hold(shop, KIND_COMMIT, "c2", "h")->retaken);
}

static void a_retaking_commit_checks_the_limit_and_counts_anew(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, EXPIRED);
    shop_limit(shop, "limit", "PS5", 2, "r1");
    shop_checkout(shop, "sale", "PS5", 1);
    const struct decision *decision = shop_on_hold(shop, KIND_COMMIT, "c", "h");
    assert_int_equal(decision->reason, REASON_OVER_LIMIT);
    assert_int_equal(decision->faults[0].limit, 2);
    assert_int_equal(decision->faults[0].taken, 1);
    shop_limit(shop, "next", "PS5", 2, "r2");
    assert_true(shop_on_hold(shop, KIND_COMMIT, "c2", "h")->retaken);
    assert_int_equal(shop_taken(shop, "PS5", "r2"), 2);
}

static void a_live_commit_checks_neither_limit_nor_window(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, PAST_ITS_END);
    struct job job = job_stock(shop, KIND_DEFINE, "close", "PS5", 0);
    job.definition = (struct definition){.per_customer_change = CHANGE_SET,
                                         .per_customer = 1,
                                         .closes_change = CHANGE_SET,
                                         .closes_at = shop->now};
    shop_decide(shop, job);
    assert_int_equal(shop_on_hold(shop, KIND_COMMIT, "c", "h")->outcome, OUTCOME_CONFIRMED);
}

static void a_retaking_commit_checks_no_window(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, EXPIRED);
    struct job job = job_stock(shop, KIND_DEFINE, "close", "PS5", 0);
    job.definition = (struct definition){.closes_change = CHANGE_SET, .closes_at = shop->now};
    shop_decide(shop, job);
    assert_true(shop_on_hold(shop, KIND_COMMIT, "c", "h")->retaken);
}

static void late_comes_before_the_hold_s_state(void **state)
{
    struct shop *shop = *state;
    bring_about(shop, RELEASED);
    struct job job = job_on_hold(KIND_COMMIT, "c", "h");
    job.not_after = shop->now - 1;
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->outcome, OUTCOME_LATE);
    assert_int_equal(decision->reason, REASON_NONE);
    assert_span(decision->hold, "h");
    job.id = SPAN_OF("c2");
    job.hold = SPAN_OF("nobody's");
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_LATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_SHOP(carries_the_hold_s_own_members),
        IN_A_SHOP(prefers_the_job_s_own_ref),
        IN_A_SHOP(names_the_sale_when_already_committed),
        IN_A_SHOP(tells_nothing_of_another_s_hold),
        IN_A_SHOP(a_given_store_must_match),
        IN_A_SHOP(a_checkout_is_no_hold),
        IN_A_SHOP(a_release_of_an_expired_hold_stays),
        IN_A_SHOP(a_second_release_changes_nothing),
        IN_A_SHOP(an_extend_may_shorten),
        IN_A_SHOP(expires_at_its_end_and_not_before),
        IN_A_SHOP(a_second_expire_is_a_repeat),
        IN_A_SHOP(an_expire_with_nothing_to_do_is_nothing),
        IN_A_SHOP(an_expire_with_nothing_to_do_does_not_use_up_its_id),
        IN_A_SHOP(a_retaken_commit_says_so),
        IN_A_SHOP(a_retaking_commit_can_be_sold_out),
        IN_A_SHOP(a_retaking_commit_checks_the_limit_and_counts_anew),
        IN_A_SHOP(a_live_commit_checks_neither_limit_nor_window),
        IN_A_SHOP(a_retaking_commit_checks_no_window),
        IN_A_SHOP(late_comes_before_the_hold_s_state),
    };
    return cmocka_run_group_tests_name("decide, holds", tests, NULL, NULL);
}
