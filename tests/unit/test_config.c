/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings: a flag, else the environment, else the default; and what is no value is refused. */
#include "common/connect/config.h"

#include <stdlib.h>

#include "tests/support/test.h"

static const struct config_flags no_flags = {0};

static int clear_environment(void **state)
{
    (void)state;
    static const char *const names[] = {
        "TILL_NAMESPACE",    "TILL_AMQP_URL", "AMQP_URL", "TILL_AMQP_PASSWORD_FILE",
        "TILL_DATABASE_URL", "DATABASE_URL",  "TILL_LOG",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(unsetenv(names[i]), 0);
    }
    return 0;
}

static void has_defaults(void **state)
{
    (void)state;
    struct config config;
    struct error error = {0};
    assert_true(config_load(&config, &no_flags, &error));
    assert_string_equal(config.namespace.value, "till");
    assert_string_equal(config.amqp_url.value, "amqp://guest:guest@localhost:5672");
    assert_string_equal(config.amqp_url.source, "the default");
    assert_null(config.database_url.value);
    assert_null(config.amqp_password_file.value);
    assert_int_equal(config.log_level, LOG_LEVEL_INFO);
}

static void prefers_its_own_variable_to_the_common_one(void **state)
{
    (void)state;
    struct config config;
    struct error error = {0};
    setenv("AMQP_URL", "amqp://common", 1);
    setenv("DATABASE_URL", "postgresql://common", 1);
    assert_true(config_load(&config, &no_flags, &error));
    assert_string_equal(config.amqp_url.value, "amqp://common");
    assert_string_equal(config.database_url.source, "DATABASE_URL");
    setenv("TILL_AMQP_URL", "amqp://own", 1);
    setenv("TILL_DATABASE_URL", "postgresql://own", 1);
    assert_true(config_load(&config, &no_flags, &error));
    assert_string_equal(config.amqp_url.value, "amqp://own");
    assert_string_equal(config.database_url.value, "postgresql://own");
}

static void prefers_a_flag_to_the_environment(void **state)
{
    (void)state;
    struct config config;
    struct error error = {0};
    setenv("TILL_NAMESPACE", "from_environment", 1);
    const struct config_flags flags = {.namespace = "from_flag"};
    assert_true(config_load(&config, &flags, &error));
    assert_string_equal(config.namespace.value, "from_flag");
    assert_string_equal(config.namespace.source, "--namespace");
}

static void takes_an_empty_variable_for_none(void **state)
{
    (void)state;
    struct config config;
    struct error error = {0};
    setenv("TILL_NAMESPACE", "", 1);
    assert_true(config_load(&config, &no_flags, &error));
    assert_string_equal(config.namespace.value, "till");
}

static void refuses_an_unknown_level(void **state)
{
    (void)state;
    struct config config;
    struct error error = {0};
    setenv("TILL_LOG", "loud", 1);
    assert_false(config_load(&config, &no_flags, &error));
    assert_int_equal(error.kind, ERROR_CONFIG);
    assert_string_equal(error.text, "TILL_LOG: \"loud\" is no level");
    assert_string_equal(error.remedy, "Use one of debug, info, warn, error.");
}

static void a_wrong_flag_is_a_usage_error(void **state)
{
    (void)state;
    struct config config;
    struct error error = {0};
    const struct config_flags flags = {.namespace = "Shop"};
    assert_false(config_load(&config, &flags, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_string_equal(error.text, "--namespace: \"Shop\" is no namespace");
}

static const struct namespace_case {
    const char *name;
    bool valid;
} namespace_cases[] = {
    {"a", true},
    {"till", true},
    {"shop_2", true},
    {"a234567890123456789012345678901", true},
    {"a2345678901234567890123456789012", false},
    {"", false},
    {"2shop", false},
    {"_shop", false},
    {"Shop", false},
    {"shop-eu", false},
    {"shop.eu", false},
    {"sh\xc3\xb6p", false},
    {"pg_shop", false},
    {"pgshop", true},
    {"amqshop", false},
    {"amq", false},
    {"am", true},
};

static void knows_a_namespace(void **state)
{
    const struct namespace_case *test = *state;
    assert_int_equal(namespace_valid(test->name), test->valid);
}

int main(void)
{
    enum { CASES = sizeof namespace_cases / sizeof namespace_cases[0] };
    struct CMUnitTest tests[CASES + 6] = {
        [CASES] = cmocka_unit_test_setup(has_defaults, clear_environment),
        [CASES + 1] =
            cmocka_unit_test_setup(prefers_its_own_variable_to_the_common_one, clear_environment),
        [CASES + 2] = cmocka_unit_test_setup(prefers_a_flag_to_the_environment, clear_environment),
        [CASES + 3] = cmocka_unit_test_setup(takes_an_empty_variable_for_none, clear_environment),
        [CASES + 4] = cmocka_unit_test_setup(refuses_an_unknown_level, clear_environment),
        [CASES + 5] = cmocka_unit_test_setup(a_wrong_flag_is_a_usage_error, clear_environment),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = namespace_cases[i].name,
                                       .test_func = knows_a_namespace,
                                       .initial_state = (void *)&namespace_cases[i]};
    }
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
