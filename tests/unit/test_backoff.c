/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a lane waits after so many failures. */
#include "worker/lane/backoff.h"

#include "tests/support/test.h"

static const struct backoff_case {
    const char *name;
    uint32_t failures;
    uint32_t most;
} cases[] = {
    {"the first pause is short", 1, BACKOFF_FIRST_MS},
    {"the second is twice as long", 2, 2 * BACKOFF_FIRST_MS},
    {"the fifth is sixteen times as long", 5, 16 * BACKOFF_FIRST_MS},
    {"none is longer than the longest", 9, BACKOFF_MAX_MS},
    {"not after any number of failures", UINT32_MAX, BACKOFF_MAX_MS},
};

/* Half of it is certain; how much of the other half is drawn, so both ends are come close to. */
static void waits_for_half_to_all_of_it(void **state)
{
    const struct backoff_case *test = *state;
    struct prng prng;
    uint32_t shortest = UINT32_MAX;
    uint32_t longest = 0;
    prng_init(&prng, 1);
    for (int i = 0; i < 1000; i++) {
        const uint32_t ms = backoff_ms(test->failures, &prng);
        shortest = ms < shortest ? ms : shortest;
        longest = ms > longest ? ms : longest;
    }
    assert_in_range(shortest, test->most / 2, test->most * 6 / 10);
    assert_in_range(longest, test->most * 9 / 10, test->most);
}

static void there_is_no_pause_without_a_failure(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 1);
    expect_assert_failure(backoff_ms(0, &prng));
}

int main(void)
{
    enum { CASES = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[CASES + 1];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = cases[i].name,
                                       .test_func = waits_for_half_to_all_of_it,
                                       .initial_state = (void *)&cases[i]};
    }
    tests[CASES] = (struct CMUnitTest)cmocka_unit_test(there_is_no_pause_without_a_failure);
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
