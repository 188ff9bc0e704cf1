/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounded strings: what fits is there, what does not is known. */
#include "common/base/text.h"

#include <string.h>

#include "tests/support/test.h"

static void appends_strings_bytes_and_formats(void **state)
{
    (void)state;
    char memory[32];
    struct text text;
    text_init(&text, memory, sizeof memory);
    text_put(&text, "lane ");
    text_format(&text, "%04d", 17);
    text_put_bytes(&text, ": go on", 4);
    assert_string_equal(text.bytes, "lane 0017: go");
    assert_int_equal(text.size, strlen("lane 0017: go"));
    assert_false(text.full);
}

static void fills_to_the_last_byte(void **state)
{
    (void)state;
    char memory[4];
    struct text text;
    text_init(&text, memory, sizeof memory);
    text_put(&text, "abc");
    assert_false(text.full);
    text_put(&text, "");
    assert_false(text.full);
    text_put(&text, "d");
    assert_true(text.full);
    assert_string_equal(text.bytes, "abc");
}

static void puts_integers_in_decimal(void **state)
{
    (void)state;
    char memory[64];
    struct text text;
    text_init(&text, memory, sizeof memory);
    text_put_integer(&text, 0);
    text_put(&text, " ");
    text_put_integer(&text, INT64_MAX);
    text_put(&text, " ");
    text_put_integer(&text, INT64_MIN);
    assert_string_equal(text.bytes, "0 9223372036854775807 -9223372036854775808");
}

static void a_format_that_does_not_fit_is_cut(void **state)
{
    (void)state;
    char memory[4];
    struct text text;
    text_init(&text, memory, sizeof memory);
    text_format(&text, "%d", 12345);
    assert_true(text.full);
    assert_string_equal(text.bytes, "123");
    assert_int_equal(text.size, 3);
}

static void is_empty_again_after_a_reset(void **state)
{
    (void)state;
    char memory[4];
    struct text text;
    text_init(&text, memory, sizeof memory);
    text_put(&text, "too long");
    text_reset(&text);
    assert_string_equal(text.bytes, "");
    assert_int_equal(text.size, 0);
    assert_false(text.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_strings_bytes_and_formats),
        cmocka_unit_test(fills_to_the_last_byte),
        cmocka_unit_test(puts_integers_in_decimal),
        cmocka_unit_test(a_format_that_does_not_fit_is_cut),
        cmocka_unit_test(is_empty_again_after_a_reset),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
