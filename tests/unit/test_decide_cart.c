/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkout and reserve: all items or none, which refusal comes first, and what faults say. */
#include "tests/support/situation.h"
#include "tests/support/test.h"

/* --- The order of refusals: of two obstacles the one that comes first in the contract is told. */

enum obstacle {
    LATE,
    UNKNOWN_STORE,
    UNKNOWN_HOLD,
    UNKNOWN_SKU,
    NOT_ON_SALE,
    OVER_LIMIT,
    SOLD_OUT,
    OBSTACLES,
};

static const struct {
    const char *name;
    enum outcome outcome;
    enum reason reason;
    const char *sku; /* the one at fault; NULL: none is */
} obstacles[] = {
    [LATE] = {"late", OUTCOME_LATE, REASON_NONE, NULL},
    [UNKNOWN_STORE] = {"unknown_store", OUTCOME_REJECTED, REASON_UNKNOWN_STORE, NULL},
    [UNKNOWN_HOLD] = {"unknown_hold", OUTCOME_REJECTED, REASON_UNKNOWN_HOLD, NULL},
    [UNKNOWN_SKU] = {"unknown_sku", OUTCOME_REJECTED, REASON_UNKNOWN_SKU, "NEW"},
    [NOT_ON_SALE] = {"not_on_sale", OUTCOME_REJECTED, REASON_NOT_ON_SALE, "SOON"},
    [OVER_LIMIT] = {"over_limit", OUTCOME_REJECTED, REASON_OVER_LIMIT, "RARE"},
    [SOLD_OUT] = {"sold_out", OUTCOME_SOLD_OUT, REASON_NONE, "GONE"},
};

static void stock_the_shop(struct shop *shop)
{
    shop_adjust(shop, "ps5", "PS5", 10);
    shop_adjust(shop, "soon", "SOON", 10);
    struct job job = job_stock(shop, KIND_DEFINE, "open", "SOON", 0);
    job.definition =
        (struct definition){.opens_change = CHANGE_SET, .opens_at = shop->now + SECOND};
    shop_decide(shop, job);
    shop_adjust(shop, "rare", "RARE", 10);
    shop_limit(shop, "limit", "RARE", 1, NULL);
    shop_adjust(shop, "gone", "GONE", 1);
    shop_checkout(shop, "last", "GONE", 1);
}

static void put_obstacle(struct shop *shop, struct job *job, enum obstacle obstacle)
{
    switch (obstacle) {
    case LATE:
        job->not_after = shop->now - 1;
        return;
    case UNKNOWN_STORE:
        job->store = SPAN_OF("nowhere");
        return;
    case UNKNOWN_HOLD:
        job->replaces = SPAN_OF("nobody's");
        return;
    case UNKNOWN_SKU:
    case NOT_ON_SALE:
    case OVER_LIMIT:
    case SOLD_OUT:
        job_add_item(shop, job, obstacles[obstacle].sku, obstacle == OVER_LIMIT ? 2 : 1);
        return;
    case OBSTACLES:
        break;
    }
    fail();
}

static void tells_the_first_of_two_obstacles(struct shop *shop, enum kind kind)
{
    for (enum obstacle first = 0; first < OBSTACLES; first++) {
        for (enum obstacle second = first + 1; second < OBSTACLES; second++) {
            if (kind == KIND_CHECKOUT && (first == UNKNOWN_HOLD || second == UNKNOWN_HOLD)) {
                continue; /* a checkout replaces nothing */
            }
            shop_init(shop);
            stock_the_shop(shop);
            struct job job = job_cart(shop, kind, "job", "PS5", 1);
            put_obstacle(shop, &job, second);
            put_obstacle(shop, &job, first);
            const struct decision *decision = shop_decide(shop, job);
            print_message("%s before %s\n", obstacles[first].name, obstacles[second].name);
            assert_int_equal(decision->outcome, obstacles[first].outcome);
            assert_int_equal(decision->reason, obstacles[first].reason);
            assert_int_equal(decision->fault_count, obstacles[first].sku == NULL ? 0 : 1);
            if (decision->fault_count > 0) {
                assert_span(decision->faults[0].sku, obstacles[first].sku);
            }
            assert_int_equal(shop_stock(shop, "PS5").version, 1);
        }
    }
}

static void a_checkout_tells_the_first_obstacle(void **state)
{
    tells_the_first_of_two_obstacles(*state, KIND_CHECKOUT);
}

static void a_reserve_tells_the_first_obstacle(void **state)
{
    tells_the_first_of_two_obstacles(*state, KIND_RESERVE);
}

/* --- Grants --- */

