/* SPDX-License-Identifier: Apache-2.0
 *
 * What PostgreSQL says becomes what to do: by SQLSTATE, and by libpq's words. */
#include "common/connect/postgres_error.h"

#include <string.h>

#include "tests/support/test.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct state_case {
    const char *sqlstate;
    enum error_kind kind;
    const char *remedy; /* a part of it */
} state_cases[] = {
    {"08000", ERROR_RETRY, "Try again"},
    {"08001", ERROR_RETRY, "Try again"},
    {"08003", ERROR_RETRY, "Try again"},
    {"08004", ERROR_RETRY, "Try again"},
    {"08006", ERROR_RETRY, "Try again"},
    {"08P01", ERROR_CONFIG, "pooler"},
    {"22001", ERROR_JOB, "was to be written"},
    {"22021", ERROR_JOB, "was to be written"},
    {"23505", ERROR_JOB, "was to be written"},
    {"25006", ERROR_RETRY, "primary"},
    {"25P02", ERROR_FATAL, "report it"},
    {"25P03", ERROR_RETRY, "Try again"},
    {"26000", ERROR_CONFIG, "pooler"},
    {"28000", ERROR_CONFIG, "createuser till"},
    {"28P01", ERROR_CONFIG, "PGPASSFILE"},
    {"3D000", ERROR_CONFIG, "Create it: createdb shop"},
    {"3F000", ERROR_CONFIG, "Run: till setup"},
    {"40001", ERROR_RETRY, "Try again"},
    {"40003", ERROR_RETRY, "Try again"},
    {"40P01", ERROR_RETRY, "Try again"},
    {"42501", ERROR_CONFIG, "grant it to till"},
    {"42601", ERROR_FATAL, "report it"},
    {"42P01", ERROR_CONFIG, "Run: till setup"},
    {"42P05", ERROR_CONFIG, "pooler"},
    {"53000", ERROR_RETRY, "Try again"},
    {"53100", ERROR_RETRY, "Free space"},
    {"53200", ERROR_RETRY, "memory"},
    {"53300", ERROR_RETRY, "max_connections"},
    {"53400", ERROR_CONFIG, "limit"},
    {"54000", ERROR_JOB, "was to be written"},
    {"55006", ERROR_RETRY, "nobody else"},
    {"55P03", ERROR_RETRY, "lock"},
    {"57014", ERROR_RETRY, "Try again"},
    {"57P01", ERROR_RETRY, "Try again"},
    {"57P02", ERROR_RETRY, "Try again"},
    {"57P03", ERROR_RETRY, "Try again"},
    {"57P04", ERROR_CONFIG, "createdb shop"},
    {"57P05", ERROR_RETRY, "Try again"},
    {"58030", ERROR_FATAL, "report it"},
    {"XX000", ERROR_FATAL, "report it"},
    {"XX001", ERROR_FATAL, "report it"},
    {"ZZZZZ", ERROR_FATAL, "report it"},
};

static const struct text_case {
    const char *text;
    enum error_kind kind;
    const char *remedy;
} text_cases[] = {
    {"Connection refused", ERROR_RETRY, "Start the server"},
    {"No such file or directory", ERROR_RETRY, "Start the server"},
    {"Network is unreachable", ERROR_RETRY, "Start the server"},
    {"could not translate host name \"certain\" to address: Name or service not known", ERROR_RETRY,
     "spelling"},
    {"no answer within 10.0 s", ERROR_RETRY, "frozen"},
    {"server closed the connection unexpectedly", ERROR_RETRY, "Try again"},
    {"session is read-only", ERROR_RETRY, "primary"},
    {"server is in hot standby mode", ERROR_RETRY, "primary"},
    {"SSL error: certificate verify failed", ERROR_CONFIG, "sslrootcert"},
    {"server certificate for \"a\" does not match host name \"b\"", ERROR_CONFIG, "sslrootcert"},
    {"root certificate file \"/nowhere\" does not exist", ERROR_CONFIG, "sslrootcert"},
    {"SSL error: wrong version number", ERROR_CONFIG, "ssl"},
    {"server does not support SSL, but SSL was required", ERROR_CONFIG, "ssl"},
    {"fe_sendauth: no password supplied", ERROR_CONFIG, "PGPASSFILE"},
    {"received invalid response to SSL negotiation: H", ERROR_CONFIG, "port"},
    {"expected authentication request from server, but received H", ERROR_CONFIG, "port"},
    {"invalid sslmode value: \"perhaps\"", ERROR_CONFIG, "Correct"},
    {"something nobody has heard of", ERROR_FATAL, "report it"},
};

