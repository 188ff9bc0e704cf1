/* SPDX-License-Identifier: Apache-2.0
 *
 * Guesses at what was meant: near names are found, others are not. */
#include "worker/commands/nearest.h"

#include "tests/support/test.h"

static const char *const names[] = {"setup", "teardown", "doctor", "slot", "help", "version"};
enum { NAMES = sizeof names / sizeof names[0] };

static const struct nearest_case {
    const char *given;
    const char *expected;
} cases[] = {
    {"setup", "setup"},
    {"setpu", "setup"},
    {"sslot", "slot"},
    {"slto", "slot"},
    {"docter", "doctor"},
    {"versoin", "version"},
    {"hlep", "help"},
    {"tear-down", "teardown"},
    {"teardwn", "teardown"},
    {"", NULL},
    {"x", NULL},
    {"replicate", NULL},
    {"a-name-that-is-longer-than-anybody-mistypes-one", NULL},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void guesses(void **state)
{
    const struct nearest_case *test = *state;
    const char *found = nearest(test->given, names, NAMES);
    if (test->expected == NULL) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(found, test->expected);
    }
}

int main(void)
{
    struct CMUnitTest tests[CASES];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){
            .name = cases[i].given, .test_func = guesses, .initial_state = (void *)&cases[i]};
    }
    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
