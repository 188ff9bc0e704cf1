/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of several servers is chosen. */
#include "common/connect/postgres_choice.h"

#include "tests/support/test.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define HOSTS_MAX    4u
#define NOBODY       99u

static const struct timeline_case {
    const char *file;
    uint32_t timeline;
} timeline_cases[] = {
    {"000000010000000000000003", 1},
    {"0000000A00000000000000FF", 10},
    {"FFFFFFFF0000000000000001", UINT32_MAX},
    {"000000000000000000000001", TIMELINE_NONE},
    {"", TIMELINE_NONE},
    {"00000001", TIMELINE_NONE},
    {"00000001000000000000000", TIMELINE_NONE},
    {"0000000100000000000000031", TIMELINE_NONE},
    {"0000000g0000000000000003", TIMELINE_NONE},
    {"00000001 00000000.backup", TIMELINE_NONE},
};

static void reads_the_timeline(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(timeline_cases); i++) {
        assert_int_equal(postgres_choice_timeline(timeline_cases[i].file),
                         timeline_cases[i].timeline);
    }
}

/* What the hosts tell, in the URL's order; TIMELINE_NONE: a host that was passed over. */
static const struct choice_case {
    const char *name;
    uint32_t timelines[HOSTS_MAX];
    size_t host;
} choice_cases[] = {
    {"nobody_answers", {TIMELINE_NONE, TIMELINE_NONE}, NOBODY},
    {"the_only_primary", {TIMELINE_NONE, 1}, 1},
    {"an_old_primary_first", {1, 2}, 1},
    {"an_old_primary_last", {2, 1}, 0},
    {"an_old_primary_and_a_standby", {7, TIMELINE_NONE, 9, 8}, 2},
    {"two_names_of_one_server", {3, 3, 3}, 0},
    {"promoted_often", {UINT32_MAX - 1, UINT32_MAX}, 1},
};

static void chooses(void **state)
{
    const struct choice_case *test = *state;
    struct postgres_choice choice = {.host = NOBODY};
    size_t last = NOBODY;
    for (size_t host = 0; host < HOSTS_MAX; host++) {
        if (postgres_choice_offer(&choice, host, test->timelines[host])) {
            last = host;
        }
    }
    assert_int_equal(choice.host, test->host);
    assert_int_equal(last, test->host);
}

int main(void)
{
    struct CMUnitTest tests[COUNT(choice_cases) + 1] = {cmocka_unit_test(reads_the_timeline)};
    for (size_t i = 0; i < COUNT(choice_cases); i++) {
        tests[i + 1] = (struct CMUnitTest){.name = choice_cases[i].name,
                                           .test_func = chooses,
                                           .initial_state = (void *)&choice_cases[i]};
    }
    return cmocka_run_group_tests_name("postgres_choice", tests, NULL, NULL);
}
