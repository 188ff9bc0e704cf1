/* SPDX-License-Identifier: Apache-2.0
 *
 * Each duty can do what is its own, and nothing else. */
#include "worker/postgres/roles.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/database.h"
#include "tests/support/test.h"
#include "worker/postgres/migrate.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* The contract's views over two tables, so that these tests do not depend on the schema. */
static const struct migration items[] = {
    {1, "views",
     "CREATE TABLE stock (id bigint GENERATED ALWAYS AS IDENTITY, n int, m serial);"
     "CREATE TABLE past (n int);"
     "INSERT INTO stock (n) VALUES (1);"
     "CREATE VIEW availability AS SELECT n FROM stock;"
     "CREATE VIEW decision AS SELECT n FROM past;"
     "CREATE VIEW movement AS SELECT n FROM past;"
     "CREATE VIEW hold AS SELECT n FROM past;"
     "CREATE VIEW store AS SELECT n FROM stock;",
     "r1", "0.1.0"},
    {2, "more", "CREATE TABLE later (n int);", "r2", "0.1.0"},
};

static void ignore(void *self, unsigned number, const char *name, enum migration_state state)
{
    (void)self;
    (void)number;
    (void)name;
    (void)state;
}

static void migrate(struct database *database, struct postgres *postgres, size_t count)
{
    const struct migration_list list = {items, count, "0.1.0"};
    const struct migrate_report report = {ignore, NULL};
    struct error error = {0};
    if (!migrate_apply(postgres, database->namespace, &list, &report, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
}

static void apply(struct database *database, struct postgres *postgres)
{
    struct error error = {0};
    if (!roles_apply(postgres, database->namespace, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
}

/* Runs a statement as one of the roles, in a transaction that is undone. */
static bool may(struct database *database, size_t role, const char *statement)
{
    char name[ROLES_NAME_MAX];
    char script[256];
    struct error error = {0};
    roles_name(database->namespace, role, name);
    (void)snprintf(script, sizeof script, "GRANT \"%s\" TO CURRENT_USER; BEGIN; SET ROLE \"%s\"",
                   name, name);
    database_run(database, &database->postgres, script);
    const bool done = postgres_run(&database->postgres, statement, &error);
    const bool denied = postgres_failed_with(&database->postgres, "42501");
    postgres_rollback(&database->postgres);
    if (done == denied) { /* failed for another reason */
        fail_msg("%s: %s", statement, error.text);
    }
    return done;
}

enum { WORKER = 1, PAGE = 2, READER = 4 };

static const struct duty_case {
    const char *statement;
    unsigned allowed;
} duty_cases[] = {
    {"SELECT FROM availability", WORKER | PAGE | READER},
    {"SELECT FROM store", WORKER | PAGE | READER},
    {"SELECT FROM decision", WORKER | READER},
    {"SELECT FROM movement", WORKER | READER},
    {"SELECT FROM hold", WORKER | READER},
    {"SELECT FROM stock", WORKER},
    {"SELECT FROM past", WORKER},
    {"SELECT FROM migration", WORKER},
    {"INSERT INTO stock (n) VALUES (7)", WORKER},
    {"UPDATE stock SET n = 8", WORKER},
    {"SELECT FROM stock FOR NO KEY UPDATE", WORKER},
    {"DELETE FROM stock", WORKER},
    {"INSERT INTO availability VALUES (7)", WORKER},
    {"DELETE FROM decision", WORKER},
    {"INSERT INTO migration (number, name, checksum, oldest_program) VALUES (9, 'a', 'b', 'c')", 0},
    {"UPDATE migration SET checksum = ''", 0},
    {"DELETE FROM migration", 0},
    {"TRUNCATE stock", 0},
    {"CREATE TABLE mine (n int)", 0},
    {"CREATE VIEW mine AS SELECT 1 AS n", 0},
    {"CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", 0},
    {"CREATE INDEX ON stock (n)", 0},
    {"ALTER TABLE stock ADD COLUMN mine int", 0},
    {"ALTER TABLE stock DISABLE TRIGGER ALL", 0},
    {"DROP TABLE past", 0},
    {"DROP VIEW hold", 0},
    {"CREATE SCHEMA mine", 0},
    {"CREATE ROLE mine", 0},
};

static void assert_duty(struct database *database, const struct duty_case *test, size_t role)
{
    const bool allowed = (test->allowed & (1u << role)) != 0;
    if (may(database, role, test->statement) != allowed) {
        fail_msg("role %zu: %s", role, test->statement);
    }
}

static void each_duty_does_what_is_its_own(void **state)
{
    struct database *database = *state;
    migrate(database, &database->postgres, 1);
    apply(database, &database->postgres);
    for (size_t i = 0; i < COUNT(duty_cases) * ROLES_COUNT; i++) {
        assert_duty(database, &duty_cases[i / ROLES_COUNT], i % ROLES_COUNT);
    }
}

static void nobody_can_log_in_as_a_role(void **state)
{
    struct database *database = *state;
    migrate(database, &database->postgres, 1);
    apply(database, &database->postgres);
    assert_string_equal(database_ask(database, &database->postgres,
                                     "SELECT count(*) FROM pg_roles WHERE rolname IN"
                                     " ('%s_worker', '%s_page', '%s_reader') AND NOT rolcanlogin"
                                     " AND NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb"),
                        "3");
}

static void a_later_run_grants_what_is_new(void **state)
{
    struct database *database = *state;
    migrate(database, &database->postgres, 1);
    apply(database, &database->postgres);
    migrate(database, &database->postgres, 2);
    assert_false(may(database, 0, "SELECT FROM later"));
    apply(database, &database->postgres);
    assert_true(may(database, 0, "SELECT FROM later"));
    assert_false(may(database, 2, "SELECT FROM later"));
}

static void a_later_run_takes_back_what_is_too_much(void **state)
{
    struct database *database = *state;
    migrate(database, &database->postgres, 1);
    apply(database, &database->postgres);
    database_run(database, &database->postgres, "GRANT SELECT ON stock TO \"%s_page\"");
    assert_true(may(database, 1, "SELECT FROM stock"));
    apply(database, &database->postgres);
    assert_false(may(database, 1, "SELECT FROM stock"));
}

static void fits_the_schema_of_the_program(void **state)
{
    struct database *database = *state;
    const struct migrate_report report = {ignore, NULL};
    struct error error = {0};
    assert_true(
        migrate_apply(&database->postgres, database->namespace, &migrations, &report, &error));
    apply(database, &database->postgres);
    assert_true(may(database, 1, "SELECT FROM availability"));
    assert_false(may(database, 1, "SELECT FROM decision"));
    assert_true(may(database, 2, "SELECT FROM decision"));
}

static void says_which_right_is_missing(void **state)
{
    struct database *database = *state;
    struct postgres guest;
    char user[64];
    char remedy[128];
    struct error error = {0};
    const struct database_override overrides[] = {
        {"user", user}, {"password", "guest"}, {NULL, NULL}};
    (void)snprintf(user, sizeof user, "%s_guest", database->namespace);
    database_run(database, &database->postgres,
                 "CREATE ROLE \"%s_guest\" LOGIN PASSWORD 'guest';"
                 "GRANT \"%s_guest\" TO CURRENT_USER;"
                 "CREATE SCHEMA \"%s\" AUTHORIZATION \"%s_guest\"");
    database_open(database, &guest, overrides);
    migrate(database, &guest, 1);

    assert_false(roles_apply(&guest, database->namespace, &error));
    assert_int_equal(error.kind, ERROR_CONFIG);
    (void)snprintf(remedy, sizeof remedy, "ALTER ROLE \"%s\" CREATEROLE;", user);
    assert_non_null(strstr(error.remedy, remedy));
    assert_int_equal(PQtransactionStatus(guest.connection), PQTRANS_IDLE);

    /* With the roles already there, the owner of the schema needs no such right. */
    database_run(database, &database->postgres,
                 "CREATE ROLE \"%s_worker\"; CREATE ROLE \"%s_page\"; CREATE ROLE \"%s_reader\"");
    apply(database, &guest);
    postgres_close(&guest);
}

struct run {
    struct database *database;
    struct postgres postgres;
    struct error error;
    bool good;
};

static void *run_roles(void *self)
{
    struct run *run = self;
    run->good = roles_apply(&run->postgres, run->database->namespace, &run->error);
    return NULL;
}

/* The other setup is that of another database: no lock keeps the two apart. */
static void another_may_create_the_same_role_at_once(void **state)
{
    struct database *database = *state;
    struct run run = {.database = database};
    struct postgres other;
    pthread_t thread;
    const struct database_override none[] = {{NULL, NULL}};
    const struct database_override named[] = {{"application_name", database->namespace},
                                              {NULL, NULL}};
    migrate(database, &database->postgres, 1);
    database_open(database, &other, none);
    database_open(database, &run.postgres, named);
    database_run(database, &other,
                 "SET idle_in_transaction_session_timeout = 0; BEGIN;"
                 "CREATE ROLE \"%s_worker\" NOLOGIN");
    assert_int_equal(pthread_create(&thread, NULL, run_roles, &run), 0);
    database_await_blocked(database, database->namespace, 1);
    database_run(database, &other, "COMMIT");
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (!run.good) {
        fail_msg("%s -> %s", run.error.text, run.error.remedy);
    }
    assert_true(may(database, 0, "SELECT FROM stock"));
    postgres_close(&run.postgres);
    postgres_close(&other);
}

static void what_it_prints_does_the_same(void **state)
{
    struct database *database = *state;
    char *script = NULL;
    size_t size = 0;
    struct error error = {0};
    FILE *stream = open_memstream(&script, &size);
    assert_non_null(stream);
    migrate(database, &database->postgres, 1);
    roles_print(database->namespace, stream);
    assert_int_equal(fclose(stream), 0);
    for (int time = 0; time < 2; time++) {
        if (!postgres_run(&database->postgres, script, &error)) {
            fail_msg("%s", error.text);
        }
    }
    assert_true(may(database, 1, "SELECT FROM availability"));
    assert_false(may(database, 1, "SELECT FROM decision"));
    free(script);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, database_setup, database_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_duty_does_what_is_its_own),
        TEST(nobody_can_log_in_as_a_role),
        TEST(a_later_run_grants_what_is_new),
        TEST(a_later_run_takes_back_what_is_too_much),
        TEST(fits_the_schema_of_the_program),
        TEST(says_which_right_is_missing),
        TEST(another_may_create_the_same_role_at_once),
        TEST(what_it_prints_does_the_same),
    };
    return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
