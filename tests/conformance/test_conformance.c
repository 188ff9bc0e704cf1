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

/* Returns how many have failed. */
static int run(const char *name, const struct script *scripts, uint32_t count,
               CMUnitTestFunction play, CMFixtureFunction open, CMFixtureFunction close)
{
    static struct CMUnitTest tests[SCRIPTS_MAX];
    assert_in_range(count, 1, SCRIPTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){.name = scripts[i].name,
                                       .test_func = play,
                                       .initial_state = (void *)(uintptr_t)&scripts[i]};
    }
    return _cmocka_run_group_tests(name, tests, count, open, close);
}

int main(void)
{
    int failed = run("conformance, database", database_scripts, database_script_count,
                     plays_on_databases, open_databases, close_databases);
    failed += run("conformance, database, accidents", accident_scripts, accident_script_count,
                  plays_on_databases, open_databases, close_databases);
    return failed + run("conformance, broker", broker_scripts, broker_script_count,
                        plays_on_brokers, open_broker, close_broker);
}