static void a_checkout_takes_all_its_items(void **state)
{
    struct shop *shop = *state;
    stock_the_shop(shop);
    struct job job = job_cart(shop, KIND_CHECKOUT, "sale", "PS5", 3);
    job_add_item(shop, &job, "RARE", 1);
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->outcome, OUTCOME_CONFIRMED);
    assert_span(decision->sale, "sale");
    assert_span(decision->hold, NULL);
    assert_span(decision->store, "default");
    assert_span(decision->pool, "main");
    assert_int_equal(decision->item_count, 2);
    assert_true(decision->items[0].moved);
    assert_int_equal(decision->items[0].version, 2);
    assert_int_equal(decision->items[0].available, 7);
    assert_int_equal(decision->items[1].available, 9);
    assert_int_equal(shop_stock(shop, "PS5").unsold, 7);
    assert_int_equal(shop_taken(shop, "RARE", NULL), 1);
    assert_int_equal(shop_taken(shop, "PS5", NULL), 0);
}

static void a_refused_cart_takes_nothing(void **state)
{
    struct shop *shop = *state;
    stock_the_shop(shop);
    struct job job = job_cart(shop, KIND_RESERVE, "h", "PS5", 3);
    job_add_item(shop, &job, "GONE", 1);
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->outcome, OUTCOME_SOLD_OUT);
    assert_int_equal(decision->item_count, 2);
    assert_false(decision->items[0].moved);
    assert_span(decision->hold, NULL);
    assert_int_equal(decision->expires_at, INSTANT_NONE);
    assert_int_equal(shop_stock(shop, "PS5").held, 0);
    assert_int_equal(shop->database.hold_count, 0);
}

static void the_last_unit_is_sold_and_held_units_are_not(void **state)
{
    struct shop *shop = *state;
    stock_the_shop(shop);
    shop_reserve(shop, "h", "PS5", 9);
    assert_int_equal(shop_checkout(shop, "two", "PS5", 2)->outcome, OUTCOME_SOLD_OUT);
    assert_int_equal(shop->result.decision.faults[0].wanted, 2);
    assert_int_equal(shop->result.decision.faults[0].available, 1);
    assert_int_equal(shop->result.decision.faults[0].held, 9);
    assert_int_equal(shop_checkout(shop, "one", "PS5", 1)->outcome, OUTCOME_CONFIRMED);
    assert_int_equal(shop->result.movements[0].item->edge, EDGE_OUT);
}

/* --- Faults --- */

static void every_sku_of_the_class_has_its_fault(void **state)
{
    struct shop *shop = *state;
    stock_the_shop(shop);
    struct job job = job_cart(shop, KIND_CHECKOUT, "job", "NEW", 1);
    job_add_item(shop, &job, "PS5", 1);
    job_add_item(shop, &job, "NEWER", 2);
    job_add_item(shop, &job, "GONE", 2);
    const struct decision *decision = shop_decide(shop, job);
    assert_int_equal(decision->fault_count, 2);
    assert_span(decision->faults[0].sku, "NEW");
    assert_span(decision->faults[1].sku, "NEWER");
    assert_int_equal(decision->faults[1].reason, REASON_UNKNOWN_SKU);
    assert_int_equal(decision->faults[1].wanted, 2);
    assert_int_equal(decision->faults[1].available, FIGURE_NONE);
}

static void a_fault_has_the_figures_of_its_class_only(void **state)
{
    struct shop *shop = *state;
    stock_the_shop(shop);
    const struct decision *decision = shop_checkout(shop, "soon-1", "SOON", 1);
    const struct fault soon = decision->faults[0];
    assert_int_equal(soon.opens_at, shop->now + SECOND);
    assert_int_equal(soon.closes_at, INSTANT_NONE);
    assert_int_equal(soon.limit, FIGURE_NONE);
    assert_int_equal(soon.available, FIGURE_NONE);
    const struct fault over = shop_checkout(shop, "rare-2", "RARE", 2)->faults[0];
    assert_int_equal(over.limit, 1);
    assert_int_equal(over.taken, 0);
    assert_int_equal(over.opens_at, INSTANT_NONE);
    assert_int_equal(over.held, FIGURE_NONE);
    assert_int_equal(over.version, FIGURE_NONE);
}

/* --- Windows, late --- */

