/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers: the same for the same seed, for ever. */
#include "common/base/prng.h"

#include "tests/support/test.h"

static void agrees_with_the_published_numbers(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 1234567);
    assert_true(prng_next(&prng) == 6457827717110365317u);
    assert_true(prng_next(&prng) == 3203168211198807973u);
}

static void stays_below_its_bound_and_reaches_all_of_it(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 1);
    uint32_t seen[7] = {0};
    for (int i = 0; i < 7000; i++) {
        const uint32_t number = prng_below(&prng, 7);
        assert_in_range(number, 0, 6);
        seen[number]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_in_range(seen[i], 800, 1200);
    }
    expect_assert_failure(prng_below(&prng, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_published_numbers),
        cmocka_unit_test(stays_below_its_bound_and_reaches_all_of_it),
    };
    return cmocka_run_group_tests_name("prng", tests, NULL, NULL);
}
