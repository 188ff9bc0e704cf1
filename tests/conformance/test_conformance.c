/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated database and broker answer as the real ones do: each script is a test. */
#include "tests/conformance/broker_side.h"
#include "tests/conformance/database_side.h"
#include "tests/conformance/plays.h"
#include "tests/support/test.h"

enum { SCRIPTS_MAX = 64 };

static void plays_on_databases(void **state)
{
    script_compare(*state, &played_on_simulated_database, &played_on_real_database);
}

static void plays_on_brokers(void **state)
{
    script_compare(*state, &played_on_simulated_broker, &played_on_real_broker);
}

static int open_databases(void **state)
{
    (void)state;
    database_simulated_open();
    database_real_open();
    return 0;
}

static int close_databases(void **state)
{
    (void)state;
    database_real_close();
    database_simulated_close();
    return 0;
}

static int open_broker(void **state)
{
    (void)state;
    broker_real_open(broker_script_count);
    return 0;
}

static int close_broker(void **state)
{
    (void)state;
    broker_real_close();
    return 0;
}

static void make_tests(struct CMUnitTest tests[SCRIPTS_MAX], const struct script *scripts,
                       uint32_t count, CMUnitTestFunction play)
{
    for (uint32_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){.name = scripts[i].name,
                                       .test_func = play,
                                       .initial_state = (void *)(uintptr_t)&scripts[i]};
    }
}

int main(void)
{
    static struct CMUnitTest tests[SCRIPTS_MAX];
    make_tests(tests, database_scripts, database_script_count, plays_on_databases);
    const int failed = _cmocka_run_group_tests(
        "conformance, database", tests, database_script_count, open_databases, close_databases);
    make_tests(tests, broker_scripts, broker_script_count, plays_on_brokers);
    return failed + _cmocka_run_group_tests("conformance, broker", tests, broker_script_count,
                                            open_broker, close_broker);
}
