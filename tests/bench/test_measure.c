/* SPDX-License-Identifier: Apache-2.0
 *
 * What a measurement rests on: quantiles, and jobs that are known again by their events. */
#include "tests/bench/measure.h"

#include <string.h>

#include "common/base/ensure.h"
#include "tests/bench/drawn.h"
#include "tests/support/test.h"

static const struct quantile_case {
    const char *name;
    double share;
    int64_t expected;
} quantile_cases[] = {
    {"the middle of ten is the fifth", 0.5, 5},
    {"of a share that falls between two, the upper", 0.51, 6},
    {"ninety-nine of a hundred is the last of ten", 0.99, 10},
    {"the whole is the last", 1, 10},
    {"nothing is the first", 0, 1},
};

static void is_the_smallest_not_below_the_share(void **state)
{
    const struct quantile_case *test = *state;
    int64_t values[] = {10, 3, 7, 1, 9, 2, 8, 4, 6, 5};

    measure_sort(values, 10);

    assert_int_equal(measure_quantile(values, 10, test->share), test->expected);
}

static struct draw draw;
static struct drawn drawn;

static void knows_a_job_by_its_id(void **state)
{
    (void)state;
    uint32_t number = 0;
    draw_init(&draw, 7, 1);

    draw_job(&draw, 41, &drawn);

    assert_true(draw_number(&draw, drawn.id, &number));
    assert_int_equal(number, 41);
    assert_string_equal(drawn.slot_text, "802"); /* of SKU-0, by the contract's test vectors */
}

static void knows_no_other_run_and_no_other_event(void **state)
{
    (void)state;
    uint32_t number = 0;
    draw_init(&draw, 7, 1);
    draw_job(&draw, 41, &drawn);

    draw_init(&draw, 8, 1);

    assert_false(draw_number(&draw, drawn.id, &number));
    assert_false(draw_number(&draw, SPAN_OF("main/SKU-0@12"), &number));
}

/* Of two SKUs the first is drawn twice as often as the second; the same draws in every run of this.
 */
static void draws_by_zipfs_law(void **state)
{
    (void)state;
    uint32_t first = 0;
    draw_init(&draw, 1, 2);

    for (uint32_t i = 0; i < 30000; i++) {
        draw_job(&draw, i, &drawn);
        first += strstr(drawn.body_text, "\"SKU-0\"") != NULL;
    }

    assert_in_range(first, 19700, 20300);
}

int main(void)
{
    enum { CASES = sizeof quantile_cases / sizeof quantile_cases[0] };
    struct CMUnitTest tests[CASES + 3];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = quantile_cases[i].name,
                                       .test_func = is_the_smallest_not_below_the_share,
                                       .initial_state = (void *)&quantile_cases[i]};
    }
    tests[CASES] = (struct CMUnitTest)cmocka_unit_test(knows_a_job_by_its_id);
    tests[CASES + 1] = (struct CMUnitTest)cmocka_unit_test(knows_no_other_run_and_no_other_event);
    tests[CASES + 2] = (struct CMUnitTest)cmocka_unit_test(draws_by_zipfs_law);
    return cmocka_run_group_tests_name("bench, measure", tests, NULL, NULL);
}
