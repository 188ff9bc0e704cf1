/* SPDX-License-Identifier: Apache-2.0
 *
 * Tearing down removes all of a namespace, and nothing that is somebody else's. */
#include "worker/postgres/teardown.h"

#include <string.h>

#include "tests/support/database.h"
#include "tests/support/test.h"
#include "worker/postgres/migrate.h"

static void ignore(void *self, unsigned number, const char *name, enum migration_state state)
{
    (void)self;
    (void)number;
    (void)name;
    (void)state;
}

static void set_up(struct database *database, struct postgres *postgres)
{
    const struct migrate_report report = {ignore, NULL};
    struct error error = {0};
    if (!migrate_apply(postgres, database->namespace, &migrations, &report, &error) ||
        !roles_apply(postgres, database->namespace, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
}

static struct teardown tear_down(struct database *database, struct postgres *postgres)
{
    struct teardown done;
    struct error error = {0};
    if (!teardown_apply(postgres, database->namespace, &done, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
    return done;
}

static void assert_refuses(struct database *database, const char *text, const char *remedy)
{
    struct teardown done;
    struct error error = {0};
    assert_false(teardown_apply(&database->postgres, database->namespace, &done, &error));
    assert_int_equal(error.kind, ERROR_REFUSED);
    if (strstr(error.text, text) == NULL || strstr(error.remedy, remedy) == NULL) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
    assert_int_equal(PQtransactionStatus(database->postgres.connection), PQTRANS_IDLE);
}

static const char *left(struct database *database)
{
    return database_ask(database, &database->postgres,
                        "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = '%s') || ' ' ||"
                        " (SELECT count(*) FROM pg_roles WHERE rolname IN"
                        " ('%s_worker', '%s_page', '%s_reader'))");
}

static void removes_schema_and_roles(void **state)
{
    struct database *database = *state;
    set_up(database, &database->postgres);
    assert_string_equal(left(database), "1 3");
    const struct teardown done = tear_down(database, &database->postgres);
    assert_true(done.schema);
    for (size_t i = 0; i < ROLES_COUNT; i++) {
        assert_int_equal(done.roles[i], TEARDOWN_ROLE_DROPPED);
    }
    assert_string_equal(left(database), "0 0");
}

static void may_run_again(void **state)
{
    struct database *database = *state;
    set_up(database, &database->postgres);
    (void)tear_down(database, &database->postgres);
    const struct teardown done = tear_down(database, &database->postgres);
    assert_false(done.schema);
    assert_int_equal(done.roles[0], TEARDOWN_ROLE_ABSENT);
    set_up(database, &database->postgres);
    assert_string_equal(left(database), "1 3");
}

static void keeps_roles_that_another_database_uses(void **state)
{
    struct database *database = *state;
    struct postgres other;
    const struct database_override overrides[] = {{"dbname", database->namespace}, {NULL, NULL}};
    database_run(database, &database->postgres, "CREATE DATABASE \"%s\"");
    database_open(database, &other, overrides);
    set_up(database, &database->postgres);
    set_up(database, &other);

    const struct teardown first = tear_down(database, &database->postgres);
    assert_true(first.schema);
    for (size_t i = 0; i < ROLES_COUNT; i++) {
        assert_int_equal(first.roles[i], TEARDOWN_ROLE_IN_USE);
    }
    assert_string_equal(left(database), "0 3");
    const struct teardown second = tear_down(database, &other);
    assert_int_equal(second.roles[0], TEARDOWN_ROLE_DROPPED);
    assert_string_equal(left(database), "0 0");

    postgres_close(&other);
}

static void leaves_a_strangers_schema_alone(void **state)
{
    struct database *database = *state;
    database_run(database, &database->postgres,
                 "CREATE SCHEMA \"%s\"; CREATE TABLE theirs (n int)");
    assert_refuses(database, "is not Till's", "TILL_NAMESPACE");
    database_run(database, &database->postgres, "CREATE TABLE migration (number int)");
    assert_refuses(database, "is not Till's", "TILL_NAMESPACE");
    assert_string_equal(left(database), "1 0");
}

static void leaves_what_others_built_on_it(void **state)
{
    struct database *database = *state;
    set_up(database, &database->postgres);
    database_run(database, &database->postgres,
                 "CREATE SCHEMA \"%s_report\";"
                 "CREATE VIEW \"%s_report\".units AS SELECT * FROM availability");
    assert_refuses(database, "_report.units", "Drop those first.");
    database_run(database, &database->postgres,
                 "DROP VIEW \"%s_report\".units;"
                 "CREATE TABLE \"%s_report\".notes (number int REFERENCES migration)");
    assert_refuses(database, "_report.notes", "Drop those first.");
    assert_string_equal(left(database), "1 3");
    database_run(database, &database->postgres, "DROP SCHEMA \"%s_report\" CASCADE");
    assert_true(tear_down(database, &database->postgres).schema);
}

static void says_that_a_worker_is_in_the_way(void **state)
{
    struct database *database = *state;
    struct postgres worker;
    struct teardown done;
    struct error error = {0};
    const struct database_override none[] = {{NULL, NULL}};
    set_up(database, &database->postgres);
    database_open(database, &worker, none);
    database_run(database, &worker, "BEGIN; SELECT FROM availability");
    database_run(database, &database->postgres, "SET lock_timeout = '50ms'");
    assert_false(teardown_apply(&database->postgres, database->namespace, &done, &error));
    assert_int_equal(error.kind, ERROR_REFUSED); /* the server is there */
    assert_non_null(strstr(error.remedy, "Stop the workers"));
    postgres_close(&worker);
    assert_string_equal(left(database), "1 3");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, database_setup, database_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(removes_schema_and_roles),
        TEST(may_run_again),
        TEST(keeps_roles_that_another_database_uses),
        TEST(leaves_a_strangers_schema_alone),
        TEST(leaves_what_others_built_on_it),
        TEST(says_that_a_worker_is_in_the_way),
    };
    return cmocka_run_group_tests_name("teardown", tests, NULL, NULL);
}
