/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker says of all its threads when it leaves. */
#include "worker/crew/summary.h"

#include "tests/support/test.h"

static struct lane_thread lanes[2];
static struct sorter sorter;

static void expect_line(const struct summary *summary, const char *expected)
{
    char line[SUMMARY_LINE_MAX];
    struct text text;
    text_init(&text, line, sizeof line);
    summary_write(summary, &text);
    assert_false(text.full);
    assert_string_equal(line, expected);
}

static void says_what_the_threads_have_counted(void **state)
{
    (void)state;
    static struct summary summary;
    for (size_t i = 0; i < 2; i++) {
        struct lane_counters *counters = &lanes[i].lane.counters;
        counters->jobs = 10 + i;
        counters->decided[KIND_CHECKOUT][OUTCOME_CONFIRMED] = 5 + i;
        counters->decided[KIND_SET][OUTCOME_STOCKED] = 1;
        counters->repeats = 2;
        counters->answers[ANSWER_PARKED] = 3;
        counters->dead[DEAD_CRASHING] = 4;
        counters->batches = 6;
        counters->retries[RETRY_LANE] = 7;
        counters->redelivered = 8;
        counters->misrouted = 9;
        counters->takeovers = 1;
        lanes[i].broker.publisher.unheard = 20 + i;
        summary_add_lane(&summary, &lanes[i]);
    }
    sorter.sorted = 50;
    sorter.dead = 5;
    summary_add_sorter(&summary, &sorter);
    expect_line(&summary, "jobs=21 decided=13 repeats=4 answers=6 dead=13 batches=12 retries=14 "
                          "redelivered=16 misrouted=18 stragglers=0 "
                          "unheard=41 sorted=50 takeovers=2");
}

static void the_largest_figures_fit(void **state)
{
    (void)state;
    static struct summary summary;
    char line[SUMMARY_LINE_MAX];
    struct text text;
    _Atomic uint64_t *counters = (_Atomic uint64_t *)&summary.lanes;
    for (size_t i = 0; i < sizeof summary.lanes / sizeof counters[0]; i++) {
        counters[i] = UINT64_MAX / (KIND_COUNT * OUTCOME_COUNT); /* so that no sum wraps */
    }
    summary.unheard = summary.sorted = UINT64_MAX;
    text_init(&text, line, sizeof line);
    summary_write(&summary, &text);
    assert_false(text.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_the_threads_have_counted),
        cmocka_unit_test(the_largest_figures_fit),
    };
    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
