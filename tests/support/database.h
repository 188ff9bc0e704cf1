/* SPDX-License-Identifier: Apache-2.0
 *
 * A namespace of a test's own in the real database that TILL_DATABASE_URL names, and ways to reach
 * it with other settings. Without that variable the tests fail: a test that was not run has shown
 * nothing. */
#pragma once

#include <stdbool.h>

#include "common/connect/postgres.h"

#define DATABASE_URL_MAX 1024u

struct database {
    char url[DATABASE_URL_MAX];
    char namespace[NAMESPACE_MAX + 1];
    struct config config; /* of this URL and namespace */
    struct postgres postgres;
};

/* For cmocka's setup and teardown: *state becomes a struct database with an open connection; and
 * what is named after the namespace is removed: its schema and roles, a role "NS_guest", a database
 * "NS". */
int database_setup(void **state);
int database_teardown(void **state);

/* A setting that replaces the URL's. */
struct database_override {
    const char *keyword;
    const char *value;
};

/* The configuration of a URL with other settings; the list ends with a NULL. Writes the URL. */
struct config database_config(const struct database *database, char url[DATABASE_URL_MAX],
                              const struct database_override *overrides);

/* Opens such a connection; fails the test if it cannot. */
void database_open(const struct database *database, struct postgres *postgres,
                   const struct database_override *overrides);

/* The superuser's connection to some database, from TILL_STACK_ADMIN_DATABASE_URL. */
void database_open_admin(const struct database *database, struct postgres *postgres,
                         const char *dbname);

/* A setting of the URL; NULL: not in it. Valid until the next call. */
const char *database_setting(const struct database *database, const char *keyword);

/* Runs a script; fails the test if that fails. In it, "%s" stands for the namespace, everywhere. */
void database_run(struct database *database, struct postgres *postgres, const char *script);

/* The first value of a query, as text, "" for NULL; same "%s". Valid until the next call. */
const char *database_ask(struct database *database, struct postgres *postgres, const char *query);

/* Waits until so many sessions of that application_name wait for a lock. */
void database_await_blocked(struct database *database, const char *application, int count);
