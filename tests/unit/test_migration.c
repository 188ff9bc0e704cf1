/* SPDX-License-Identifier: Apache-2.0
 *
 * Versions compare by numbers, and the migrations in the program are in order. */
#include "worker/postgres/migration.h"

#include <string.h>

#include "tests/support/test.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct order_case {
    const char *name;
    const char *less;
    const char *greater; /* NULL: equal to less */
} order_cases[] = {
    {"0.1.0 = 0.1.0", "0.1.0", NULL},      {"0.9.0 < 0.10.0", "0.9.0", "0.10.0"},
    {"0.10.0 < 1.0.0", "0.10.0", "1.0.0"}, {"1.2.9 < 1.2.10", "1.2.9", "1.2.10"},
    {"1.9.9 < 2.0.0", "1.9.9", "2.0.0"},   {"9.0.0 < 10.0.0", "9.0.0", "10.0.0"},
};

static void orders(void **state)
{
    const struct order_case *test = *state;
    if (test->greater == NULL) {
        assert_int_equal(version_compare(test->less, test->less), 0);
    } else {
        assert_true(version_compare(test->less, test->greater) < 0);
        assert_true(version_compare(test->greater, test->less) > 0);
    }
}

static void a_suffix_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(version_compare("1.2.3-rc1", "1.2.3"), 0);
    assert_int_equal(version_compare("1.2.3+debian", "1.2.3-rc1"), 0);
}

static const struct valid_case {
    const char *version;
    bool valid;
} valid_cases[] = {
    {"0.1.0", true},
    {"1.2.3-rc1", true},
    {"10.20.30", true},
    {"", false},
    {"1", false},
    {"1.2", false},
    {"1.2.", false},
    {"1.2.3.4", false},
    {"1.2.x", false},
    {"v1.2.3", false},
    {" 1.2.3", false},
    {"-1.2.3", false},
    {"1.2.9999999999", false},
};

static void knows_a_version(void **state)
{
    const struct valid_case *test = *state;
    assert_int_equal(version_valid(test->version), test->valid);
}

static void comparing_needs_versions(void **state)
{
    (void)state;
    expect_assert_failure(version_compare("1.2", "1.2.3"));
    expect_assert_failure(version_compare("1.2.3", "new"));
}

static void each_state_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(migration_state_name(MIGRATION_APPLIED), "applied");
    assert_string_equal(migration_state_name(MIGRATION_PENDING), "pending");
    assert_string_equal(migration_state_name(MIGRATION_CHANGED), "changed");
    assert_string_equal(migration_state_name(MIGRATION_UNKNOWN), "unknown");
}

static void embedded_migrations_are_in_order(void **state)
{
    (void)state;
    assert_true(version_valid(migrations.program));
    assert_true(migrations.count > 0);
    for (size_t i = 0; i < migrations.count; i++) {
        const struct migration *migration = &migrations.items[i];
        assert_int_equal(migration->number, i + 1);
        assert_int_equal(strlen(migration->checksum), 64);
        assert_int_equal(strspn(migration->checksum, "0123456789abcdef"), 64);
        assert_true(version_compare(migration->oldest_program, migrations.program) <= 0);
        if (i > 0) {
            assert_true(version_compare(migrations.items[i - 1].oldest_program,
                                        migration->oldest_program) <= 0);
        }
    }
}

/* The build escaped it: the text must be what the file has, to its last line. */
static void embedded_migrations_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < migrations.count; i++) {
        const char *sql = migrations.items[i].sql;
        assert_non_null(strstr(sql, "\n-- works with: "));
        assert_int_equal(sql[strlen(sql) - 1], '\n');
    }
}

int main(void)
{
    enum { ORDERS = COUNT(order_cases), CASES = ORDERS + COUNT(valid_cases) };
    struct CMUnitTest tests[CASES + 5] = {
        [CASES] = cmocka_unit_test(a_suffix_does_not_count),
        [CASES + 1] = cmocka_unit_test(comparing_needs_versions),
        [CASES + 2] = cmocka_unit_test(each_state_has_a_name),
        [CASES + 3] = cmocka_unit_test(embedded_migrations_are_in_order),
        [CASES + 4] = cmocka_unit_test(embedded_migrations_are_whole),
    };
    for (size_t i = 0; i < ORDERS; i++) {
        tests[i] = (struct CMUnitTest){.name = order_cases[i].name,
                                       .test_func = orders,
                                       .initial_state = (void *)&order_cases[i]};
    }
    for (size_t i = ORDERS; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = valid_cases[i - ORDERS].version,
                                       .test_func = knows_a_version,
                                       .initial_state = (void *)&valid_cases[i - ORDERS]};
    }
    return cmocka_run_group_tests_name("migration", tests, NULL, NULL);
}
