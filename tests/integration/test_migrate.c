/* SPDX-License-Identifier: Apache-2.0
 *
 * Migrations on a real database: each once, in order, all or nothing, whoever else is at it. */
#include "worker/postgres/migrate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "tests/support/database.h"
#include "tests/support/test.h"

#define LOG_MAX 512u

static const struct migration three[] = {
    {1, "first", "CREATE TABLE one (n int);", "a1", "0.1.0"},
    {2, "second", "CREATE TABLE two (n int);\nCREATE VIEW view_of_one AS SELECT * FROM one;", "a2",
     "0.1.0"},
    {3, "third", "INSERT INTO one VALUES (3);", "a3", "0.9.0"},
};

static const struct migration_list known = {three, 3, "0.9.1"};

/* What was reported: "1 applied, 2 applied, ". */
struct report_log {
    char memory[LOG_MAX];
    struct text text;
};

static void write_down(void *self, unsigned number, const char *name, enum migration_state state)
{
    struct report_log *log = self;
    (void)name;
    text_format(&log->text, "%u %s, ", number, migration_state_name(state));
}

static struct migrate_report report_to(struct report_log *log)
{
    text_init(&log->text, log->memory, sizeof log->memory);
    return (struct migrate_report){write_down, log};
}

static void assert_applies(struct database *database, const struct migration_list *list,
                           const char *expected)
{
    struct report_log log;
    struct error error = {0};
    const struct migrate_report report = report_to(&log);
    if (!migrate_apply(&database->postgres, database->namespace, list, &report, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
    assert_string_equal(log.memory, expected);
}

static void assert_checks(struct database *database, const struct migration_list *list,
                          const char *expected)
{
    struct report_log log;
    struct error error = {0};
    const struct migrate_report report = report_to(&log);
    if (!migrate_check(&database->postgres, database->namespace, list, &report, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
    assert_string_equal(log.memory, expected);
}

static void assert_error(const struct error *error, enum error_kind kind, const char *text,
                         const char *remedy)
{
    if (strstr(error->text, text) == NULL || strstr(error->remedy, remedy) == NULL) {
        fail_msg("%s -> %s", error->text, error->remedy);
    }
    assert_int_equal(error->kind, kind);
}

static void assert_apply_fails(struct database *database, struct postgres *postgres,
                               const struct migration_list *list, struct error *error)
{
    struct report_log log;
    const struct migrate_report report = report_to(&log);
    assert_false(migrate_apply(postgres, database->namespace, list, &report, error));
    assert_true(postgres->connection == NULL ||
                PQtransactionStatus(postgres->connection) == PQTRANS_IDLE);
}

static void assert_verify_fails(struct database *database, const struct migration_list *list,
                                const char *text, const char *remedy)
{
    struct error error = {0};
    assert_false(migrate_verify(&database->postgres, database->namespace, list, &error));
    assert_error(&error, ERROR_CONFIG, text, remedy);
}

static void assert_verifies(struct database *database, const struct migration_list *list)
{
    struct error error = {0};
    if (!migrate_verify(&database->postgres, database->namespace, list, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
}

static void applies_each_once_in_order(void **state)
{
    struct database *database = *state;
    assert_checks(database, &known, "1 pending, 2 pending, 3 pending, ");
    assert_applies(database, &known, "1 applied, 2 applied, 3 applied, ");
    assert_applies(database, &known, "");
    assert_checks(database, &known, "1 applied, 2 applied, 3 applied, ");
    assert_verifies(database, &known);
    assert_string_equal(database_ask(database, &database->postgres,
                                     "SELECT string_agg(concat_ws(' ', number, name, checksum,"
                                     " oldest_program, applied_by = session_user), ',' ORDER BY"
                                     " number) FROM \"%s\".migration WHERE applied_at <= now()"),
                        "1 first a1 0.1.0 t,2 second a2 0.1.0 t,3 third a3 0.9.0 t");
}

static void checking_changes_nothing(void **state)
{
    struct database *database = *state;
    assert_checks(database, &known, "1 pending, 2 pending, 3 pending, ");
    assert_string_equal(
        database_ask(database, &database->postgres, "SELECT to_regnamespace('%s') IS NULL"), "t");
}

static void applies_what_is_in_the_program(void **state)
{
    struct database *database = *state;
    struct report_log log;
    struct error error = {0};
    const struct migrate_report report = report_to(&log);
    if (!migrate_apply(&database->postgres, database->namespace, &migrations, &report, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
    assert_verifies(database, &migrations);
}

static void goes_on_from_where_it_was(void **state)
{
    struct database *database = *state;
    const struct migration_list old = {three, 1, "0.9.1"};
    assert_applies(database, &old, "1 applied, ");
    assert_checks(database, &known, "1 applied, 2 pending, 3 pending, ");
    assert_verify_fails(database, &known, "migration 0002 (second) is pending", "Run: till setup");
    assert_applies(database, &known, "2 applied, 3 applied, ");
}

static void says_that_nothing_is_set_up(void **state)
{
    struct database *database = *state;
    assert_verify_fails(database, &known, "does not exist", "Run: till setup");
    database_run(database, &database->postgres, "CREATE SCHEMA \"%s\"");
    assert_verify_fails(database, &known, "has not been set up", "Run: till setup");
    assert_applies(database, &known, "1 applied, 2 applied, 3 applied, ");
}

static void refuses_a_changed_migration(void **state)
{
    struct database *database = *state;
    struct migration edited[] = {three[0], three[1], three[2]};
    const struct migration_list list = {edited, 3, "0.9.1"};
    const struct migration_list two = {three, 2, "0.9.1"};
    struct error error = {0};
    assert_applies(database, &two, "1 applied, 2 applied, ");
    edited[1].checksum = "b2";

    assert_checks(database, &list, "1 applied, 2 changed, 3 pending, ");
    assert_apply_fails(database, &database->postgres, &list, &error);
    assert_error(&error, ERROR_CONFIG, "migration 0002 (second) was applied with another content",
                 "put the change into a new file");
    assert_verify_fails(database, &list, "migration 0002 (second)", "new file");
    assert_checks(database, &known, "1 applied, 2 applied, 3 pending, ");
}

static void refuses_a_record_with_a_gap(void **state)
{
    struct database *database = *state;
    struct error error = {0};
    assert_applies(database, &known, "1 applied, 2 applied, 3 applied, ");
    database_run(database, &database->postgres, "DELETE FROM \"%s\".migration WHERE number = 2");
    assert_apply_fails(database, &database->postgres, &known, &error);
    assert_error(&error, ERROR_CONFIG, "migration 0002 (second) is missing", "backup");
}

static void an_older_program_works_if_it_may(void **state)
{
    struct database *database = *state;
    const struct migration_list new_enough = {three, 2, "0.9.0"};
    const struct migration_list much_newer = {three, 2, "0.10.0"};
    const struct migration_list too_old = {three, 2, "0.8.9"};
    struct error error = {0};
    assert_applies(database, &known, "1 applied, 2 applied, 3 applied, ");

    assert_verifies(database, &new_enough);
    assert_verifies(database, &much_newer);
    assert_applies(database, &new_enough, "");
    assert_checks(database, &new_enough, "1 applied, 2 applied, 3 unknown, ");
    assert_verify_fails(database, &too_old, "it works with 0.9.0, this is 0.8.9",
                        "Update till to 0.9.0 or newer.");
    assert_apply_fails(database, &database->postgres, &too_old, &error);
    assert_error(&error, ERROR_CONFIG, "is newer than this program", "Update till");
}

static void the_greatest_demand_counts(void **state)
{
    struct database *database = *state;
    const struct migration_list one = {three, 1, "0.9.0"};
    assert_applies(database, &known, "1 applied, 2 applied, 3 applied, ");
    assert_verifies(database, &one);
    database_run(database, &database->postgres,
                 "UPDATE \"%s\".migration SET oldest_program = '0.10.0' WHERE number = 2");
    assert_verify_fails(database, &one, "it works with 0.10.0, this is 0.9.0", "0.10.0");
    database_run(database, &database->postgres,
                 "UPDATE \"%s\".migration SET oldest_program = 'soon' WHERE number = 2");
    assert_verify_fails(database, &one, "\"soon\" is no version", "");
}

static void half_a_migration_leaves_nothing(void **state)
{
    struct database *database = *state;
    struct migration broken[] = {three[0], three[1], three[2]};
    const struct migration_list list = {broken, 3, "0.9.1"};
    struct error error = {0};
    broken[1].sql = "CREATE TABLE two (n int);\n-- 日本🎁\nINSERT INTO one VALUES (1);\n"
                    "INSERT INTO one VALUES (wrong);\n";

    assert_apply_fails(database, &database->postgres, &list, &error);
    assert_error(&error, ERROR_FATAL,
                 "migration 0002 (second), line 4: ", "Nothing of this migration remains");
    assert_checks(database, &known, "1 applied, 2 pending, 3 pending, ");
    assert_string_equal(database_ask(database, &database->postgres,
                                     "SELECT to_regclass('\"%s\".two') IS NULL AND"
                                     " NOT EXISTS (SELECT FROM \"%s\".one)"),
                        "t");
    assert_applies(database, &known, "2 applied, 3 applied, ");
}

static void names_the_statement_when_no_line_is_known(void **state)
{
    struct database *database = *state;
    const struct migration broken = {1, "clash",
                                     "CREATE TABLE a (n int); CREATE TABLE b (n int);"
                                     " CREATE TABLE a (n int);",
                                     "c1", "0.1.0"};
    const struct migration_list list = {&broken, 1, "0.9.1"};
    struct error error = {0};
    assert_apply_fails(database, &database->postgres, &list, &error);
    assert_error(&error, ERROR_FATAL, "migration 0001 (clash), statement 3: ", "");
}

static void a_failed_first_one_leaves_no_schema(void **state)
{
    struct database *database = *state;
    const struct migration broken = {1, "broken", "SELECT 1/0;", "c1", "0.1.0"};
    const struct migration_list list = {&broken, 1, "0.9.1"};
    struct error error = {0};
    assert_apply_fails(database, &database->postgres, &list, &error);
    assert_string_equal(
        database_ask(database, &database->postgres, "SELECT to_regnamespace('%s') IS NULL"), "t");
}

static void a_migration_may_not_end_its_transaction(void **state)
{
    struct database *database = *state;
    const struct migration ends = {1, "ends", "CREATE TABLE a (n int); COMMIT;", "c1", "0.1.0"};
    const struct migration_list list = {&ends, 1, "0.9.1"};
    struct error error = {0};
    assert_apply_fails(database, &database->postgres, &list, &error);
    assert_error(&error, ERROR_FATAL, "ends its transaction itself", "");
}

static void leaves_a_strangers_schema_alone(void **state)
{
    struct database *database = *state;
    struct error error = {0};
    database_run(database, &database->postgres,
                 "CREATE SCHEMA \"%s\"; CREATE TABLE \"%s\".theirs (n int)");
    assert_apply_fails(database, &database->postgres, &known, &error);
    assert_error(&error, ERROR_CONFIG, "exists, and is not Till's", "TILL_NAMESPACE");
    database_run(database, &database->postgres, "CREATE TABLE \"%s\".migration (version int)");
    assert_apply_fails(database, &database->postgres, &known, &error);
    assert_error(&error, ERROR_CONFIG, "column", "TILL_NAMESPACE");
}

/* A role that may connect, and nothing else. */
static void open_as_guest(struct database *database, struct postgres *postgres)
{
    char user[64];
    const struct database_override overrides[] = {
        {"user", user}, {"password", "guest"}, {NULL, NULL}};
    (void)snprintf(user, sizeof user, "%s_guest", database->namespace);
    database_run(
        database, &database->postgres,
        "CREATE ROLE \"%s_guest\" LOGIN PASSWORD 'guest'; GRANT \"%s_guest\" TO CURRENT_USER");
    database_open(database, postgres, overrides);
}

static void says_which_grant_is_missing(void **state)
{
    struct database *database = *state;
    struct postgres postgres;
    struct error error = {0};
    char grant[256];
    open_as_guest(database, &postgres);

    (void)snprintf(grant, sizeof grant, "GRANT CREATE ON DATABASE \"%s\" TO \"%s_guest\";",
                   PQdb(postgres.connection), database->namespace);
    assert_apply_fails(database, &postgres, &known, &error);
    assert_error(&error, ERROR_CONFIG, "permission denied", grant);

    database_run(database, &database->postgres, "CREATE SCHEMA \"%s\"");
    (void)snprintf(grant, sizeof grant, "ALTER SCHEMA \"%s\" OWNER TO \"%s_guest\";",
                   database->namespace, database->namespace);
    assert_apply_fails(database, &postgres, &known, &error);
    assert_error(&error, ERROR_CONFIG, "permission denied", grant);
    postgres_close(&postgres);
}

static void takes_a_schema_that_was_prepared(void **state)
{
    struct database *database = *state;
    struct postgres postgres;
    struct report_log log;
    struct error error = {0};
    const struct migrate_report report = report_to(&log);
    open_as_guest(database, &postgres);
    database_run(database, &database->postgres, "CREATE SCHEMA \"%s\" AUTHORIZATION \"%s_guest\"");
    if (!migrate_apply(&postgres, database->namespace, &known, &report, &error)) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
    postgres_close(&postgres);
}

/* The real code, from a server that raises it itself. */
static void a_full_disk_is_named(void **state)
{
    struct database *database = *state;
    struct postgres admin;
    struct postgres postgres;
    struct error error = {0};
    const struct database_override overrides[] = {{"dbname", database->namespace}, {NULL, NULL}};
    database_run(database, &database->postgres, "CREATE DATABASE \"%s\"");
    database_open_admin(database, &admin, database->namespace);
    database_run(database, &admin,
                 "CREATE FUNCTION public.full_disk() RETURNS event_trigger LANGUAGE plpgsql AS"
                 " $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'"
                 " USING ERRCODE = 'disk_full'; END $$;"
                 "CREATE EVENT TRIGGER full_disk ON ddl_command_start WHEN TAG IN ('CREATE VIEW')"
                 " EXECUTE FUNCTION public.full_disk()");
    database_open(database, &postgres, overrides);

    assert_apply_fails(database, &postgres, &known, &error);
    assert_error(&error, ERROR_RETRY, "migration 0002 (second), statement 2: ", "Free space");
    assert_true(postgres_failed_with(&postgres, "53100"));
    database_run(database, &admin, "DROP EVENT TRIGGER full_disk");
    struct report_log log;
    const struct migrate_report report = report_to(&log);
    assert_true(migrate_apply(&postgres, database->namespace, &known, &report, &error));
    assert_string_equal(log.memory, "2 applied, 3 applied, ");

    postgres_close(&postgres);
    postgres_close(&admin);
}

struct setup {
    pthread_t thread;
    const struct database *database;
    struct postgres postgres;
    struct report_log log;
    struct error error;
    bool good;
};

static void *set_up(void *self)
{
    struct setup *setup = self;
    const struct migrate_report report = report_to(&setup->log);
    setup->good =
        migrate_apply(&setup->postgres, setup->database->namespace, &known, &report, &setup->error);
    return NULL;
}

/* Both are held at the lock, so that they do overlap. */
static void two_at_once_both_succeed(void **state)
{
    struct database *database = *state;
    struct setup setups[2] = {{.database = database}, {.database = database}};
    struct postgres holder;
    struct error error = {0};
    const struct database_override none[] = {{NULL, NULL}};
    const struct database_override named[] = {{"application_name", database->namespace},
                                              {NULL, NULL}};
    database_open(database, &holder, none);
    database_run(database, &holder, "SET idle_in_transaction_session_timeout = 0; BEGIN");
    assert_true(migrate_lock(&holder, database->namespace, &error));
    for (size_t i = 0; i < 2; i++) {
        database_open(database, &setups[i].postgres, named);
        assert_int_equal(pthread_create(&setups[i].thread, NULL, set_up, &setups[i]), 0);
    }
    database_await_blocked(database, database->namespace, 2);
    postgres_close(&holder);

    size_t reported = 0;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(setups[i].thread, NULL), 0);
        if (!setups[i].good) {
            fail_msg("%s -> %s", setups[i].error.text, setups[i].error.remedy);
        }
        for (const char *c = setups[i].log.memory; *c != '\0'; c++) {
            reported += *c == ',';
        }
        postgres_close(&setups[i].postgres);
    }
    assert_int_equal(reported, 3);
    assert_string_equal(
        database_ask(database, &database->postgres, "SELECT count(*) FROM \"%s\".one"), "1");
    assert_checks(database, &known, "1 applied, 2 applied, 3 applied, ");
}

static char *print(const struct database *database, const struct migration_list *list)
{
    char *script = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&script, &size);
    assert_non_null(stream);
    migrate_print(database->namespace, list, stream);
    assert_int_equal(fclose(stream), 0);
    return script;
}

static void what_it_prints_does_the_same(void **state)
{
    struct database *database = *state;
    struct error error = {0};
    char *script = print(database, &known);
    if (!postgres_run(&database->postgres, script, &error)) {
        fail_msg("%s", error.text);
    }
    assert_checks(database, &known, "1 applied, 2 applied, 3 applied, ");
    assert_applies(database, &known, "");
    free(script);

    struct migration_list again = {three + 2, 1, "0.9.1"}; /* the INSERT that doubles a row */
    script = print(database, &again);
    assert_false(postgres_run(&database->postgres, script, &error));
    postgres_rollback(&database->postgres);
    assert_string_equal(
        database_ask(database, &database->postgres, "SELECT count(*) FROM \"%s\".one"), "1");
    free(script);
}

static void prints_what_is_in_the_program(void **state)
{
    struct database *database = *state;
    struct error error = {0};
    char *script = print(database, &migrations);
    if (!postgres_run(&database->postgres, script, &error)) {
        fail_msg("%s", error.text);
    }
    assert_verifies(database, &migrations);
    free(script);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, database_setup, database_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(applies_each_once_in_order),
        TEST(checking_changes_nothing),
        TEST(applies_what_is_in_the_program),
        TEST(goes_on_from_where_it_was),
        TEST(says_that_nothing_is_set_up),
        TEST(refuses_a_changed_migration),
        TEST(refuses_a_record_with_a_gap),
        TEST(an_older_program_works_if_it_may),
        TEST(the_greatest_demand_counts),
        TEST(half_a_migration_leaves_nothing),
        TEST(names_the_statement_when_no_line_is_known),
        TEST(a_failed_first_one_leaves_no_schema),
        TEST(a_migration_may_not_end_its_transaction),
        TEST(leaves_a_strangers_schema_alone),
        TEST(says_which_grant_is_missing),
        TEST(takes_a_schema_that_was_prepared),
        TEST(a_full_disk_is_named),
        TEST(two_at_once_both_succeed),
        TEST(what_it_prints_does_the_same),
        TEST(prints_what_is_in_the_program),
    };
    return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
