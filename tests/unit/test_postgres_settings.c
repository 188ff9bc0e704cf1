/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of PostgreSQL: merged with ours, taken apart by host, and never a password in an error.
 */
#include "common/connect/postgres_settings.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* Each has the password hush, or parts of it, where it would be shown. */
static const char *const unclear_urls[] = {
    "postgresql://till:hu/sh@db:5432/shop",
    "postgresql://till:hush/@db/shop",
    "postgresql://till:5/hush@db/shop",
    "postgresql://till:a@hush@db/shop",
    "postgresql://till:a@hush/b@db/shop",
    "postgresql://till:hu%sh@db/shop",
    "postgresql://till:hush%@db/shop",
    "postgresql://till:hush%00@db/shop",
    "postgresql://till:%zzhush@db/shop",
    "postgresql://till:a@[hush",
    "postgresql://till:a@[::1]hush/shop",
    "postgresql://till:hu?sh/@db/shop",
    "postgresql://till:a@db/shop?hush",
    "postgresql://till:a@db/shop?hush=1",
    "postgresql://till:a@db/shop?x=\"&hush=\"1",
    "postgresql://till:hush",
    "postgresql://till:hush/shop",
    "postgres://till:a/hush@db/shop",
    "mysql://till:hush@db/shop",
    "mysql://till:hush=@db/shop",
    "till:hush@db/shop",
    "host=db user=till password=a hush",
    "host=db user=till password=a hush=b",
    "host=db user=till password='hush",
    "host=db password=a \"hush\"",
    "host=db port=hush",
    "host=db connect_timeout=hush",
    "hush",
};

static void shows_nothing_of_an_unclear_url(void **state)
{
    const struct setting url = {*state, "TILL_DATABASE_URL"};
    struct postgres_settings settings;
    struct error error = {0};
    assert_false(postgres_settings_read(&settings, &url, &error));
    assert_int_equal(error.kind, ERROR_CONFIG);
    assert_null(strstr(error.text, "hu"));
    assert_null(strstr(error.text, "sh"));
    assert_ptr_equal(strstr(error.text, "TILL_DATABASE_URL: "), error.text);
    assert_string_not_equal(error.remedy, "");
    postgres_settings_free(&settings);
}

static const char *const secret_flags[] = {
    "postgresql://till:hush@db/shop",        "postgresql://db/shop?password=hush",
    "postgresql://db/shop?sslpassword=hush", "host=db password=hush",
    "postgresql://till:hu/sh@db/shop",
};

