/* SPDX-License-Identifier: Apache-2.0
 *
 * What is JSON and what is not: each text stands as a member of a job's meta, where the contract
 * allows any JSON. */
#include "common/contract/json_scan.h"

#include "common/contract/job_parse.h"
#include "tests/support/test.h"

static const struct json_case {
    const char *name;
    struct span text;
    const char *pointer; /* of the fault; NULL: it is JSON */
} json_cases[] = {
    {"an empty object", SPAN_OF("{}"), NULL},
    {"an empty object with space in it", SPAN_OF("{ \t\r\n}"), NULL},
    {"an empty array", SPAN_OF("[]"), NULL},
    {"an empty array with space in it", SPAN_OF("[ ]"), NULL},
    {"words", SPAN_OF("[null,true,false]"), NULL},
    {"numbers", SPAN_OF("[0,-0,1,-1,10,1.5,0.5,-0.0,1e9,1E9,1e+9,1e-9,1.5E-9,0e0]"), NULL},
    {"a number larger than any machine's", SPAN_OF("123456789012345678901234567890e999"), NULL},
    {"strings", SPAN_OF("[\"\",\"a\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), NULL},
    {"escaped characters", SPAN_OF("\"\\u0041\\u00e9\\u20AC\\ud83c\\udf81\\uFFFF\""), NULL},
    {"an escaped control character", SPAN_OF("\"\\u0001\\u001f\\u007f\""), NULL},
    {"UTF-8 of every length", SPAN_OF("\"$\xc2\xa3\xe2\x82\xac\xf0\x90\x8d\x88\""), NULL},
    {"the last character of Unicode", SPAN_OF("\"\xf4\x8f\xbf\xbf\""), NULL},
    {"DEL as it is", SPAN_OF("\"\x7f\""), NULL},
    {"a line separator as it is", SPAN_OF("\"\xe2\x80\xa8\""), NULL},
    {"an empty key", SPAN_OF("{\"\":1}"), NULL},
    {"the same key in different objects", SPAN_OF("{\"a\":{\"a\":1},\"b\":{\"a\":[{\"a\":1}]}}"),
     NULL},
    {"keys that are beginnings of each other", SPAN_OF("{\"a\":1,\"ab\":2,\"\":3}"), NULL},
    {"space everywhere", SPAN_OF(" [ { \"a\" : 1 , \"b\" : [ 1 , 2 ] } , 3 ] "), NULL},

    {"nothing", SPAN_OF(""), "/meta/x"},
    {"NaN", SPAN_OF("NaN"), "/meta/x"},
    {"Infinity", SPAN_OF("Infinity"), "/meta/x"},
    {"minus Infinity", SPAN_OF("-Infinity"), "/meta/x"},
    {"a word in capitals", SPAN_OF("True"), "/meta/x"},
    {"half a word", SPAN_OF("tru"), "/meta/x"},
    {"a word and more", SPAN_OF("nullx"), "/meta/x"},
    {"a plus sign", SPAN_OF("+1"), "/meta/x"},
    {"a minus alone", SPAN_OF("-"), "/meta/x"},
    {"two minuses", SPAN_OF("--1"), "/meta/x"},
    {"a leading zero", SPAN_OF("01"), "/meta/x"},
    {"a leading zero after minus", SPAN_OF("-01"), "/meta/x"},
    {"a fraction without digits", SPAN_OF("1."), "/meta/x"},
    {"a fraction without a number", SPAN_OF(".5"), "/meta/x"},
    {"an exponent without digits", SPAN_OF("1e"), "/meta/x"},
    {"an exponent with a sign alone", SPAN_OF("1e+"), "/meta/x"},
    {"a fraction before the exponent without digits", SPAN_OF("1.e1"), "/meta/x"},
    {"hexadecimal", SPAN_OF("0x1F"), "/meta/x"},
    {"digits of another script", SPAN_OF("\xd9\xa1"), "/meta/x"},
    {"single quotes", SPAN_OF("'a'"), "/meta/x"},
    {"a key in single quotes", SPAN_OF("{'a':1}"), "/meta/x"},
    {"a key without quotes", SPAN_OF("{a:1}"), "/meta/x"},
    {"a number as key", SPAN_OF("{1:1}"), "/meta/x"},
    {"a comment", SPAN_OF("/* */1"), "/meta/x"},
    {"a comment to the line's end", SPAN_OF("1 // one\n"), "/meta/x"},
    {"a comma before the end of an array", SPAN_OF("[1,]"), "/meta/x/1"},
    {"a comma at the beginning of an array", SPAN_OF("[,1]"), "/meta/x/0"},
    {"two commas", SPAN_OF("[1,,2]"), "/meta/x/1"},
    {"a comma alone", SPAN_OF("[,]"), "/meta/x/0"},
    {"no comma", SPAN_OF("[1 2]"), "/meta/x/0"},
    {"a comma before the end of an object", SPAN_OF("{\"a\":1,}"), "/meta/x/a"},
    {"no colon", SPAN_OF("{\"a\" 1}"), "/meta/x/a"},
    {"two colons", SPAN_OF("{\"a\"::1}"), "/meta/x/a"},
    {"no value", SPAN_OF("{\"a\":}"), "/meta/x/a"},
    {"a key alone", SPAN_OF("{\"a\"}"), "/meta/x/a"},
    {"a value without a key", SPAN_OF("{1}"), "/meta/x"},
    {"a bracket of the other kind", SPAN_OF("[1}"), "/meta/x/0"},
    {"a brace of the other kind", SPAN_OF("{\"a\":1]"), "/meta/x/a"},
    {"a bracket too many", SPAN_OF("[1]]"), "/meta/x"},
    {"a raw newline in a string", SPAN_OF("\"a\nb\""), "/meta/x"},
    {"a raw tab in a string", SPAN_OF("\"\t\""), "/meta/x"},
    {"a raw NUL in a string", SPAN_OF("\"\0\""), "/meta/x"},
    {"a raw NUL outside of strings", SPAN_OF("\0"), "/meta/x"},
    {"a form feed as space", SPAN_OF("\f1"), "/meta/x"},
    {"a no-break space as space",
     SPAN_OF("\xc2\xa0"
             "1"),
     "/meta/x"},
    {"an escape that does not exist", SPAN_OF("\"\\x41\""), "/meta/x"},
    {"an escaped single quote", SPAN_OF("\"\\'\""), "/meta/x"},
    {"an escaped NUL byte", SPAN_OF("\"\\\0\""), "/meta/x"},
    {"an escape in capitals", SPAN_OF("\"\\U0041\""), "/meta/x"},
    {"three hexadecimal digits", SPAN_OF("\"\\u041\""), "/meta/x"},
    {"a letter that is no digit", SPAN_OF("\"\\u00g1\""), "/meta/x"},
    {"U+0000", SPAN_OF("\"\\u0000\""), "/meta/x"},
    {"U+0000 in a key", SPAN_OF("{\"\\u0000\":1}"), "/meta/x"},
    {"a lone high surrogate", SPAN_OF("\"\\ud800\""), "/meta/x"},
    {"a lone low surrogate", SPAN_OF("\"\\udc00\""), "/meta/x"},
    {"a high surrogate and a letter", SPAN_OF("\"\\ud800\\u0041\""), "/meta/x"},
    {"two high surrogates", SPAN_OF("\"\\ud800\\ud800\""), "/meta/x"},
    {"surrogates the wrong way round", SPAN_OF("\"\\udc00\\ud800\""), "/meta/x"},
    {"a lone surrogate in a key", SPAN_OF("{\"\\uDFFF\":1}"), "/meta/x"},
    {"a continuation byte alone", SPAN_OF("\"\x80\""), "/meta/x"},
    {"a sequence cut short", SPAN_OF("\"\xe2\x82\""), "/meta/x"},
    {"an overlong slash", SPAN_OF("\"\xc0\xaf\""), "/meta/x"},
    {"an overlong form of three bytes", SPAN_OF("\"\xe0\x80\xaf\""), "/meta/x"},
    {"an overlong form of four bytes", SPAN_OF("\"\xf0\x80\x80\xaf\""), "/meta/x"},
    {"a surrogate in UTF-8", SPAN_OF("\"\xed\xa0\x80\""), "/meta/x"},
    {"above the last character", SPAN_OF("\"\xf4\x90\x80\x80\""), "/meta/x"},
    {"a byte that UTF-8 never has", SPAN_OF("\"\xff\""), "/meta/x"},
    {"Latin-1", SPAN_OF("\"caf\xe9\""), "/meta/x"},
    {"a byte order mark",
     SPAN_OF("\xef\xbb\xbf"
             "1"),
     "/meta/x"},
    {"a key twice", SPAN_OF("{\"a\":1,\"a\":1}"), "/meta/x/a"},
    {"a key twice, once escaped", SPAN_OF("{\"a\":1,\"\\u0061\":1}"), "/meta/x/a"},
    {"a key twice, far apart", SPAN_OF("{\"a\":[{\"b\":1}],\"b\":{\"a\":1},\"a\":1}"), "/meta/x/a"},
    {"a key twice, deep down", SPAN_OF("[0,{\"a\":{\"b\":1,\"c\":2,\"b\":3}}]"), "/meta/x/1/a/b"},
    {"a key with slash and tilde, twice", SPAN_OF("{\"a/b~c\":1,\"a/b~c\":1}"), "/meta/x/a~1b~0c"},
};

static void reads_what_is_json_and_nothing_else(void **state)
{
    const struct json_case *test = *state;
    static char memory[JOB_MEMORY_MAX + 64];
    char body_memory[512];
    struct arena arena;
    struct text body;
    struct job job;
    struct job_fault fault;
    arena_init(&arena, memory, sizeof memory);
    text_init(&body, body_memory, sizeof body_memory);
    text_put(&body, "{\"id\":\"a\",\"kind\":\"release\",\"hold\":\"h\",\"meta\":{\"x\":");
    text_put_bytes(&body, test->text.bytes, test->text.size);
    text_put(&body, "}}");
    assert_false(body.full);

    const struct span bytes = {body.bytes, (uint32_t)body.size};
    if (job_parse(bytes, SPAN_NONE, &arena, &job, &fault)) {
        assert_null(test->pointer);
        assert_int_equal(job.meta.size, strlen("{\"x\":}") + test->text.size);
        assert_memory_equal(job.meta.bytes + strlen("{\"x\":"), test->text.bytes, test->text.size);
        return;
    }
    assert_non_null(test->pointer);
    assert_int_equal(fault.pointer.size, strlen(test->pointer));
    assert_memory_equal(fault.pointer.bytes, test->pointer, fault.pointer.size);
    assert_true(fault.text.size > 0);
}

int main(void)
{
    enum { CASES = sizeof json_cases / sizeof json_cases[0] };
    struct CMUnitTest tests[CASES];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = json_cases[i].name,
                                       .test_func = reads_what_is_json_and_nothing_else,
                                       .initial_state = (void *)&json_cases[i]};
    }
    return cmocka_run_group_tests_name("json_scan", tests, NULL, NULL);
}
