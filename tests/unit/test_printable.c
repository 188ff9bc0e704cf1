/* SPDX-License-Identifier: Apache-2.0
 *
 * What a terminal is shown of texts that strangers wrote. */
#include "worker/commands/printable.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

static const struct printable_case {
    const char *name;
    struct span text;
    const char *shown;
} cases[] = {
    {"leaves words alone", {"PS5 (3 left)", 12}, "PS5 (3 left)"},
    {"leaves letters of every script alone", {"é日本🎁", 12}, "é日本🎁"},
    {"leaves a backslash alone, as JSON has it", {"\"\\u0041\"", 8}, "\"\\u0041\""},
    {"names line ends and tabs", {"a\nb\r\tc", 6}, "a\\nb\\r\\tc"},
    {"names an escape", {"\x1b[31m", 5}, "\\x1b[31m"},
    {"names a NUL", {"a\0b", 3}, "a\\x00b"},
    {"names a delete", {"\x7f", 1}, "\\x7f"},
    {"names a control of the second set", {"\xc2\x9b", 2}, "\\u{9b}"},
    {"names what turns the text round", {"\xe2\x80\xae", 3}, "\\u{202e}"},
    {"names what takes no room", {"\xe2\x80\x8b\xef\xbb\xbf", 6}, "\\u{200b}\\u{feff}"},
    {"names a tag", {"\xf3\xa0\x81\x81", 4}, "\\u{e0041}"},
    {"names bytes that are no UTF-8", {"a\xff\xc0\xaf", 4}, "a\\xff\\xc0\\xaf"},
    {"names a character that is cut off", {"\xe2\x80", 2}, "\\xe2\\x80"},
    {"shows nothing of nothing", {NULL, 0}, ""},
};

static void shows(void **state)
{
    const struct printable_case *test = *state;
    char *memory = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&memory, &size);
    assert_non_null(out);

    printable_print(test->text, out);

    assert_int_equal(fclose(out), 0);
    assert_string_equal(memory, test->shown);
    free(memory);
}

static void json_stays_on_its_line(void **state)
{
    (void)state;
    char *memory = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&memory, &size);
    assert_non_null(out);

    printable_line(SPAN_OF("{\"meta\":{\r\n\t\"a\": \"b\\n\"\n}}"), out);

    assert_int_equal(fclose(out), 0);
    assert_string_equal(memory, "{\"meta\":{  \t\"a\": \"b\\n\" }}\n");
    free(memory);
}

int main(void)
{
    enum { CASES = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[CASES + 1];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = cases[i].name,
                                       .test_func = shows,
                                       .initial_state = (void *)(uintptr_t)&cases[i]};
    }
    tests[CASES] = (struct CMUnitTest)cmocka_unit_test(json_stays_on_its_line);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
