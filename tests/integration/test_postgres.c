/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection to a real PostgreSQL: what can be wrong about it, what the session is, and that
 * nothing waits without an end. */
#include "common/connect/postgres.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/database.h"
#include "tests/support/proxy.h"
#include "tests/support/test.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* An authority of nobody's servers. */
static const char other_authority[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBjjCCATWgAwIBAgIUe9DAdxfF/9HeeogCpLnx/xkXu4kwCgYIKoZIzj0EAwIw\n"
    "HDEaMBgGA1UEAwwRYW5vdGhlciBhdXRob3JpdHkwIBcNMjYxMTIxMTE0NjMzWhgP\n"
    "MjEyNjEwMjgxMTQ2MzNaMBwxGjAYBgNVBAMMEWFub3RoZXIgYXV0aG9yaXR5MFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEFa6uX1Rz455mI49acIO0/0B2wogqf/X\n"
    "/N0US2WLD37n0f0+4ni3u1ou9TYoo9v4EmTR6TdX9P39q+qSnflZIqNTMFEwHQYD\n"
    "VR0OBBYEFKtfEnwLmOhXeNL/RgyXXU2B+x2kMB8GA1UdIwQYMBaAFKtfEnwLmOhX\n"
    "eNL/RgyXXU2B+x2kMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIg\n"
    "DBlTbapEc1/dx58cMWC5iNdnTDLvErho0oKaIAj8FU4CIB8XzgfAZNtjllWN/7EU\n"
    "rf+JDLaI0HSpymGxnXhLbfcN\n"
    "-----END CERTIFICATE-----\n";

/* What a failed connection must say; the text is a part of the error's. */
struct refusal {
    enum error_kind kind;
    const char *text;
    const char *remedy;
};

static void assert_refused(const struct database *database,
                           const struct database_override *overrides, const struct refusal *refusal)
{
    char url[DATABASE_URL_MAX];
    struct postgres postgres;
    struct error error = {0};
    const struct config config = database_config(database, url, overrides);

    assert_false(postgres_open(&postgres, &config, POSTGRES_COMMAND, "test", &error));
    assert_null(postgres.connection);
    if (strstr(error.text, refusal->text) == NULL ||
        strstr(error.remedy, refusal->remedy) == NULL) {
        fail_msg("%s -> %s", error.text, error.remedy);
    }
    assert_int_equal(error.kind, refusal->kind);
    const char *password = database_setting(database, "password");
    assert_true(password == NULL || strstr(error.text, password) == NULL);
}

static const struct refused_case {
    const char *name;
    struct database_override overrides[4];
    struct refusal refusal;
} refused_cases[] = {
    {"wrong password",
     {{"password", "wrong"}},
     {ERROR_CONFIG, "password authentication failed", "PGPASSFILE"}},
    {"no such user",
     {{"user", "nobody_here"}},
     {ERROR_CONFIG, "password authentication failed for user \"nobody_here\"", "PGPASSFILE"}},
    {"no such database",
     {{"dbname", "no_shop"}},
     {ERROR_CONFIG, "/no_shop: database \"no_shop\" does not exist",
      "Create it: createdb no_shop"}},
    {"unresolvable host",
     {{"host", "nowhere.invalid"}},
     {ERROR_RETRY, "could not translate host name \"nowhere.invalid\"", "spelling"}},
    {"no socket",
     {{"host", "/nonexistent"}},
     {ERROR_RETRY, "No such file or directory", "Start the server"}},
    {"wrong sslmode", {{"sslmode", "perhaps"}}, {ERROR_CONFIG, "sslmode", "Correct that setting"}},
    {"no authority's file",
     {{"sslmode", "verify-full"}, {"sslrootcert", "/nonexistent/ca.crt"}},
     {ERROR_CONFIG, "root certificate file", "sslrootcert"}},
};

static void refuses(void **state)
{
    struct database *database = *state;
    for (size_t i = 0; i < COUNT(refused_cases); i++) {
        assert_refused(database, refused_cases[i].overrides, &refused_cases[i].refusal);
    }
}

static void says_that_no_server_is_there(void **state)
{
    uint16_t number = 0;
    char port[8];
    assert_int_equal(close(proxy_listen(&number)), 0); /* now nobody listens there */
    (void)snprintf(port, sizeof port, "%u", number);
    const struct database_override overrides[] = {{"port", port}, {NULL, NULL}};
    const struct refusal refusal = {ERROR_RETRY, "Connection refused", "Start the server"};
    assert_refused(*state, overrides, &refusal);
}

static void does_not_wait_for_a_frozen_server(void **state)
{
    uint16_t number = 0;
    char port[8];
    const int listener = proxy_listen(&number);
    (void)snprintf(port, sizeof port, "%u", number);
    const struct database_override overrides[] = {
        {"port", port}, {"connect_timeout", "1"}, {NULL, NULL}};
    const struct refusal refusal = {ERROR_RETRY, "no answer within 1.0 s", "frozen"};
    assert_refused(*state, overrides, &refusal);
    assert_int_equal(close(listener), 0);
}

static void tries_the_next_host(void **state)
{
    const struct database *database = *state;
    uint16_t number = 0;
    char hosts[256];
    char ports[64];
    const int frozen = proxy_listen(&number);
    (void)snprintf(hosts, sizeof hosts, "nowhere.invalid,127.0.0.1,%s",
                   database_setting(database, "host"));
    (void)snprintf(ports, sizeof ports, "1,%u,%s", number, database_setting(database, "port"));
    const struct database_override overrides[] = {
        {"host", hosts}, {"port", ports}, {"connect_timeout", "1"}, {NULL, NULL}};

    struct postgres postgres;
    database_open(database, &postgres, overrides);
    assert_string_equal(postgres_describe(&postgres), postgres_describe(&database->postgres));
    postgres_close(&postgres);
    assert_int_equal(close(frozen), 0);
}

static void names_every_host_that_failed(void **state)
{
    const struct database *database = *state;
    char hosts[256];
    char ports[64];
    (void)snprintf(hosts, sizeof hosts, "%s,nowhere.invalid", database_setting(database, "host"));
    (void)snprintf(ports, sizeof ports, "%s,1", database_setting(database, "port"));
    const struct database_override overrides[] = {
        {"host", hosts}, {"port", ports}, {"password", "wrong"}, {NULL, NULL}};
    const struct refusal first = {ERROR_RETRY, "password authentication failed", "spelling"};
    const struct refusal second = {ERROR_RETRY, "; database ", "spelling"};
    assert_refused(database, overrides, &first);
    assert_refused(database, overrides, &second);
}

static void refuses_a_server_that_is_too_old(void **state)
{
    const struct database *database = *state;
    struct proxy proxy;
    char before[32] = "server_version";
    char after[32] = "server_version";
    char port[8];
    const size_t at = sizeof "server_version"; /* the NUL belongs to it */
    const int version = PQserverVersion(database->postgres.connection) / 10000;
    const int digits = snprintf(before + at, sizeof before - at, "%d.", version);
    (void)snprintf(after + at, sizeof after - at, "13.");
    const struct proxy_rule rule = {PROXY_TO_CLIENT, before, after, at + (size_t)digits};

    proxy_open(&proxy, (uint16_t)strtoul(database_setting(database, "port"), NULL, 10), &rule);
    (void)snprintf(port, sizeof port, "%u", proxy.port);
    const struct database_override overrides[] = {
        {"host", "127.0.0.1"}, {"port", port}, {"sslmode", "disable"}, {NULL, NULL}};
    const struct refusal refusal = {ERROR_CONFIG, "the server has version 13.",
                                    "Use PostgreSQL 14 or newer."};
    assert_refused(database, overrides, &refusal);
    proxy_close(&proxy);
    assert_int_equal(proxy.replaced, 1);
}

/* Of a database of the test's own, made with these options and settings. */
static void assert_database_refused(struct database *database, const char *create,
                                    const struct refusal *refusal)
{
    const struct database_override overrides[] = {{"dbname", database->namespace}, {NULL, NULL}};
    for (const char *next = create; next != NULL; next = strchr(next, ';')) {
        next += *next == ';';
        char statement[256];
        (void)snprintf(statement, sizeof statement, "%.*s", (int)strcspn(next, ";"), next);
        database_run(database, &database->postgres, statement);
    }
    assert_refused(database, overrides, refusal);
}

static void refuses_a_database_of_another_encoding(void **state)
{
    const struct refusal refusal = {ERROR_CONFIG, "its encoding is SQL_ASCII, not UTF8",
                                    "--encoding UTF8"};
    assert_database_refused(*state,
                            "CREATE DATABASE \"%s\" TEMPLATE template0 ENCODING 'SQL_ASCII'"
                            " LOCALE 'C'",
                            &refusal);
}

static void waits_for_a_database_that_is_read_only(void **state)
{
    const struct refusal refusal = {ERROR_RETRY, "session is read-only", "primary"};
    assert_database_refused(*state,
                            "CREATE DATABASE \"%s\";"
                            "ALTER DATABASE \"%s\" SET default_transaction_read_only = on",
                            &refusal);
}

static void waits_when_connections_run_out(void **state)
{
    const struct refusal refusal = {ERROR_RETRY, "too many connections", "max_connections"};
    assert_database_refused(*state, "CREATE DATABASE \"%s\" CONNECTION LIMIT 0", &refusal);
}

static const char *authority(void)
{
    const char *path = getenv("TILL_STACK_CA");
    if (path == NULL) {
        fail_msg("TILL_STACK_CA is not set: eval \"$(scripts/stack env)\"");
    }
    return path;
}

static void verifies_the_server(void **state)
{
    struct postgres postgres;
    const struct database_override overrides[] = {
        {"sslmode", "verify-full"}, {"sslrootcert", authority()}, {NULL, NULL}};
    database_open(*state, &postgres, overrides);
    assert_int_equal(PQsslInUse(postgres.connection), 1);
    postgres_close(&postgres);
}

static void refuses_a_server_of_another_authority(void **state)
{
    char path[] = "/tmp/till-authority-XXXXXX";
    const int file = mkstemp(path);
    assert_int_not_equal(file, -1);
    assert_int_equal(write(file, other_authority, sizeof other_authority - 1),
                     sizeof other_authority - 1);
    assert_int_equal(close(file), 0);
    const struct database_override overrides[] = {
        {"sslmode", "verify-full"}, {"sslrootcert", path}, {NULL, NULL}};
    const struct refusal refusal = {ERROR_CONFIG, "certificate verify failed", "sslrootcert"};
    assert_refused(*state, overrides, &refusal);
    assert_int_equal(unlink(path), 0);
}

static void refuses_a_server_of_another_name(void **state)
{
    const struct database_override overrides[] = {{"host", "another.invalid"},
                                                  {"hostaddr", "127.0.0.1"},
                                                  {"sslmode", "verify-full"},
                                                  {"sslrootcert", authority()},
                                                  {NULL, NULL}};
    const struct refusal refusal = {ERROR_CONFIG, "does not match host name \"another.invalid\"",
                                    "sslrootcert"};
    assert_refused(*state, overrides, &refusal);
}

static const struct session_case {
    const char *setting;
    const char *value;
} session_cases[] = {
    {"synchronous_commit", "on"},
    {"idle_in_transaction_session_timeout", "5s"},
    {"lock_timeout", "5s"},
    {"statement_timeout", "10min"},
    {"client_connection_check_interval", "2s"},
    {"default_transaction_isolation", "read committed"},
    {"client_encoding", "UTF8"},
    {"application_name", "till test"},
    {"TimeZone", "UTC"},
};

/* Against the user's own wishes in the URL. */
static void sets_the_session_up(void **state)
{
    struct database *database = *state;
    struct postgres postgres;
    char query[128];
    char search_path[64];
    const struct database_override overrides[] = {
        {"options", "-c synchronous_commit=off -c lock_timeout=0 -c search_path=public"
                    " -c default_transaction_isolation=serializable -c work_mem=5MB"},
        {NULL, NULL}};
    database_open(database, &postgres, overrides);
    for (size_t i = 0; i < COUNT(session_cases); i++) {
        (void)snprintf(query, sizeof query, "SHOW %s", session_cases[i].setting);
        assert_string_equal(database_ask(database, &postgres, query), session_cases[i].value);
    }
    (void)snprintf(search_path, sizeof search_path, "\"%s\", pg_temp", database->namespace);
    assert_string_equal(database_ask(database, &postgres, "SHOW search_path"), search_path);
    assert_string_equal(database_ask(database, &postgres, "SHOW work_mem"), "5MB");
    postgres_close(&postgres);
}

static void gives_up_a_query_without_an_answer(void **state)
{
    struct database *database = *state;
    struct postgres *postgres = &database->postgres;
    struct error error = {0};

    postgres->deadline_ms = 200;
    assert_false(postgres_execute(postgres, "SELECT pg_sleep(60)", 0, NULL, &error));
    assert_int_equal(error.kind, ERROR_RETRY);
    assert_non_null(strstr(error.text, "no answer within 0.2 s"));
    assert_null(postgres->connection);

    assert_false(postgres_execute(postgres, "SELECT 1", 0, NULL, &error));
    assert_int_equal(error.kind, ERROR_RETRY);
    assert_non_null(strstr(error.text, "the connection is closed"));
}

static void notices_that_the_server_ended_it(void **state)
{
    struct database *database = *state;
    struct postgres *postgres = &database->postgres;
    struct error error = {0};
    assert_false(postgres_execute(postgres, "SELECT pg_terminate_backend(pg_backend_pid())", 0,
                                  NULL, &error));
    assert_int_equal(error.kind, ERROR_RETRY);
    assert_true(postgres_failed_with(postgres, "57P01"));
    assert_null(postgres->connection);
}

static void passes_parameters(void **state)
{
    struct database *database = *state;
    const char *const parameters[] = {"it's; \"日本🎁\"", NULL};
    struct error error = {0};
    PGresult *result = NULL;
    assert_true(postgres_query(&database->postgres, "SELECT $1::text, $2::text IS NULL", 2,
                               parameters, &result, &error));
    assert_string_equal(PQgetvalue(result, 0, 0), parameters[0]);
    assert_string_equal(PQgetvalue(result, 0, 1), "t");
    PQclear(result);
}

/* More than fits into the sockets' buffers, both ways. */
static void carries_much(void **state)
{
    enum { SIZE = 16 << 20 };
    struct database *database = *state;
    struct error error = {0};
    PGresult *result = NULL;
    char *much = malloc(SIZE + 1);
    assert_non_null(much);
    memset(much, 'x', SIZE);
    much[SIZE] = '\0';
    const char *const parameters[] = {much};
    assert_true(
        postgres_query(&database->postgres, "SELECT $1::text", 1, parameters, &result, &error));
    assert_int_equal(PQgetlength(result, 0, 0), SIZE);
    PQclear(result);
    free(much);
}

static void a_bad_text_is_an_error(void **state)
{
    struct database *database = *state;
    const char *const parameters[] = {"\xff"};
    struct error error = {0};
    assert_false(postgres_execute(&database->postgres, "SELECT $1::text", 1, parameters, &error));
    assert_int_equal(error.kind, ERROR_JOB);
    assert_true(postgres_failed_with(&database->postgres, "22021"));
    assert_string_equal(database_ask(database, &database->postgres, "SELECT 1"), "1");
}

static void names_the_statement_that_failed(void **state)
{
    struct database *database = *state;
    struct postgres *postgres = &database->postgres;
    struct error error = {0};
    assert_false(postgres_run(postgres, "SELECT 1; SELECT 2; SELECT 1/0; SELECT 4", &error));
    assert_int_equal(postgres->statement, 3);
    assert_int_equal(postgres->position, 0);
    assert_false(postgres_run(postgres, "SELECT 1; SELEC 2", &error));
    assert_int_equal(postgres->position, 11);
    assert_string_equal(database_ask(database, postgres, "SELECT 1"), "1");
}

static void does_not_copy(void **state)
{
    struct database *database = *state;
    struct error error = {0};
    assert_false(postgres_run(&database->postgres, "COPY (SELECT 1) TO STDOUT", &error));
    assert_int_equal(error.kind, ERROR_FATAL);
    assert_null(database->postgres.connection);
}

static void a_commit_that_rolls_back_has_failed(void **state)
{
    struct database *database = *state;
    struct postgres *postgres = &database->postgres;
    struct error error = {0};
    database_run(database, postgres, "BEGIN");
    assert_false(postgres_run(postgres, "SELECT 1/0", &error));
    assert_false(postgres_commit(postgres, &error));
    assert_int_equal(error.kind, ERROR_FATAL);
    assert_non_null(strstr(error.text, "the server rolled back"));
}

/* As that of a standby that was not waited for. */
static void a_commit_with_a_warning_is_doubtful(void **state)
{
    struct database *database = *state;
    struct postgres *postgres = &database->postgres;
    struct error error = {0};
    database_run(database, postgres,
                 "CREATE SCHEMA \"%s\"; CREATE TABLE t (n int);"
                 "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
                 " $$ BEGIN RAISE WARNING 'beware'; RETURN NULL; END $$;"
                 "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
                 " FOR EACH ROW EXECUTE FUNCTION f()");
    database_run(database, postgres, "BEGIN");
    database_run(database, postgres, "INSERT INTO t VALUES (1)");
    assert_int_equal(postgres->warnings, 0);
    assert_false(postgres_commit(postgres, &error));
    assert_int_equal(postgres->warnings, 1);
    assert_int_equal(error.kind, ERROR_RETRY);
}

static void quotes_any_name(void **state)
{
    struct database *database = *state;
    char quoted[POSTGRES_IDENTIFIER_MAX];
    char wide[256];
    struct error error = {0};
    assert_true(postgres_quote(&database->postgres, "a\"b", quoted, &error));
    assert_string_equal(quoted, "\"a\"\"b\"");
    memset(wide, '"', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    assert_false(postgres_quote(&database->postgres, wide, quoted, &error));
}

static void closing_twice_is_fine(void **state)
{
    struct database *database = *state;
    postgres_close(&database->postgres);
    postgres_close(&database->postgres);
    postgres_close(NULL);
    assert_null(database->postgres.connection);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, database_setup, database_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses),
        TEST(says_that_no_server_is_there),
        TEST(does_not_wait_for_a_frozen_server),
        TEST(tries_the_next_host),
        TEST(names_every_host_that_failed),
        TEST(refuses_a_server_that_is_too_old),
        TEST(refuses_a_database_of_another_encoding),
        TEST(waits_for_a_database_that_is_read_only),
        TEST(waits_when_connections_run_out),
        TEST(verifies_the_server),
        TEST(refuses_a_server_of_another_authority),
        TEST(refuses_a_server_of_another_name),
        TEST(sets_the_session_up),
        TEST(gives_up_a_query_without_an_answer),
        TEST(notices_that_the_server_ended_it),
        TEST(passes_parameters),
        TEST(carries_much),
        TEST(a_bad_text_is_an_error),
        TEST(names_the_statement_that_failed),
        TEST(does_not_copy),
        TEST(a_commit_that_rolls_back_has_failed),
        TEST(a_commit_with_a_warning_is_doubtful),
        TEST(quotes_any_name),
        TEST(closing_twice_is_fine),
    };
    return cmocka_run_group_tests_name("postgres", tests, NULL, NULL);
}
