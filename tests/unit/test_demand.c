/* SPDX-License-Identifier: Apache-2.0
 *
 * What a batch has loaded: each thing once, in the order in which rows are locked. */
#include "worker/lane/demand.h"

#include <stdio.h>

#include "common/base/prng.h"
#include "tests/support/situation.h"
#include "tests/support/test.h"

/* "a/b/c": the texts of a key that are there. */
static void assert_keys(const struct keys *keys, const char *const *expected, uint32_t count)
{
    assert_int_equal(keys->count, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct key *key = &keys->keys[i];
        char text[64];
        (void)snprintf(text, sizeof text, "%.*s%s%.*s%s%.*s", SPAN_ARGUMENTS(key->name),
                       span_absent(key->sku) ? "" : "/", SPAN_ARGUMENTS(key->sku),
                       span_absent(key->customer) ? "" : "/", SPAN_ARGUMENTS(key->customer));
        assert_string_equal(text, expected[i]);
    }
}

#define ASSERT_KEYS(keys, ...)                                             \
    do {                                                                   \
        static const char *const expected[] = {__VA_ARGS__};               \
        assert_keys(keys, expected, sizeof expected / sizeof expected[0]); \
    } while (0)

static void names_each_thing_once_and_sorted(void **state)
{
    struct shop *shop = *state;
    struct job jobs[] = {
        job_cart(shop, KIND_CHECKOUT, "z", "PS5", 1),
        job_cart(shop, KIND_RESERVE, "b", "PAD", 1),
        job_cart(shop, KIND_CHECKOUT, "b", "PS5", 1),
        job_on_hold(KIND_COMMIT, "c", "h2"),
        job_on_hold(KIND_RELEASE, "r", "h1"),
        job_on_hold(KIND_EXPIRE, "till:expire:h2", "h2"),
        job_cancel("x", "sale"),
    };
    jobs[1].replaces = SPAN_OF("h0");
    jobs[1].store = SPAN_OF("Web");
    job_add_item(shop, &jobs[2], "P", 1);
    struct entry entries[7];
    for (size_t i = 0; i < 7; i++) {
        entries[i] = (struct entry){.job = &jobs[i]};
    }
    struct demand demand;
    assert_true(demand_begin(&demand, entries, 7, &shop->arena));
    ASSERT_KEYS(&demand.ids, "b", "c", "r", "sale", "till:expire:h2", "x", "z");
    ASSERT_KEYS(&demand.holds, "h0", "h1", "h2");
    ASSERT_KEYS(&demand.sales, "sale");
    ASSERT_KEYS(&demand.stores, "Web", "default");
    ASSERT_KEYS(&demand.stocks_of_stores, "Web/PAD", "default/P", "default/PS5");
    ASSERT_KEYS(&demand.tallies_of_stores, "Web/PAD/c-1", "default/P/c-1", "default/PS5/c-1");
    assert_int_equal(demand.stocks_of_pools.count, 0);
    assert_false(demand.limits_may_change);
}

static void says_which_skus_may_become_known(void **state)
{
    struct shop *shop = *state;
    struct job jobs[] = {
        job_stock(shop, KIND_ADJUST, "a", "B", -1), job_stock(shop, KIND_ADJUST, "b", "A", -1),
        job_stock(shop, KIND_ADJUST, "c", "B", 1),  job_stock(shop, KIND_SET, "d", "C", 0),
        job_stock(shop, KIND_DEFINE, "e", "D", 0),
    };
    struct entry entries[5];
    for (size_t i = 0; i < 5; i++) {
        entries[i] = (struct entry){.job = &jobs[i]};
    }
    struct demand demand;
    assert_true(demand_begin(&demand, entries, 5, &shop->arena));
    ASSERT_KEYS(&demand.stocks_of_pools, "main/A", "main/B", "main/C", "main/D");
    assert_false(demand.stocks_of_pools.keys[0].makes_known);
    assert_true(demand.stocks_of_pools.keys[1].makes_known);
    assert_true(demand.stocks_of_pools.keys[2].makes_known);
    assert_true(demand.stocks_of_pools.keys[3].makes_known);
    assert_true(demand.limits_may_change);
}

