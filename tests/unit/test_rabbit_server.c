/* SPDX-License-Identifier: Apache-2.0
 *
 * Which brokers will do, judged by what they say of themselves. */
#include "common/connect/rabbit_server.h"

#include <string.h>

#include "tests/support/test.h"

static amqp_table_entry_t entry(const char *name, const char *text)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(name),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(text)}};
}

static const struct version_case {
    const char *product;
    const char *version;
    const char *says; /* NULL: accepted */
    struct rabbit_version parsed;
} version_cases[] = {
    {"RabbitMQ", "3.10.0", NULL, {3, 10, 0}},
    {"RabbitMQ", "3.10.8", NULL, {3, 10, 8}},
    {"RabbitMQ", "3.13.7", NULL, {3, 13, 7}},
    {"RabbitMQ", "4.0.0", NULL, {4, 0, 0}},
    {"RabbitMQ", "4.1.0-rc.2", NULL, {4, 1, 0}},
    {"RabbitMQ", "10.0", NULL, {10, 0, 0}},
    {"RabbitMQ", "3.9.29", "RabbitMQ 3.9.29 is too old: 3.10 is the first that will do", {0}},
    {"RabbitMQ", "3.1.5", "RabbitMQ 3.1.5 is too old: 3.10 is the first that will do", {0}},
    {"RabbitMQ", "2.12.0", "RabbitMQ 2.12.0 is too old: 3.10 is the first that will do", {0}},
    {"RabbitMQ", "unknown", "RabbitMQ unknown is too old: 3.10 is the first that will do", {0}},
    {"RabbitMQ", "", "RabbitMQ  is too old: 3.10 is the first that will do", {0}},
    {"qpid-cpp", "3.10.8", "the server is \"qpid-cpp\", not RabbitMQ", {0}},
    {"rabbitmq", "3.10.8", "the server is \"rabbitmq\", not RabbitMQ", {0}},
    {"\x1b[2J", "3.10.8", "the server is \"?[2J\", not RabbitMQ", {0}},
};

static void judges_a_version(void **state)
{
    const struct version_case *test = *state;
    amqp_table_entry_t entries[] = {entry("product", test->product),
                                    entry("version", test->version)};
    const amqp_table_t table = {2, entries};
    struct rabbit rabbit = {0};
    struct error error = {0};

    if (test->says != NULL) {
        assert_false(rabbit_server_read(&rabbit, &table, &error));
        assert_string_equal(error.text, test->says);
        assert_int_equal(error.kind, ERROR_CONFIG);
        assert_string_not_equal(error.remedy, "");
        return;
    }
    assert_true(rabbit_server_read(&rabbit, &table, &error));
    assert_memory_equal(&rabbit.version, &test->parsed, sizeof rabbit.version);
    assert_string_equal(rabbit.version_text, test->version);
    assert_false(rabbit.can_block); /* no capability was named */
}

static void refuses_a_broker_that_says_nothing(void **state)
{
    (void)state;
    struct rabbit rabbit = {0};
    struct error error = {0};
    assert_false(rabbit_server_read(&rabbit, &amqp_empty_table, &error));
    assert_string_equal(error.text, "the server is \"\", not RabbitMQ");
}

static void refuses_values_of_another_type(void **state)
{
    (void)state;
    amqp_table_entry_t entries[] = {entry("product", "RabbitMQ"), entry("version", "3.10.8")};
    entries[0].value.kind = AMQP_FIELD_KIND_I32;
    const amqp_table_t table = {2, entries};
    struct rabbit rabbit = {0};
    struct error error = {0};
    assert_false(rabbit_server_read(&rabbit, &table, &error));
    assert_string_equal(error.text, "the server is \"\", not RabbitMQ");
}

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    char cluster[1000];
    memset(cluster, 'x', sizeof cluster - 1);
    cluster[sizeof cluster - 1] = '\0';
    amqp_table_entry_t entries[] = {entry("product", "RabbitMQ"), entry("version", "3.10.8"),
                                    entry("cluster_name", cluster)};
    const amqp_table_t table = {3, entries};
    struct rabbit rabbit = {0};
    struct error error = {0};
    assert_true(rabbit_server_read(&rabbit, &table, &error));
    assert_int_equal(strlen(rabbit.cluster), sizeof rabbit.cluster - 1);
}

int main(void)
{
    enum { CASES = sizeof version_cases / sizeof version_cases[0] };
    struct CMUnitTest tests[CASES + 3] = {
        [CASES] = cmocka_unit_test(refuses_a_broker_that_says_nothing),
        [CASES + 1] = cmocka_unit_test(refuses_values_of_another_type),
        [CASES + 2] = cmocka_unit_test(cuts_what_is_too_long),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){version_cases[i].version, judges_a_version, NULL, NULL,
                                       (void *)&version_cases[i]};
    }
    return cmocka_run_group_tests_name("rabbit_server", tests, NULL, NULL);
}
