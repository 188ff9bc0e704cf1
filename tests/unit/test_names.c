/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract's words. They are spelled out here once more: changing one breaks somebody. */
#include "common/contract/names.h"

#include "tests/support/test.h"

static struct span span_of(const char *string)
{
    return (struct span){string, (uint32_t)strlen(string)};
}

/* Each enum is read and written through functions of one form, so that one test does for all. */
#define WORDS_TEST(name, count, ...)                                         \
    static void name##_words_go_both_ways(void **state)                      \
    {                                                                        \
        static const char *const words[] = {__VA_ARGS__};                    \
        (void)state;                                                         \
        assert_int_equal(sizeof words / sizeof words[0], count);             \
        for (uint32_t i = 0; i < (count); i++) {                             \
            enum name value = (enum name)((count)-1 - i);                    \
            if (words[i] == NULL) {                                          \
                assert_null(name##_text((enum name)i));                      \
                continue;                                                    \
            }                                                                \
            assert_string_equal(name##_text((enum name)i), words[i]);        \
            assert_true(name##_of(span_of(words[i]), &value));               \
            assert_int_equal(value, i);                                      \
            assert_false(name##_of((struct span){words[i], 2}, &value));     \
        }                                                                    \
        enum name untouched = (enum name)1;                                  \
        assert_false(name##_of(span_of("nothing_of_the_kind"), &untouched)); \
        assert_false(name##_of(span_of(""), &untouched));                    \
        assert_false(name##_of(SPAN_NONE, &untouched));                      \
        assert_int_equal(untouched, 1);                                      \
        expect_assert_failure(name##_text((enum name)(count)));              \
    }

WORDS_TEST(kind, KIND_COUNT, "checkout", "reserve", "commit", "release", "extend", "cancel",
           "adjust", "set", "define", "expire")
WORDS_TEST(outcome, OUTCOME_COUNT, "confirmed", "held", "sold_out", "released", "extended",
           "cancelled", "expired", "stocked", "late", "rejected")
WORDS_TEST(reason, REASON_COUNT, NULL, "unknown_store", "unknown_hold", "unknown_sale",
           "hold_released", "hold_expired", "already_committed", "already_cancelled",
           "not_cancellable", "unknown_sku", "not_on_sale", "over_limit", "version_changed",
           "below_held", "over_capacity", "sold_out")
WORDS_TEST(hold_state, HOLD_STATE_COUNT, "active", "expired", "released", "committed", "cancelled")
WORDS_TEST(answer_reason, ANSWER_REASON_COUNT, "malformed", "not_allowed", "id_reused", "parked")
WORDS_TEST(dead_reason, DEAD_REASON_COUNT, "malformed", "failed", "crashing", "delivery_limit")

static void four_kinds_are_stock_jobs(void **state)
{
    (void)state;
    uint32_t stock = 0;
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        stock |= (uint32_t)kind_is_stock((enum kind)i) << i;
    }
    assert_int_equal(stock, 1 << KIND_ADJUST | 1 << KIND_SET | 1 << KIND_DEFINE | 1 << KIND_EXPIRE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kind_words_go_both_ways),
        cmocka_unit_test(outcome_words_go_both_ways),
        cmocka_unit_test(reason_words_go_both_ways),
        cmocka_unit_test(hold_state_words_go_both_ways),
        cmocka_unit_test(answer_reason_words_go_both_ways),
        cmocka_unit_test(dead_reason_words_go_both_ways),
        cmocka_unit_test(four_kinds_are_stock_jobs),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