static void refuses_a_password_in_a_flag(void **state)
{
    const struct setting url = {*state, "--database-url"};
    struct postgres_settings settings;
    struct error error = {0};
    assert_false(postgres_settings_read(&settings, &url, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_null(strstr(error.text, "hush"));
    assert_null(strstr(error.remedy, "hush"));
    postgres_settings_free(&settings);
}

/* The values libpq is given; NULL: none. */
static const char *parameter(const struct postgres_parameters *parameters, const char *keyword)
{
    const char *found = NULL;
    for (size_t i = 0; i < parameters->count; i++) {
        if (strcmp(parameters->keywords[i], keyword) == 0) {
            assert_null(found); /* given once */
            found = parameters->values[i];
        }
    }
    return found;
}

static void assert_parameter(const struct postgres_parameters *parameters, const char *keyword,
                             const char *value)
{
    const char *found = parameter(parameters, keyword);
    if (value == NULL) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(found, value);
    }
}

static const struct merge_case {
    const char *name;
    const char *url;
    const char *keyword;
    const char *value;
} merge_cases[] = {
    {"without a URL libpq decides where", NULL, "host", NULL},
    {"without a URL the session is still ours", NULL, "client_encoding", "UTF8"},
    {"keeps the password", "postgresql://till:h%40sh@db/shop", "password", "h@sh"},
    {"keeps the user", "postgresql://till@db/shop", "user", "till"},
    {"keeps the database", "postgresql://till@db/shop", "dbname", "shop"},
    {"reads keyword=value", "host=db dbname='my shop'", "dbname", "my shop"},
    {"takes a password with an equals sign", "postgresql://till:a=b@db/shop", "password", "a=b"},
    {"takes a password with a question mark", "postgresql://till:a?b@db/shop", "password", "a?b"},
    {"takes an @ in the query", "postgresql://db/shop?user=a@b", "user", "a@b"},
    {"knows IPv6", "postgresql://till@[::1]:5433/shop", "host", "::1"},
    {"has keepalives", "postgresql://db/shop", "keepalives_idle", "10"},
    {"lets keepalives be set", "postgresql://db/shop?keepalives_idle=77", "keepalives_idle", "77"},
    {"has a user time-out", "postgresql://db/shop", "tcp_user_timeout", "10000"},
    {"lets the user time-out be set", "postgresql://db/shop?tcp_user_timeout=5", "tcp_user_timeout",
     "5"},
    {"wants a writable server", "postgresql://db/shop", "target_session_attrs", "read-write"},
    {"and no other", "postgresql://db/shop?target_session_attrs=any", "target_session_attrs",
     "read-write"},
    {"speaks UTF-8", "postgresql://db/shop?client_encoding=LATIN1", "client_encoding", "UTF8"},
    {"says who it is", "postgresql://db/shop", "fallback_application_name", "till test"},
    {"lets another name be given", "postgresql://db/shop?application_name=x", "application_name",
     "x"},
    {"keeps sslmode", "postgresql://db/shop?sslmode=verify-full", "sslmode", "verify-full"},
    {"keeps the user's own options", "postgresql://db/shop?options=-c%20a%3Db", "options",
     "-c a=b"},
};

static int clear_environment(void **state)
{
    (void)state;
    static const char *const names[] = {
        "PGHOST", "PGHOSTADDR", "PGPORT", "PGCONNECT_TIMEOUT", "PGSERVICE", "PGAPPNAME",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(unsetenv(names[i]), 0);
    }
    return 0;
}

static void merges(void **state)
{
    const struct merge_case *test = *state;
    const struct setting url = {test->url, "TILL_DATABASE_URL"};
    struct postgres_settings settings;
    struct postgres_parameters parameters;
    struct error error = {0};
    assert_true(postgres_settings_read(&settings, &url, &error));
    postgres_settings_parameters(&settings, 0, "till test", &parameters);
    assert_parameter(&parameters, test->keyword, test->value);
    postgres_settings_free(&settings);
}

static void takes_hosts_apart(void **state)
{
    (void)state;
    const struct setting url = {"postgresql://till@a:1,b,[::1]:3/shop", "TILL_DATABASE_URL"};
    struct postgres_settings settings;
    struct postgres_parameters parameters;
    struct error error = {0};
    assert_true(postgres_settings_read(&settings, &url, &error));
    assert_int_equal(settings.hosts_count, 3);
    postgres_settings_parameters(&settings, 0, "till test", &parameters);
    assert_parameter(&parameters, "host", "a");
    assert_parameter(&parameters, "port", "1");
    postgres_settings_parameters(&settings, 1, "till test", &parameters);
    assert_parameter(&parameters, "host", "b");
    postgres_settings_parameters(&settings, 2, "till test", &parameters);
    assert_parameter(&parameters, "host", "::1");
    assert_parameter(&parameters, "port", "3");
    postgres_settings_free(&settings);
}

static void takes_hosts_of_the_environment_apart(void **state)
{
    (void)state;
    const struct setting url = {NULL, "the default"};
    struct postgres_settings settings;
    struct postgres_parameters parameters;
    struct error error = {0};
    setenv("PGHOST", "a,b", 1);
    setenv("PGPORT", "5433", 1);
    setenv("PGCONNECT_TIMEOUT", "3", 1);
    assert_true(postgres_settings_read(&settings, &url, &error));
    assert_int_equal(settings.hosts_count, 2);
    assert_int_equal(settings.connect_timeout_ms, 3000);
    postgres_settings_parameters(&settings, 1, "till test", &parameters);
    assert_parameter(&parameters, "host", "b");
    assert_parameter(&parameters, "port", "5433");
    postgres_settings_free(&settings);
}

static const struct timeout_case {
    const char *url;
    int timeout_ms;
} timeout_cases[] = {
    {"postgresql://db", 10000},
    {"postgresql://db?connect_timeout=2", 2000},
    {"postgresql://one,two", 3000},
    {"postgresql://one,two?connect_timeout=7", 7000},
    {"postgresql://db?connect_timeout=0", 10000},
    {"postgresql://db?connect_timeout=-1", 10000},
    {"postgresql://db?connect_timeout=99999999999", 600000},
};

static void always_has_a_deadline(void **state)
{
    const struct timeout_case *test = *state;
    const struct setting url = {test->url, "TILL_DATABASE_URL"};
    struct postgres_settings settings;
    struct error error = {0};
    assert_true(postgres_settings_read(&settings, &url, &error));
    assert_int_equal(settings.connect_timeout_ms, test->timeout_ms);
    postgres_settings_free(&settings);
}

static const struct refused_case {
    const char *url;
    const char *text;
} refused_cases[] = {
    {"postgresql://a:0/x", "TILL_DATABASE_URL: a port is not a number from 1 to 65535"},
    {"postgresql://a:65536/x", "TILL_DATABASE_URL: a port is not a number from 1 to 65535"},
    {"postgresql://a:123456789/x", "TILL_DATABASE_URL: a port is not a number from 1 to 65535"},
    {"host=a,b port=1,2,3", "TILL_DATABASE_URL: the numbers of hosts, addresses and ports differ"},
    {"host=a,b hostaddr=127.0.0.1",
     "TILL_DATABASE_URL: the numbers of hosts, addresses and ports differ"},
    {"host=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "TILL_DATABASE_URL: too many hosts"},
    {"postgresql://a/x?unheard=of", "TILL_DATABASE_URL: invalid URI query parameter: \"...\""},
};

static void refuses(void **state)
{
    const struct refused_case *test = *state;
    const struct setting url = {test->url, "TILL_DATABASE_URL"};
    struct postgres_settings settings;
    struct error error = {0};
    assert_false(postgres_settings_read(&settings, &url, &error));
    assert_string_equal(error.text, test->text);
    postgres_settings_free(&settings);
}

int main(void)
{
    enum {
        UNCLEAR = COUNT(unclear_urls),
        SECRET = UNCLEAR + COUNT(secret_flags),
        MERGE = SECRET + COUNT(merge_cases),
        TIMEOUT = MERGE + COUNT(timeout_cases),
        REFUSED = TIMEOUT + COUNT(refused_cases),
    };
    struct CMUnitTest tests[REFUSED + 2] = {
        [REFUSED] = cmocka_unit_test_setup(takes_hosts_apart, clear_environment),
        [REFUSED + 1] = cmocka_unit_test_setup_teardown(takes_hosts_of_the_environment_apart,
                                                        clear_environment, clear_environment),
    };
    for (size_t i = 0; i < REFUSED; i++) {
        tests[i] =
            i < UNCLEAR  ? (struct CMUnitTest){.name = unclear_urls[i],
                                               .test_func = shows_nothing_of_an_unclear_url,
                                               .initial_state = (void *)unclear_urls[i]}
            : i < SECRET ? (struct CMUnitTest){.name = secret_flags[i - UNCLEAR],
                                               .test_func = refuses_a_password_in_a_flag,
                                               .initial_state = (void *)secret_flags[i - UNCLEAR]}
            : i < MERGE  ? (struct CMUnitTest){.name = merge_cases[i - SECRET].name,
                                               .test_func = merges,
                                               .initial_state = (void *)&merge_cases[i - SECRET]}
            : i < TIMEOUT
                ? (struct CMUnitTest){.name = timeout_cases[i - MERGE].url,
                                      .test_func = always_has_a_deadline,
                                      .initial_state = (void *)&timeout_cases[i - MERGE]}
                : (struct CMUnitTest){.name = refused_cases[i - TIMEOUT].url,
                                      .test_func = refuses,
                                      .initial_state = (void *)&refused_cases[i - TIMEOUT]};
    }
    clear_environment(NULL);
    return cmocka_run_group_tests_name("postgres_settings", tests, NULL, NULL);
}
