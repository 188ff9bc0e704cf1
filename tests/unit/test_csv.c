/* SPDX-License-Identifier: Apache-2.0
 *
 * CSV: what is a record, what is a fault, and where. */
#include "worker/commands/csv.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

#define FIELDS_MAX 2u

static const struct csv_case {
    const char *name;
    const char *text;
    const char *records; /* line, then the fields, each in brackets; a fault as line and "bad" */
} cases[] = {
    {"two fields", "a,b\n", "1[a][b]"},
    {"no newline at the end", "a,b", "1[a][b]"},
    {"CRLF", "a,b\r\nc,d\r\n", "1[a][b]2[c][d]"},
    {"nothing", "", ""},
    {"empty lines are passed over", "\n\r\na,b\n\n", "3[a][b]"},
    {"empty fields", ",\n", "1[][]"},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "a,b\n",
     "1[a][b]"},
    {"quotes", "\"a\",\"b\"\n", "1[a][b]"},
    {"a comma in quotes", "\"a,b\",c\n", "1[a,b][c]"},
    {"a quote in quotes", "\"a\"\"b\",c\n", "1[a\"b][c]"},
    {"empty quotes", "\"\",\"\"\n", "1[][]"},
    {"a line's end in quotes", "\"a\nb\",c\nd,e\n", "1[a\nb][c]3[d][e]"},
    {"spaces stay", " a , b \n", "1[ a ][ b ]"},
    {"a quote in the middle is bad", "a\"b,c\nd,e\n", "1bad2[d][e]"},
    {"what follows a quote is bad", "\"a\"b,c\nd,e\n", "1bad2[d][e]"},
    {"an open quote is bad", "a,\"b\n", "1bad"},
    {"a third field is bad", "a,b,c\nd,e\n", "1bad2[d][e]"},
    {"a lone carriage return is bad", "a\rb,c\nd,e\n", "1bad2[d][e]"},
};

static void reads(void **state)
{
    const struct csv_case *test = *state;
    char bytes[128];
    char found[256] = "";
    struct csv csv;
    struct span fields[FIELDS_MAX];
    size_t count = 0;
    size_t at = 0;
    uint32_t line = 0;
    const char *fault = NULL;
    enum csv_answer answer;
    memcpy(bytes, test->text, strlen(test->text));
    csv_init(&csv, bytes, strlen(test->text));
    while ((answer = csv_next(&csv, fields, FIELDS_MAX, &count, &line, &fault)) != CSV_END) {
        at += (size_t)snprintf(found + at, sizeof found - at, "%u%s", line,
                               answer == CSV_BAD ? "bad" : "");
        for (size_t i = 0; answer == CSV_RECORD && i < count; i++) {
            at += (size_t)snprintf(found + at, sizeof found - at, "[%.*s]",
                                   SPAN_ARGUMENTS(fields[i]));
        }
    }
    assert_string_equal(found, test->records);
}

int main(void)
{
    enum { COUNT = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = reads, .initial_state = (void *)&cases[i]};
    }
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
