/* SPDX-License-Identifier: Apache-2.0
 *
 * Times as RFC 3339 writes them, to the microsecond and back. */
#include "common/base/instant.h"

#include "tests/support/test.h"

static const struct instant_case {
    const char *text;
    const char *utc; /* NULL: refused */
} instant_cases[] = {
    {"2026-11-21T09:00:00Z", "2026-11-21T09:00:00.000000Z"},
    {"2026-11-21t09:00:00z", "2026-11-21T09:00:00.000000Z"},
    {"2026-11-21T09:00:00.1Z", "2026-11-21T09:00:00.100000Z"},
    {"2026-11-21T09:00:00.123456Z", "2026-11-21T09:00:00.123456Z"},
    {"2026-11-21T09:00:00.1234569999Z", "2026-11-21T09:00:00.123456Z"},
    {"2026-11-21T09:00:00+01:00", "2026-11-21T08:00:00.000000Z"},
    {"2026-11-21T09:00:00-00:30", "2026-11-21T09:30:00.000000Z"},
    {"2026-11-21T09:00:00-00:00", "2026-11-21T09:00:00.000000Z"},
    {"2026-01-01T00:00:00+23:59", "2025-12-31T00:01:00.000000Z"},
    {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
    {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000Z"},
    {"2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000000Z"},
    {"2000-03-01T00:00:00+00:01", "2000-02-29T23:59:00.000000Z"},
    {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
    {"2016-12-31T23:59:60.9Z", "2017-01-01T00:00:00.000000Z"},
    {"2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00.000000Z"},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
    {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},

    {"", NULL},
    {"2026-11-21", NULL},
    {"2026-11-21T09:00:00", NULL},
    {"2026-11-21T09:00Z", NULL},
    {"2026-11-21 09:00:00Z", NULL},
    {"2026-11-21T09:00:00.Z", NULL},
    {"2026-11-21T09:00:00,5Z", NULL},
    {"2026-11-21T09:00:00Z ", NULL},
    {" 2026-11-21T09:00:00Z", NULL},
    {"2026-11-21T09:00:00+0100", NULL},
    {"2026-11-21T09:00:00+01", NULL},
    {"2026-11-21T09:00:00+24:00", NULL},
    {"2026-11-21T09:00:00+01:60", NULL},
    {"2026-11-21T09:00:00UTC", NULL},
    {"2026-11-21T24:00:00Z", NULL},
    {"2026-11-21T09:60:00Z", NULL},
    {"2026-11-21T09:00:61Z", NULL},
    {"2026-11-21T09:00:60Z", NULL},
    {"2016-12-31T23:59:60+01:00", NULL},
    {"2026-00-21T09:00:00Z", NULL},
    {"2026-13-21T09:00:00Z", NULL},
    {"2026-11-00T09:00:00Z", NULL},
    {"2026-11-31T09:00:00Z", NULL},
    {"2026-02-29T09:00:00Z", NULL},
    {"2100-02-29T09:00:00Z", NULL},
    {"26-11-21T09:00:00Z", NULL},
    {"12026-11-21T09:00:00Z", NULL},
    {"-2026-11-21T09:00:00Z", NULL},
    {"2026-1-21T09:00:00Z", NULL},
    {"0000-12-31T23:59:59Z", NULL},
    {"0001-01-01T00:00:00+00:01", NULL},
    {"9999-12-31T23:59:59-00:01", NULL},
    {"9999-12-31T23:59:60Z", NULL},
};

static struct span span_of(const char *string)
{
    return (struct span){string, (uint32_t)strlen(string)};
}

static void reads_what_rfc_3339_allows(void **state)
{
    const struct instant_case *test = *state;
    instant time = 42;
    char text[INSTANT_TEXT_SIZE];
    assert_int_equal(instant_parse(span_of(test->text), &time), test->utc != NULL);
    if (test->utc == NULL) {
        assert_int_equal(time, 42);
        return;
    }
    instant_write(time, text);
    assert_memory_equal(text, test->utc, INSTANT_TEXT_SIZE);
}

static void counts_from_1970(void **state)
{
    (void)state;
    instant time;
    assert_true(instant_parse(span_of("1970-01-01T00:00:00Z"), &time));
    assert_true(time == 0);
    assert_true(instant_parse(span_of("2026-11-21T09:00:00.123456Z"), &time));
    assert_true(time == INT64_C(1795251600123456));
    assert_true(instant_parse(span_of("0001-01-01T00:00:00Z"), &time));
    assert_true(time == INSTANT_MIN);
    assert_true(instant_parse(span_of("9999-12-31T23:59:59.999999Z"), &time));
    assert_true(time == INSTANT_MAX);
}

static void every_day_of_two_eras_comes_back(void **state)
{
    (void)state;
    char text[INSTANT_TEXT_SIZE];
    instant time;
    const instant day = 86400 * INSTANT_SECOND;
    for (instant at = INSTANT_MIN; at <= INSTANT_MIN + INT64_C(2) * 146097 * day; at += day) {
        instant_write(at, text);
        assert_true(instant_parse((struct span){text, INSTANT_TEXT_SIZE}, &time));
        assert_true(time == at);
    }
}

static void a_time_beyond_four_digits_is_a_bug(void **state)
{
    (void)state;
    char text[INSTANT_TEXT_SIZE];
    expect_assert_failure(instant_write(INSTANT_MAX + 1, text));
    expect_assert_failure(instant_write(INSTANT_NONE, text));
}

int main(void)
{
    enum { CASES = sizeof instant_cases / sizeof instant_cases[0] };
    struct CMUnitTest tests[CASES + 3] = {
        [CASES] = cmocka_unit_test(counts_from_1970),
        [CASES + 1] = cmocka_unit_test(every_day_of_two_eras_comes_back),
        [CASES + 2] = cmocka_unit_test(a_time_beyond_four_digits_is_a_bug),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = instant_cases[i].text,
                                       .test_func = reads_what_rfc_3339_allows,
                                       .initial_state = (void *)&instant_cases[i]};
    }
    return cmocka_run_group_tests_name("instant", tests, NULL, NULL);
}
