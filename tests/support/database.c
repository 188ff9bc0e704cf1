/* SPDX-License-Identifier: Apache-2.0
 *
 * Gives each test its own corner of the database. */
#include "tests/support/database.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/text.h"
#include "tests/support/test.h"

#define SCRIPT_MAX  8192u
#define WAIT_ROUNDS 1000 /* of 10 ms */
#define ANSWER_MAX  4096u

static const struct database_override no_overrides[] = {{NULL, NULL}};

static const char *require(const char *variable)
{
    const char *value = getenv(variable);
    if (value == NULL || value[0] == '\0') {
        fail_msg("%s is not set: start a stack, then eval \"$(scripts/stack env)\"", variable);
    }
    return value;
}

static void succeed(bool good, const struct error *error)
{
    if (!good) {
        fail_msg("%s -> %s", error->text, error->remedy);
    }
}

static struct config config_of(const struct database *database, const char *url)
{
    return (struct config){
        .namespace = {database->namespace, "the test"},
        .database_url = {url, "TILL_DATABASE_URL"},
    };
}

/* keyword='value', as libpq reads it. */
static void put_setting(struct text *text, const char *keyword, const char *value)
{
    text_format(text, "%s='", keyword);
    for (const char *c = value; *c != '\0'; c++) {
        text_format(text, "%s%c", *c == '\'' || *c == '\\' ? "\\" : "", *c);
    }
    text_put(text, "' ");
}

static void merge_url(const char *base, const struct database_override *overrides,
                      char url[DATABASE_URL_MAX])
{
    struct text text;
    text_init(&text, url, DATABASE_URL_MAX);
    PQconninfoOption *options = PQconninfoParse(base, NULL);
    assert_non_null(options);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        const struct database_override *override = overrides;
        while (override->keyword != NULL && strcmp(override->keyword, option->keyword) != 0) {
            override++;
        }
        if (override->keyword == NULL && option->val != NULL) {
            put_setting(&text, option->keyword, option->val);
        }
    }
    for (const struct database_override *override = overrides; override->keyword != NULL;
         override++) {
        put_setting(&text, override->keyword, override->value);
    }
    PQconninfoFree(options);
    assert_false(text.full);
}

struct config database_config(const struct database *database, char url[DATABASE_URL_MAX],
                              const struct database_override *overrides)
{
    merge_url(database->url, overrides, url);
    return config_of(database, url);
}

void database_open(const struct database *database, struct postgres *postgres,
                   const struct database_override *overrides)
{
    char url[DATABASE_URL_MAX];
    struct error error = {0};
    const struct config config = database_config(database, url, overrides);
    succeed(postgres_open(postgres, &config, POSTGRES_SETUP, "test", &error), &error);
}

void database_open_admin(const struct database *database, struct postgres *postgres,
                         const char *dbname)
{
    char url[DATABASE_URL_MAX];
    struct error error = {0};
    const struct database_override overrides[] = {{"dbname", dbname}, {NULL, NULL}};
    merge_url(require("TILL_STACK_ADMIN_DATABASE_URL"), overrides, url);
    const struct config config = config_of(database, url);
    succeed(postgres_open(postgres, &config, POSTGRES_SETUP, "test", &error), &error);
}

const char *database_setting(const struct database *database, const char *keyword)
{
    static char found[DATABASE_URL_MAX];
    PQconninfoOption *options = PQconninfoParse(database->url, NULL);
    const char *value = NULL;
    assert_non_null(options);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (strcmp(option->keyword, keyword) == 0 && option->val != NULL) {
            (void)snprintf(found, sizeof found, "%s", option->val); /* no longer than the URL */
            value = found;
        }
    }
    PQconninfoFree(options);
    return value;
}

static void fill_in(const struct database *database, const char *template, struct text *sql)
{
    for (const char *hole; (hole = strstr(template, "%s")) != NULL; template = hole + 2) {
        text_put_bytes(sql, template, (size_t)(hole - template));
        text_put(sql, database->namespace);
    }
    text_put(sql, template);
    assert_false(sql->full);
}

void database_run(struct database *database, struct postgres *postgres, const char *script)
{
    char memory[SCRIPT_MAX];
    struct text sql;
    struct error error = {0};
    text_init(&sql, memory, sizeof memory);
    fill_in(database, script, &sql);
    succeed(postgres_run(postgres, sql.bytes, &error), &error);
}

const char *database_ask(struct database *database, struct postgres *postgres, const char *query)
{
    static char answer[ANSWER_MAX];
    char memory[SCRIPT_MAX];
    struct text sql;
    struct error error = {0};
    PGresult *result = NULL;
    text_init(&sql, memory, sizeof memory);
    fill_in(database, query, &sql);
    succeed(postgres_query(postgres, sql.bytes, 0, NULL, &result, &error), &error);
    assert_int_equal(PQntuples(result), 1);
    (void)snprintf(answer, sizeof answer, "%s", PQgetvalue(result, 0, 0)); /* tests ask briefly */
    PQclear(result);
    return answer;
}

void database_await_blocked(struct database *database, const char *application, int count)
{
    char query[512];
    (void)snprintf(query, sizeof query,
                   "SELECT count(*) FROM (SELECT pg_sleep(0.01)) s, pg_stat_activity"
                   " WHERE wait_event_type = 'Lock' AND application_name = '%s'",
                   application);
    for (int round = 0; round < WAIT_ROUNDS; round++) {
        if (strtol(database_ask(database, &database->postgres, query), NULL, 10) == count) {
            return;
        }
    }
    fail_msg("no %d sessions \"%s\" wait for a lock", count, application);
}

int database_setup(void **state)
{
    uint32_t random = 0;
    struct database *database = calloc(1, sizeof *database);
    assert_non_null(database);
    assert_int_equal(getrandom(&random, sizeof random, 0), sizeof random);
    (void)snprintf(database->namespace, sizeof database->namespace, "test_%08x", random);
    merge_url(require("TILL_DATABASE_URL"), no_overrides, database->url);
    database->config = config_of(database, database->url);
    database_open(database, &database->postgres, no_overrides);
    *state = database;
    return 0;
}

int database_teardown(void **state)
{
    struct database *database = *state;
    postgres_close(&database->postgres); /* the test may have left it in any state */
    database_open(database, &database->postgres, no_overrides);
    /* Without FORCE, which may not end a superuser's session: it waits for those just closed. */
    database_run(database, &database->postgres, "DROP DATABASE IF EXISTS \"%s\"");
    database_run(database, &database->postgres,
                 "DROP SCHEMA IF EXISTS \"%s\" CASCADE;"
                 "DROP ROLE IF EXISTS \"%s_worker\", \"%s_page\", \"%s_reader\", \"%s_guest\"");
    postgres_close(&database->postgres);
    free(database);
    return 0;
}
