/* SPDX-License-Identifier: Apache-2.0
 *
 * Drops the schema of a namespace and its roles. */
#include "worker/postgres/teardown.h"

#include <string.h>

#include "common/base/text.h"
#include "worker/postgres/migrate.h"

#define SQL_MAX 256u

/* Of the schema $1: whether it exists, whether it is ours, and what outside would go with it. */
static const char look_sql[] =
    "SELECT n.oid IS NOT NULL,"
    " (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a"
    "  ON a.attrelid = c.oid WHERE c.relnamespace = n.oid AND c.relname = 'migration'"
    "  AND c.relkind = 'r' AND a.attname IN ('number', 'checksum', 'oldest_program')) = 3,"
    " (SELECT pg_catalog.string_agg(DISTINCT outside::text, ', ') FROM ("
    "  SELECT r.ev_class::pg_catalog.regclass AS outside FROM pg_catalog.pg_depend d"
    "   JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid"
    "    AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
    "   JOIN pg_catalog.pg_class v ON v.oid = r.ev_class"
    "   JOIN pg_catalog.pg_class c ON c.oid = d.refobjid"
    "    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    "   WHERE c.relnamespace = n.oid AND v.relnamespace <> n.oid"
    "  UNION SELECT k.conrelid::pg_catalog.regclass FROM pg_catalog.pg_constraint k"
    "   JOIN pg_catalog.pg_class c ON c.oid = k.confrelid"
    "   WHERE c.relnamespace = n.oid AND k.connamespace <> n.oid) o)"
    " FROM (SELECT pg_catalog.to_regnamespace('\"' || $1 || '\"') AS oid) n";

static bool look(struct postgres *postgres, const char *namespace, bool *exists,
                 struct error *error)
{
    PGresult *found = NULL;
    bool good = true;
    if (!postgres_query(postgres, look_sql, 1, &namespace, &found, error)) {
        return false;
    }
    const bool there = PQgetvalue(found, 0, 0)[0] == 't';
    const bool ours = PQgetvalue(found, 0, 1)[0] == 't';
    const char *outside = PQgetvalue(found, 0, 2); /* empty when it is NULL */
    if (there && !ours) {
        good = error_set(error, ERROR_REFUSED,
                         "schema \"%s\" is not Till's: it has no table of "
                         "migrations",
                         namespace);
        error_advise(error, "Mind TILL_NAMESPACE; a schema that is somebody else's stays.");
    } else if (there && outside[0] != '\0') {
        good = error_set(error, ERROR_REFUSED, "schema \"%s\" is used by others: %s", namespace,
                         outside);
        error_advise(error, "Drop those first.");
    }
    PQclear(found);
    *exists = there;
    return good;
}

static bool drop_schema(struct postgres *postgres, const char *namespace, struct error *error)
{
    char sql[SQL_MAX];
    (void)snprintf(sql, sizeof sql, "DROP SCHEMA \"%s\" CASCADE", namespace);
    if (postgres_execute(postgres, sql, 0, NULL, error)) {
        return true;
    }
    if (postgres_failed_with(postgres, "55P03")) {
        error->kind = ERROR_REFUSED; /* the server is there; the workers are, too */
        error->remedy[0] = '\0';
        error_advise(error, "Stop the workers of this namespace, then try again.");
    }
    return error_wrap(error, "drop schema \"%s\"", namespace);
}

/* A role that cannot be dropped is no reason to keep the schema. */
static bool drop_role(struct postgres *postgres, const char *role, enum teardown_role *done,
                      struct error *error)
{
    char sql[SQL_MAX];
    PGresult *found = NULL;
    if (!postgres_query(postgres, "SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", 1, &role,
                        &found, error)) {
        return false;
    }
    const bool there = PQntuples(found) == 1;
    PQclear(found);
    *done = TEARDOWN_ROLE_ABSENT;
    if (!there) {
        return true;
    }
    (void)snprintf(sql, sizeof sql, "DROP ROLE IF EXISTS \"%s\"", role);
    if (!postgres_execute(postgres, "SAVEPOINT role", 0, NULL, error)) {
        return false;
    }
    if (postgres_execute(postgres, sql, 0, NULL, error)) {
        *done = TEARDOWN_ROLE_DROPPED;
        return postgres_execute(postgres, "RELEASE role", 0, NULL, error);
    }
    if (postgres_failed_with(postgres, "2BP01")) {
        *done = TEARDOWN_ROLE_IN_USE;
    } else if (postgres_failed_with(postgres, "42501")) {
        *done = TEARDOWN_ROLE_FORBIDDEN;
    } else {
        return error_wrap(error, "drop role \"%s\"", role);
    }
    return postgres_execute(postgres, "ROLLBACK TO role", 0, NULL, error);
}

static bool drop_all(struct postgres *postgres, const char *namespace, struct teardown *done,
                     struct error *error)
{
    char role[ROLES_NAME_MAX];
    if (!postgres_execute(postgres, "BEGIN ISOLATION LEVEL READ COMMITTED", 0, NULL, error) ||
        !migrate_lock(postgres, namespace, error) ||
        !look(postgres, namespace, &done->schema, error)) {
        return false;
    }
    if (done->schema && !drop_schema(postgres, namespace, error)) {
        return false;
    }
    for (size_t i = 0; done->schema && i < ROLES_COUNT; i++) {
        roles_name(namespace, i, role);
        if (!drop_role(postgres, role, &done->roles[i], error)) {
            return false;
        }
    }
    return true;
}

bool teardown_rehearse(struct postgres *postgres, const char *namespace, struct error *error)
{
    ENSURE(namespace_valid(namespace)); /* so that it can be quoted by quotes alone */
    struct teardown ignored = {0};
    const bool possible = drop_all(postgres, namespace, &ignored, error);
    postgres_rollback(postgres);
    return possible || error_wrap(error, "tear down \"%s\"", namespace);
}

bool teardown_apply(struct postgres *postgres, const char *namespace, struct teardown *done,
                    struct error *error)
{
    ENSURE(namespace_valid(namespace)); /* so that it can be quoted by quotes alone */
    struct teardown result = {0};
    if (!drop_all(postgres, namespace, &result, error) || !postgres_commit(postgres, error)) {
        postgres_rollback(postgres);
        return error_wrap(error, "tear down \"%s\"", namespace);
    }
    *done = result;
    return true;
}
