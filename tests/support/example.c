/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads examples of the contract. */
#include "tests/support/example.h"

#include <stdio.h>

#include "common/base/text.h"
#include "tests/support/test.h"

#define EVENTS TILL_CONTRACT_FOLDER "/examples/events/"

void assert_span(struct span span, const char *expected)
{
    if (span.size != strlen(expected) || memcmp(span.bytes, expected, span.size) != 0) {
        fail_msg("%.*s is not %s", SPAN_ARGUMENTS(span), expected);
    }
}

void assert_event_example(const char *name, struct span body)
{
    char path[512];
    static char expected[4096];
    struct text text;
    text_init(&text, path, sizeof path);
    text_format(&text, "%s%s.json", EVENTS, name);
    assert_false(text.full);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(expected, 1, sizeof expected - 1, file);
    (void)fclose(file); /* it was only read */
    assert_true(size > 0);
    assert_int_equal(expected[size - 1], '\n');
    expected[size - 1] = '\0';
    assert_span(body, expected);
}