static void adds_what_holds_and_sales_are_about(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_stock(shop, KIND_ADJUST, "a", "M", 1);
    const struct entry entry = {.job = &job};
    struct line lines[] = {{.sku = SPAN_OF("Z"), .qty = 1}, {.sku = SPAN_OF("B"), .qty = 1}};
    const struct hold hold = {
        .pool = SPAN_OF("main"), .customer = SPAN_OF("c-1"), .lines = lines, .line_count = 2};
    const struct sale sale = {
        .pool = SPAN_OF("other"), .customer = SPAN_OF("c-2"), .lines = lines, .line_count = 1};
    struct demand demand;
    assert_true(demand_begin(&demand, &entry, 1, &shop->arena));
    assert_false(demand_covers(&demand, &hold, 1, NULL, 0));
    assert_true(demand_add_found(&demand, &hold, 1, &sale, 1, &shop->arena));
    ASSERT_KEYS(&demand.stocks_of_pools, "main/B", "main/M", "main/Z", "other/Z");
    ASSERT_KEYS(&demand.tallies_of_pools, "main/B/c-1", "main/Z/c-1", "other/Z/c-2");
    assert_true(demand.stocks_of_pools.keys[1].makes_known);
    assert_true(demand_covers(&demand, &hold, 1, &sale, 1));
    lines[1].sku = SPAN_OF("Y");
    assert_false(demand_covers(&demand, &hold, 1, &sale, 1));
}

/* Else a hold that came up after the locks, of a SKU that another job names, would be decided as if
 * its customer had taken nothing. */
static void covers_no_hold_whose_customers_count_was_not_demanded(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_stock(shop, KIND_ADJUST, "a", "M", 1);
    const struct entry entry = {.job = &job};
    struct line line = {.sku = SPAN_OF("M"), .qty = 1};
    const struct hold hold = {
        .pool = SPAN_OF("main"), .customer = SPAN_OF("c-1"), .lines = &line, .line_count = 1};
    struct demand demand;
    assert_true(demand_begin(&demand, &entry, 1, &shop->arena));
    ASSERT_KEYS(&demand.stocks_of_pools, "main/M");
    assert_false(demand_covers(&demand, &hold, 1, NULL, 0));
    assert_true(demand_add_found(&demand, &hold, 1, NULL, 0, &shop->arena));
    assert_true(demand_covers(&demand, &hold, 1, NULL, 0));
}

static void sorts_any_number_of_keys(void **state)
{
    enum { ITEMS_MAX = 100 };
    struct shop *shop = *state;
    struct prng prng;
    prng_init(&prng, 1);
    for (uint32_t count = 1; count <= ITEMS_MAX; count++) {
        char texts[ITEMS_MAX][4];
        struct item items[ITEMS_MAX];
        for (uint32_t i = 0; i < count; i++) {
            (void)snprintf(texts[i], sizeof texts[i], "%u", prng_below(&prng, 60));
            items[i] = (struct item){.sku = span_of(texts[i])};
        }
        const struct job job = {
            .id = SPAN_OF("a"), .store = SPAN_OF("s"), .items = items, .item_count = count};
        const struct entry entry = {.job = &job};
        struct demand demand;
        arena_reset(&shop->arena);
        assert_true(demand_begin(&demand, &entry, 1, &shop->arena));
        const struct keys *keys = &demand.stocks_of_stores;
        for (uint32_t i = 1; i < keys->count; i++) {
            assert_true(span_compare(keys->keys[i - 1].sku, keys->keys[i].sku) < 0);
        }
        for (uint32_t i = 0; i < count; i++) {
            uint32_t found = 0;
            for (uint32_t k = 0; k < keys->count; k++) {
                found += span_equal(keys->keys[k].sku, items[i].sku) ? 1 : 0;
            }
            assert_int_equal(found, 1);
        }
    }
}

static void a_full_arena_is_told(void **state)
{
    struct shop *shop = *state;
    const struct job job = job_cart(shop, KIND_CHECKOUT, "a", "PS5", 1);
    const struct entry entry = {.job = &job};
    struct demand demand;
    shop->arena.size = shop->arena.used + 64;
    assert_false(demand_begin(&demand, &entry, 1, &shop->arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_SHOP(names_each_thing_once_and_sorted),
        IN_A_SHOP(says_which_skus_may_become_known),
        IN_A_SHOP(adds_what_holds_and_sales_are_about),
        IN_A_SHOP(covers_no_hold_whose_customers_count_was_not_demanded),
        IN_A_SHOP(sorts_any_number_of_keys),
        IN_A_SHOP(a_full_arena_is_told),
    };
    return cmocka_run_group_tests_name("demand", tests, NULL, NULL);
}
