/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters and histograms as such. */
#include "worker/lane/counters.h"

#include "tests/support/test.h"

static const struct bucket_case {
    const char *name;
    uint64_t value;
    uint32_t bucket;
} bucket_cases[] = {
    {"nothing is in the first bucket", 0, 0},
    {"a bound belongs to its own bucket", 1, 0},
    {"what is beyond a bound is in the next", 3, 2},
    {"the last bound", 30000, HISTOGRAM_BUCKETS - 2},
    {"beyond all bounds", 30001, HISTOGRAM_BUCKETS - 1},
    {"the largest value", UINT64_MAX, HISTOGRAM_BUCKETS - 1},
};

static void falls_into_its_bucket(void **state)
{
    const struct bucket_case *test = *state;
    struct histogram histogram = {.sum = 0};
    histogram_observe(&histogram, test->value);
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        assert_int_equal(histogram.buckets[i], i == test->bucket ? 1 : 0);
    }
    assert_true(histogram.sum == test->value);
    assert_int_equal(histogram_count(&histogram), 1);
}

static void bounds_rise(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < HISTOGRAM_BUCKETS - 1; i++) {
        assert_true(histogram_bound(i) > histogram_bound(i - 1));
    }
    expect_assert_failure((void)histogram_bound(HISTOGRAM_BUCKETS - 1));
}

/* Every single one, whatever is added to the struct. */
static void adds_up_all_that_a_lane_counts(void **state)
{
    (void)state;
    static struct lane_counters one;
    static struct lane_counters sum;
    _Atomic uint64_t *ones = (_Atomic uint64_t *)&one;
    const _Atomic uint64_t *sums = (const _Atomic uint64_t *)&sum;
    const size_t count = sizeof one / sizeof one.jobs;
    for (size_t i = 0; i < count; i++) {
        ones[i] = i + 1;
    }
    lane_counters_add(&sum, &one);
    lane_counters_add(&sum, &one);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sums[i], 2 * (i + 1));
    }
}

static void sums_go_over_all_labels(void **state)
{
    (void)state;
    static struct lane_counters counters;
    counters.decided[0][0] = 1;
    counters.decided[KIND_COUNT - 1][OUTCOME_COUNT - 1] = 10;
    counters.answers[0] = 2;
    counters.answers[ANSWER_REASON_COUNT - 1] = 20;
    counters.dead[0] = 3;
    counters.dead[DEAD_REASON_COUNT - 1] = 30;
    counters.retries[0] = 4;
    counters.retries[RETRY_COUNT - 1] = 40;
    assert_int_equal(lane_counters_decided(&counters), 11);
    assert_int_equal(lane_counters_answers(&counters), 22);
    assert_int_equal(lane_counters_dead(&counters), 33);
    assert_int_equal(lane_counters_retries(&counters), 44);
}

static void each_retry_has_its_word(void **state)
{
    (void)state;
    assert_string_equal(retry_text(RETRY_BATCH), "batch");
    assert_string_equal(retry_text(RETRY_COMMIT), "commit");
    assert_string_equal(retry_text(RETRY_LANE), "lane");
    expect_assert_failure((void)retry_text((enum retry)RETRY_COUNT));
}

int main(void)
{
    enum { BUCKETS = sizeof bucket_cases / sizeof bucket_cases[0] };
    struct CMUnitTest tests[BUCKETS + 4] = {
        [BUCKETS] = cmocka_unit_test(bounds_rise),
        [BUCKETS + 1] = cmocka_unit_test(adds_up_all_that_a_lane_counts),
        [BUCKETS + 2] = cmocka_unit_test(sums_go_over_all_labels),
        [BUCKETS + 3] = cmocka_unit_test(each_retry_has_its_word),
    };
    for (size_t i = 0; i < BUCKETS; i++) {
        tests[i] = (struct CMUnitTest){.name = bucket_cases[i].name,
                                       .test_func = falls_into_its_bucket,
                                       .initial_state = (void *)&bucket_cases[i]};
    }
    return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
