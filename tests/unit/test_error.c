/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors: context in front, the first remedy stays, long texts are cut and stay strings. */
#include "common/base/error.h"

#include <string.h>

#include "tests/support/test.h"

static void puts_context_in_front(void **state)
{
    (void)state;
    struct error error = {0};
    assert_false(error_set(&error, ERROR_RETRY, "connection lost"));
    assert_false(error_wrap(&error, "batch of %d jobs", 212));
    assert_false(error_wrap(&error, "lane %03d", 17));
    assert_string_equal(error.text, "lane 017: batch of 212 jobs: connection lost");
    assert_int_equal(error.kind, ERROR_RETRY);
}

static void keeps_the_first_remedy(void **state)
{
    (void)state;
    struct error error = {0};
    error_set(&error, ERROR_CONFIG, "no such database");
    assert_false(error_advise(&error, "Create it: createdb %s", "shop"));
    assert_false(error_advise(&error, "Ask somebody."));
    assert_string_equal(error.remedy, "Create it: createdb shop");
}

static void a_new_error_forgets_the_old_remedy(void **state)
{
    (void)state;
    struct error error = {0};
    error_set(&error, ERROR_CONFIG, "first");
    error_advise(&error, "Remedy of the first.");
    error_set(&error, ERROR_RETRY, "second");
    assert_string_equal(error.remedy, "");
}

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    struct error error = {0};
    char wide[2 * ERROR_TEXT_MAX];
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    error_set(&error, ERROR_FATAL, "%s", wide);
    error_wrap(&error, "%s", wide);
    error_advise(&error, "%s", wide);
    assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);
    assert_int_equal(strlen(error.remedy), ERROR_REMEDY_MAX - 1);
}

static void context_needs_an_error(void **state)
{
    (void)state;
    struct error error = {0};
    expect_assert_failure(error_wrap(&error, "nothing happened"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_context_in_front),
        cmocka_unit_test(keeps_the_first_remedy),
        cmocka_unit_test(a_new_error_forgets_the_old_remedy),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(context_needs_an_error),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
