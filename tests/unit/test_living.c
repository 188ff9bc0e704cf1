/* SPDX-License-Identifier: Apache-2.0
 *
 * Which list of the living lanes are shared out by. */
#include "worker/duty/living.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

enum { LOOKS_MAX = 8 };

/* Who is seen, a letter each, and when; 0: no look any more. */
struct seen {
    uint32_t at_ms;
    const char *workers;
};

static const struct living_case {
    const char *name;
    struct seen looks[LOOKS_MAX];
    const char *adopted;
    uint32_t adopted_ms;
} living_cases[] = {
    {"adopts what it sees first", {{1000, "ab"}}, "ab", 1000},
    {"does not believe a single look", {{1000, "ab"}, {2000, "a"}}, "ab", 1000},
    {"believes two looks that agree", {{1000, "ab"}, {2000, "a"}, {2500, "a"}}, "a", 2500},
    {"needs some time between them", {{1000, "ab"}, {2000, "a"}, {2399, "a"}}, "ab", 1000},
    {"and that passed in one go",
     {{1000, "ab"}, {2000, "a"}, {2300, "ab"}, {2600, "a"}, {2900, "a"}},
     "ab",
     1000},
    {"may take three looks", {{1000, "ab"}, {2000, "a"}, {2200, "a"}, {2400, "a"}}, "a", 2400},
    {"adopts nothing anew while nothing changes",
     {{1000, "ab"}, {2000, "ab"}, {3000, "ab"}},
     "ab",
     1000},
    {"an empty list is a list", {{1000, "ab"}, {2000, ""}, {2500, ""}}, "", 2500},
    {"lets others come back after an outage",
     {{1000, "ab"}, {9000, "a"}, {9500, "a"}, {11500, "a"}},
     "ab",
     1000},
    {"but not for ever",
     {{1000, "ab"}, {9000, "a"}, {9500, "a"}, {11500, "a"}, {12000, "a"}},
     "a",
     12000},
};

static struct living_list list_of(const char *workers)
{
    struct living_list list = {calloc(strlen(workers) + 1, sizeof list.workers[0]), 0};
    assert_non_null(list.workers);
    for (; *workers != '\0'; workers++) {
        (void)snprintf(list.workers[list.count].name, sizeof list.workers[0].name, "%c", *workers);
        list.count++;
    }
    return list;
}

static void adopts_what_it_should(void **state)
{
    const struct living_case *test = *state;
    struct living living = {.seen_ms = 0};
    char adopted[LOOKS_MAX] = "";
    for (const struct seen *look = test->looks; look->at_ms != 0; look++) {
        const bool other = living_see(&living, list_of(look->workers), look->at_ms);
        assert_int_equal(other, living.adopted_ms == look->at_ms);
        living.seen_ms = look->at_ms;
    }
    for (uint32_t i = 0; i < living.adopted.count; i++) {
        adopted[i] = living.adopted.workers[i].name[0];
    }
    assert_string_equal(adopted, test->adopted);
    assert_int_equal(living.adopted_ms, test->adopted_ms);
    living_deinit(&living);
}

/* A worker that was started again is another one; so is one with another bound. */
static void compares_all_of_a_worker(void **state)
{
    struct living living = {.seen_ms = 0};
    (void)state;
    assert_true(living_see(&living, list_of("a"), 1000));
    assert_true(living_is_steady(&living));
    struct living_list list = list_of("a");
    (void)snprintf(list.workers[0].run, sizeof list.workers[0].run, "2");
    assert_false(living_see(&living, list, 2000));
    assert_false(living_is_steady(&living));
    list = list_of("a");
    list.workers[0].lanes_max = 3;
    assert_false(living_see(&living, list, 2500));
    assert_false(living_is_steady(&living));
    living_deinit(&living);
}

int main(void)
{
    enum { CASES = sizeof living_cases / sizeof living_cases[0] };
    struct CMUnitTest tests[CASES + 1] = {cmocka_unit_test(compares_all_of_a_worker)};
    for (size_t i = 0; i < CASES; i++) {
        tests[1 + i] = (struct CMUnitTest){.name = living_cases[i].name,
                                           .test_func = adopts_what_it_should,
                                           .initial_state = (void *)&living_cases[i]};
    }
    return cmocka_run_group_tests_name("living", tests, NULL, NULL);
}