static const struct pick_case {
    const char *name;
    const char *message;
    const char *sqlstate;
    const char *line;
} pick_cases[] = {
    {"takes the server's words and code",
     "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  3D000: database "
     "\"shop\" does not exist\nLOCATION:  InitPostgres, postinit.c:885\n",
     "3D000", "database \"shop\" does not exist"},
    {"knows a code in another language",
     "connection to server at \"db\", port 5432 failed: FATALE:  28P01: autenticazione fallita\n",
     "28P01", "autenticazione fallita"},
    {"leaves advice out",
     "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the server "
     "running on that host and accepting TCP/IP connections?\n",
     "", "Connection refused"},
    {"takes the last address without an answer",
     "connection to server at \"db\" (::1), port 1 failed: Network is unreachable\n\tIs the "
     "server?\nconnection to server at \"db\" (10.0.0.1), port 1 failed: Connection refused\n\tIs "
     "the server?\n",
     "", "Connection refused"},
    {"prefers an answer to silence",
     "connection to server at \"db\" (10.0.0.1), port 1 failed: FATAL:  28P01: wrong\nconnection "
     "to server at \"db\" (10.0.0.2), port 1 failed: Connection refused\n",
     "28P01", "wrong"},
    {"takes a line without a server", "could not translate host name \"a\" to address: no\n", "",
     "could not translate host name \"a\" to address: no"},
    {"takes no code from the middle of a text", "connection:  12345\n", "", "connection:  12345"},
    {"takes no code of lower case", "x:  abcde: y\n", "", "x:  abcde: y"},
    {"lives with nothing", "", "", ""},
};

static void translates_a_state(void **state)
{
    const struct state_case *test = *state;
    const struct postgres_complaint complaint = {"till@h:5432/shop", "till", "shop", test->sqlstate,
                                                 "it said so"};
    struct error error = {0};
    assert_int_equal(postgres_error_kind(test->sqlstate), test->kind);
    assert_false(postgres_error_set(&error, &complaint));
    assert_int_equal(error.kind, test->kind);
    assert_non_null(strstr(error.remedy, test->remedy));
    assert_null(strchr(error.remedy, '{'));
    assert_ptr_equal(strstr(error.text, "database till@h:5432/shop: it said so"), error.text);
}

static void translates_a_text(void **state)
{
    const struct text_case *test = *state;
    const struct postgres_complaint complaint = {"till@h:5432/shop", "till", "shop", "",
                                                 test->text};
    struct error error = {0};
    assert_false(postgres_error_set(&error, &complaint));
    assert_int_equal(error.kind, test->kind);
    assert_non_null(strstr(error.remedy, test->remedy));
}

static void picks(void **state)
{
    const struct pick_case *test = *state;
    char memory[256];
    char sqlstate[SQLSTATE_SIZE + 1];
    struct text line;
    text_init(&line, memory, sizeof memory);
    postgres_error_pick(test->message, sqlstate, &line);
    assert_string_equal(sqlstate, test->sqlstate);
    assert_string_equal(line.bytes, test->line);
}

static void names_an_unlisted_state(void **state)
{
    (void)state;
    const struct postgres_complaint complaint = {"till@h:5432/shop", "till", "shop", "XX000",
                                                 "something is wrong inside"};
    struct error error = {0};
    postgres_error_set(&error, &complaint);
    assert_string_equal(error.text,
                        "database till@h:5432/shop: something is wrong inside (SQLSTATE XX000)");
}

int main(void)
{
    enum { STATES = COUNT(state_cases), TEXTS = COUNT(text_cases), PICKS = COUNT(pick_cases) };
    struct CMUnitTest tests[STATES + TEXTS + PICKS + 1] = {
        [STATES + TEXTS + PICKS] = cmocka_unit_test(names_an_unlisted_state),
    };
    for (size_t i = 0; i < STATES; i++) {
        tests[i] = (struct CMUnitTest){.name = state_cases[i].sqlstate,
                                       .test_func = translates_a_state,
                                       .initial_state = (void *)&state_cases[i]};
    }
    for (size_t i = 0; i < TEXTS; i++) {
        tests[STATES + i] = (struct CMUnitTest){.name = text_cases[i].text,
                                                .test_func = translates_a_text,
                                                .initial_state = (void *)&text_cases[i]};
    }
    for (size_t i = 0; i < PICKS; i++) {
        tests[STATES + TEXTS + i] = (struct CMUnitTest){.name = pick_cases[i].name,
                                                        .test_func = picks,
                                                        .initial_state = (void *)&pick_cases[i]};
    }
    return cmocka_run_group_tests_name("postgres_error", tests, NULL, NULL);
}
