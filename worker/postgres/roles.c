/* SPDX-License-Identifier: Apache-2.0
 *
 * Creates the roles and grants them what is theirs. */
#include "worker/postgres/roles.h"

#include "common/base/text.h"
#include "worker/postgres/migrate.h"

#define SQL_MAX 8192u

enum role {
    ROLE_WORKER,
    ROLE_PAGE,
    ROLE_READER,
};

static const char *const suffixes[ROLES_COUNT] = {
    [ROLE_WORKER] = "worker",
    [ROLE_PAGE] = "page",
    [ROLE_READER] = "reader",
};

/* The contract's views, and who may read each besides the reader. */
static const struct view {
    const char *name;
    bool page;
} views[] = {
    {"availability", true}, {"decision", false}, {"movement", false},
    {"hold", false},        {"store", true},
};

void roles_name(const char *namespace, size_t index, char name[ROLES_NAME_MAX])
{
    ENSURE(index < ROLES_COUNT);
    ENSURE(namespace_valid(namespace));
    (void)snprintf(name, ROLES_NAME_MAX, "%s_%s", namespace, suffixes[index]); /* limits.h: fits */
}

/* Roles belong to the whole server, so the setup of another database may create the same one in
 * this moment; no lock of ours reaches there. */
static void put_create(struct text *sql, const char *role)
{
    text_format(sql,
                "DO $$ BEGIN\n"
                "    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '%s') THEN\n"
                "        CREATE ROLE \"%s\" NOLOGIN;\n"
                "    END IF;\n"
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\n"
                "END $$;\n",
                role, role);
}

/* Takes everything away first: a view that was this role's once may not be any more. Nobody sees
 * the state between, since all of it is one transaction. */
static void put_sql(struct text *sql, const char *ns)
{
    static const char *const begin = "REVOKE ALL ON ALL TABLES IN SCHEMA";
    char role[ROLES_NAME_MAX];

    for (size_t i = 0; i < ROLES_COUNT; i++) {
        roles_name(ns, i, role);
        put_create(sql, role);
        text_format(sql, "%s \"%s\" FROM \"%s\";\n", begin, ns, role);
        text_format(sql, "GRANT USAGE ON SCHEMA \"%s\" TO \"%s\";\n", ns, role);
    }
    text_format(sql,
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"%s\" TO"
                " \"%s_worker\";\n"
                "GRANT USAGE ON ALL SEQUENCES IN SCHEMA \"%s\" TO \"%s_worker\";\n"
                "REVOKE INSERT, UPDATE, DELETE ON \"%s\".migration FROM \"%s_worker\";\n",
                ns, ns, ns, ns, ns, ns);
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        text_format(sql, "GRANT SELECT ON \"%s\".\"%s\" TO \"%s_reader\"", ns, views[i].name, ns);
        if (views[i].page) {
            text_format(sql, ", \"%s_page\"", ns);
        }
        text_put(sql, ";\n");
    }
    ENSURE(!sql->full);
}

static bool create_failed(struct postgres *postgres, struct error *error)
{
    char user[POSTGRES_IDENTIFIER_MAX];
    struct error ignored = {0};
    if (postgres_failed_with(postgres, "42501") && postgres->connection != NULL &&
        postgres_quote(postgres, PQuser(postgres->connection), user, &ignored)) {
        error->remedy[0] = '\0';
        error_advise(error,
                     "Let a superuser run: ALTER ROLE %s CREATEROLE;  or let him run what till "
                     "setup --roles --show-sql prints.",
                     user);
    }
    return error_wrap(error, "create and grant the roles");
}

bool roles_apply(struct postgres *postgres, const char *namespace, struct error *error)
{
    char memory[SQL_MAX];
    struct text sql;
    text_init(&sql, memory, sizeof memory);
    put_sql(&sql, namespace);

    if (!postgres_execute(postgres, "BEGIN ISOLATION LEVEL READ COMMITTED", 0, NULL, error) ||
        !migrate_lock(postgres, namespace, error)) {
        postgres_rollback(postgres);
        return false;
    }
    if (!postgres_run(postgres, sql.bytes, error)) {
        (void)create_failed(postgres, error); /* false, as we return */
        postgres_rollback(postgres);
        return false;
    }
    if (!postgres_commit(postgres, error)) {
        postgres_rollback(postgres);
        return error_wrap(error, "create and grant the roles");
    }
    return true;
}

void roles_print(const char *namespace, FILE *stream)
{
    char memory[SQL_MAX];
    struct text sql;
    text_init(&sql, memory, sizeof memory);
    put_sql(&sql, namespace);
    (void)fprintf(stream, "\n-- Roles\n\nBEGIN;\n%sCOMMIT;\n", sql.bytes); /* ferror remembers */
}
