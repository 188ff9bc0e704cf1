/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON to the byte. */
#include "common/contract/json_write.h"

#include <stdio.h>

#include "tests/support/test.h"

static const struct string_case {
    const char *name;
    struct span value;
    const char *json;
} string_cases[] = {
    {"plain", SPAN_OF("abc"), "\"abc\""},
    {"empty", SPAN_OF(""), "\"\""},
    {"absent", {NULL, 0}, "null"},
    {"quote and backslash", SPAN_OF("\"\\"), "\"\\\"\\\\\""},
    {"slash, DEL and what HTML fears", SPAN_OF("/\x7f<>&'"), "\"/\x7f<>&'\""},
    {"short escapes", SPAN_OF("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
    {"other control characters", SPAN_OF("\0\x01\x0b\x1f"), "\"\\u0000\\u0001\\u000b\\u001f\""},
    {"UTF-8", SPAN_OF("\xc3\xa9\xe2\x80\xa8\xf0\x9f\x8e\x81"),
     "\"\xc3\xa9\xe2\x80\xa8\xf0\x9f\x8e\x81\""},
    {"a byte that is no UTF-8",
     SPAN_OF("a\xff"
             "b"),
     "\"a\xef\xbf\xbd"
     "b\""},
    {"a character cut short", SPAN_OF("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"a surrogate", SPAN_OF("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

static char memory[512];
static struct text text;
static struct json json;

static int begin(void **state)
{
    (void)state;
    text_init(&text, memory, sizeof memory);
    json = json_on(&text);
    return 0;
}

static void escapes_as_little_as_it_may(void **state)
{
    const struct string_case *test = *state;
    json_span(&json, test->value);
    assert_string_equal(memory, test->json);
    assert_int_equal(text.size, strlen(test->json));
}

static void puts_commas_where_they_belong(void **state)
{
    (void)state;
    json_object(&json);
    json_key(&json, "empty");
    json_array(&json);
    json_array_end(&json);
    json_key(&json, "list");
    json_array(&json);
    json_integer(&json, 1);
    json_object(&json);
    json_object_end(&json);
    json_array(&json);
    json_null(&json);
    json_array_end(&json);
    json_boolean(&json, false);
    json_array_end(&json);
    json_member_boolean(&json, "yes", true);
    json_member_string(&json, "text", "t");
    json_member_string(&json, "none", NULL);
    json_member_verbatim(&json, "meta", SPAN_OF("{ }"));
    json_member_verbatim(&json, "no_meta", SPAN_NONE);
    json_object_end(&json);
    assert_string_equal(memory, "{\"empty\":[],\"list\":[1,{},[null],false],\"yes\":true,"
                                "\"text\":\"t\",\"none\":null,\"meta\":{ },\"no_meta\":null}");
}

static void writes_integers_of_every_size(void **state)
{
    (void)state;
    json_array(&json);
    json_integer(&json, 0);
    json_integer(&json, -1);
    json_integer(&json, 1000000);
    json_integer(&json, INT64_MAX);
    json_integer(&json, INT64_MIN);
    json_array_end(&json);
    assert_string_equal(memory, "[0,-1,1000000,9223372036854775807,-9223372036854775808]");
}

static void writes_times_with_six_digits(void **state)
{
    (void)state;
    json_object(&json);
    json_member_instant(&json, "at", INT64_C(1795251600123456));
    json_member_instant(&json, "never", INSTANT_NONE);
    json_object_end(&json);
    assert_string_equal(memory, "{\"at\":\"2026-11-21T09:00:00.123456Z\",\"never\":null}");
}

/* Words of eight bytes, halves of words, and single bytes are looked at in different ways. */
static void finds_each_special_byte_at_every_place(void **state)
{
    (void)state;
    static const struct {
        char byte;
        const char *json;
    } bytes[] = {{'"', "\\\""},
                 {'\\', "\\\\"},
                 {'\n', "\\n"},
                 {0x1f, "\\u001f"},
                 {(char)0x80, "\xef\xbf\xbd"},
                 {(char)0xff, "\xef\xbf\xbd"},
                 {' ', " "},
                 {'!', "!"},
                 {'#', "#"},
                 {'[', "["},
                 {0x7f, "\x7f"}};
    for (uint32_t size = 1; size <= 26; size++) {
        for (uint32_t at = 0; at < size; at++) {
            for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
                char value[26];
                char expected[64];
                memset(value, 'x', sizeof value);
                value[at] = bytes[i].byte;
                (void)snprintf(expected, sizeof expected, "\"%.*s%s%.*s\"", (int)at,
                               "xxxxxxxxxxxxxxxxxxxxxxxxxx", bytes[i].json, (int)(size - at - 1),
                               "xxxxxxxxxxxxxxxxxxxxxxxxxx");
                begin(state);
                json_span(&json, (struct span){value, size});
                assert_string_equal(memory, expected);
                assert_int_equal(text.size, strlen(expected));
            }
        }
    }
}

static const char each_way[] =
    "{\"key\":\"value\",\"k\":\"\",\"fixed\":1,\"word\":\"held\",\"list\":[\"/till/stock\",\"\"]}";

/* Each function that puts a string asks for room by itself. */
static void write_each_way(size_t capacity)
{
    text_init(&text, memory, capacity);
    json = json_on(&text);
    json_object(&json);
    json_member_string(&json, "key", "value");
    json_member_string(&json, "k", "");
    json_verbatim(&json, SPAN_OF("\"fixed\":1"));
    json_key(&json, "word");
    json_word(&json, SPAN_OF("held"));
    json_key(&json, "list");
    json_array(&json);
    json_joined(
        &json, (const struct span[]){SPAN_OF("/"), SPAN_OF("till"), SPAN_OF(""), SPAN_OF("/stock")},
        4);
    json_word(&json, SPAN_OF(""));
    json_array_end(&json);
    json_object_end(&json);
}

static void fills_a_text_to_its_last_byte(void **state)
{
    (void)state;
    write_each_way(sizeof each_way);
    assert_string_equal(memory, each_way);
    assert_false(text.full);
}

static void a_text_that_is_full_says_so(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity < sizeof each_way; capacity++) {
        write_each_way(capacity);
        assert_true(text.full);
        assert_true(text.size < capacity);
    }
}

int main(void)
{
    enum { CASES = sizeof string_cases / sizeof string_cases[0] };
    struct CMUnitTest tests[CASES + 6] = {
        [CASES] = cmocka_unit_test_setup(puts_commas_where_they_belong, begin),
        [CASES + 1] = cmocka_unit_test_setup(writes_integers_of_every_size, begin),
        [CASES + 2] = cmocka_unit_test_setup(writes_times_with_six_digits, begin),
        [CASES + 3] = cmocka_unit_test_setup(a_text_that_is_full_says_so, begin),
        [CASES + 4] = cmocka_unit_test(finds_each_special_byte_at_every_place),
        [CASES + 5] = cmocka_unit_test(fills_a_text_to_its_last_byte),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = string_cases[i].name,
                                       .test_func = escapes_as_little_as_it_may,
                                       .setup_func = begin,
                                       .initial_state = (void *)&string_cases[i]};
    }
    return cmocka_run_group_tests_name("json_write", tests, NULL, NULL);
}