static void sells_from_opens_at_until_before_closes_at(void **state)
{
    struct shop *shop = *state;
    stock_the_shop(shop);
    struct job job = job_stock(shop, KIND_DEFINE, "window", "SOON", 0);
    job.definition =
        (struct definition){.closes_change = CHANGE_SET, .closes_at = shop->now + 2 * SECOND};
    shop_decide(shop, job);
    assert_int_equal(shop_checkout(shop, "a", "SOON", 1)->reason, REASON_NOT_ON_SALE);
    shop->now += SECOND;
    assert_int_equal(shop_checkout(shop, "b", "SOON", 1)->outcome, OUTCOME_CONFIRMED);
    shop->now += SECOND - 1;
    assert_int_equal(shop_checkout(shop, "c", "SOON", 1)->outcome, OUTCOME_CONFIRMED);
    shop->now += 1;
    assert_int_equal(shop_checkout(shop, "d", "SOON", 1)->reason, REASON_NOT_ON_SALE);
}

static void not_after_itself_is_not_late(void **state)
{
    struct shop *shop = *state;
    stock_the_shop(shop);
    struct job job = job_cart(shop, KIND_CHECKOUT, "job", "PS5", 1);
    job.not_after = shop->now;
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_CONFIRMED);
}

/* --- Stores and pools --- */

static const struct store_case {
    const char *name;
    const char *store;
    const char *assigned; /* "web" is assigned to it; NULL: to none */
    const char *others;
    const char *pool; /* NULL: unknown_store */
} store_cases[] = {
    {"default sells from main", "default", NULL, NULL, "main"},
    {"default does not sell from the pool of others", "default", NULL, "second", "main"},
    {"an assigned store sells from its pool", "web", "second", NULL, "second"},
    {"an assigned store does not sell from the pool of others", "web", "main", "second", "main"},
    {"a store of no pool sells from the pool of others", "far", "main", "second", "second"},
    {"a store of no pool is unknown", "far", "second", NULL, NULL},
};

static const struct store_case *store_case;

static int open_store_case(void **state)
{
    store_case = *state;
    return open_shop(state);
}

static void sells_from_the_store_s_pool(void **state)
{
    struct shop *shop = *state;
    const struct store_case *test = store_case;
    shop_adjust(shop, "main", "PS5", 1);
    struct job stock = job_stock(shop, KIND_ADJUST, "second", "PS5", 1);
    stock.pool = SPAN_OF("second");
    shop_decide(shop, stock);
    shop->database.others = span_of(test->others);
    if (test->assigned != NULL) {
        shop->database.stores[0] =
            (struct store){.name = SPAN_OF("web"), .pool = span_of(test->assigned)};
        shop->database.store_count = 1;
    }
    struct job job = job_cart(shop, KIND_CHECKOUT, "job", "PS5", 1);
    job.store = span_of(test->store);
    const struct decision *decision = shop_decide(shop, job);
    assert_span(decision->pool, test->pool);
    assert_span(decision->store, test->store);
    assert_int_equal(decision->outcome, test->pool == NULL ? OUTCOME_REJECTED : OUTCOME_CONFIRMED);
}

static void default_can_be_assigned_otherwise(void **state)
{
    struct shop *shop = *state;
    stock_the_shop(shop);
    shop->database.stores[0] =
        (struct store){.name = SPAN_OF("default"), .pool = SPAN_OF("second")};
    shop->database.store_count = 1;
    const struct decision *decision = shop_checkout(shop, "job", "PS5", 1);
    assert_span(decision->pool, "second");
    assert_int_equal(decision->reason, REASON_UNKNOWN_SKU);
}

int main(void)
{
    enum { STORES = sizeof store_cases / sizeof store_cases[0] };
    struct CMUnitTest rows[STORES];
    for (size_t i = 0; i < STORES; i++) {
        rows[i] = (struct CMUnitTest){.name = store_cases[i].name,
                                      .test_func = sells_from_the_store_s_pool,
                                      .setup_func = open_store_case,
                                      .teardown_func = close_shop,
                                      .initial_state = (void *)&store_cases[i]};
    }
    const struct CMUnitTest tests[] = {
        IN_A_SHOP(a_checkout_tells_the_first_obstacle),
        IN_A_SHOP(a_reserve_tells_the_first_obstacle),
        IN_A_SHOP(a_checkout_takes_all_its_items),
        IN_A_SHOP(a_refused_cart_takes_nothing),
        IN_A_SHOP(the_last_unit_is_sold_and_held_units_are_not),
        IN_A_SHOP(every_sku_of_the_class_has_its_fault),
        IN_A_SHOP(a_fault_has_the_figures_of_its_class_only),
        IN_A_SHOP(sells_from_opens_at_until_before_closes_at),
        IN_A_SHOP(not_after_itself_is_not_late),
        IN_A_SHOP(default_can_be_assigned_otherwise),
    };
    const int failed = cmocka_run_group_tests_name("decide, stores", rows, NULL, NULL);
    return failed + cmocka_run_group_tests_name("decide, carts", tests, NULL, NULL);
}
