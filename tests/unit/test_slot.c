/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots and lanes: the vectors that every publisher must agree with. */
#include "common/contract/slot.h"

#include <string.h>

#include "tests/support/test.h"

static const struct slot_case {
    const char *sku;
    uint32_t slot;
} slot_cases[] = {
    {"PS5", 278},  {"VINTAGE-DRESS-1920", 446},     {"SKU-0", 802}, {"a", 579},
    {"it's", 506}, {"\u65e5\u672c\U0001f381", 964},
};

static void maps_a_sku_to_its_slot(void **state)
{
    const struct slot_case *test = *state;
    assert_int_equal(till_slot(test->sku, strlen(test->sku)), test->slot);
}

static void crc_is_the_one_of_zlib(void **state)
{
    (void)state;
    assert_int_equal(till_crc32("123456789", 9), 0xcbf43926);
    assert_int_equal(till_crc32("", 0), 0);
}

static void lanes_share_the_slots_evenly_and_in_order(void **state)
{
    (void)state;
    for (uint32_t lanes = 1; lanes <= 1024; lanes++) {
        assert_int_equal(slot_lane(0, lanes), 0);
        assert_int_equal(slot_lane(1023, lanes), lanes - 1);
        for (uint32_t slot = 1; slot < 1024; slot++) {
            const uint32_t step = slot_lane(slot, lanes) - slot_lane(slot - 1, lanes);
            assert_true(step <= 1);
        }
    }
}

static void follows_the_formula_of_the_contract(void **state)
{
    (void)state;
    assert_int_equal(slot_lane(278, 8), 2);
    assert_int_equal(slot_lane(446, 8), 3);
    assert_int_equal(slot_lane(341, 3), 0);
    assert_int_equal(slot_lane(342, 3), 1);
    assert_int_equal(slot_lane(1023, 1024), 1023);
}

static void a_job_goes_where_its_first_item_goes(void **state)
{
    (void)state;
    struct item items[] = {{.sku = SPAN_OF("PS5")}, {.sku = SPAN_OF("a")}};
    const struct job cart = {.items = items, .item_count = 2};
    const struct job commit = {.hold = SPAN_OF("SKU-0")};
    const struct job cancel = {.sale = SPAN_OF("it's"), .items = items, .item_count = 2};
    const struct job nothing = {.id = SPAN_OF("a")};
    assert_int_equal(slot_of_job(&cart), 278);
    assert_int_equal(slot_of_job(&commit), 802);
    assert_int_equal(slot_of_job(&cancel), 506);
    expect_assert_failure((void)slot_of_job(&nothing));
}

int main(void)
{
    enum { VECTORS = sizeof slot_cases / sizeof slot_cases[0] };
    struct CMUnitTest tests[VECTORS + 4] = {
        [VECTORS] = cmocka_unit_test(crc_is_the_one_of_zlib),
        [VECTORS + 1] = cmocka_unit_test(lanes_share_the_slots_evenly_and_in_order),
        [VECTORS + 2] = cmocka_unit_test(follows_the_formula_of_the_contract),
        [VECTORS + 3] = cmocka_unit_test(a_job_goes_where_its_first_item_goes),
    };
    for (size_t i = 0; i < VECTORS; i++) {
        tests[i] = (struct CMUnitTest){.name = slot_cases[i].sku,
                                       .test_func = maps_a_sku_to_its_slot,
                                       .initial_state = (void *)&slot_cases[i]};
    }
    return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
