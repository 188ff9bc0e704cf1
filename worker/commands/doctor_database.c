/* SPDX-License-Identifier: Apache-2.0
 *
 * What till doctor asks the database: a login, durable commits, the schema, room for the lanes. */
#include "worker/commands/doctor_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/connect/peer.h"
#include "common/connect/postgres.h"
#include "common/connect/postgres_settings.h"
#include "worker/commands/doctor_transport.h"
#include "worker/postgres/change.h"
#include "worker/postgres/generation.h"
#include "worker/postgres/migrate.h"
#include "worker/postgres/room.h"

#define CLOCK_DIFFERENCE_MAX_MS \
    2000 /* more than a network's delay, less than an operator's shrug */

struct checkup {
    struct findings *findings;
    const struct config *config;
    struct postgres postgres;
    struct topology *topology;
};

/* One row of texts; false: the query failed, and that is a finding already. */
static bool ask(struct checkup *checkup, const char *check, const char *sql, PGresult **result)
{
    struct error error = {0};
    if (postgres_query(&checkup->postgres, sql, 0, NULL, result, &error)) {
        ENSURE(PQntuples(*result) == 1);
        return true;
    }
    findings_fault(checkup->findings, check, &error);
    return false;
}

static void check_names(struct checkup *checkup)
{
    struct error error = {0};
    struct postgres_settings settings;
    if (!postgres_settings_read(&settings, &checkup->config->database_url, &error)) {
        return; /* opening the connection says so too */
    }
    for (size_t i = 0; i < settings.hosts_count; i++) {
        const char *host = settings.hosts[i].name;
        if (host[0] != '\0' && host[0] != '/' && settings.hosts[i].address[0] == '\0') {
            doctor_name(checkup->findings, "database name", host);
        }
    }
    postgres_settings_free(&settings);
}

static bool server_verified(PGconn *connection)
{
    PQconninfoOption *options = PQconninfo(connection);
    bool verified = false;
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        verified |= strcmp(o->keyword, "sslmode") == 0 && o->val != NULL &&
                    strcmp(o->val, "verify-full") == 0;
    }
    PQconninfoFree(options);
    return verified;
}

static void check_tls(struct checkup *checkup)
{
    PGconn *connection = checkup->postgres.connection;
    const struct transport transport = {
        .local = peer_is_local(PQsocket(connection)),
        .tls = PQsslInUse(connection) == 0 ? NULL : PQsslAttribute(connection, "protocol"),
        .verified = server_verified(connection),
        .remedy = "Take sslmode=verify-full, with the server's authority as sslrootcert.",
    };
    doctor_transport(checkup->findings, "database TLS", &transport);
}

static void check_durability(struct checkup *checkup)
{
    PGresult *result;
    struct error error = {0};
    static const char *const settings[] = {"fsync", "full_page_writes", "synchronous_commit"};
    if (!ask(
            checkup, "durability",
            "SELECT current_setting('fsync'), current_setting('full_page_writes'), "
            "coalesce((SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'), 'on')",
            &result)) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        const char *value = PQgetvalue(result, 0, i);
        if (strcmp(value, "off") == 0) {
            error_set(&error, ERROR_CONFIG, "%s is off: a crash of the server loses decisions",
                      settings[i]);
            error_advise(&error, "ALTER SYSTEM SET %s = on; SELECT pg_reload_conf();", settings[i]);
            findings_fault(checkup->findings, "durability", &error);
            PQclear(result);
            return;
        }
    }
    findings_ok(checkup->findings, "durability",
                "fsync on, full_page_writes on, synchronous_commit %s", PQgetvalue(result, 0, 2));
    PQclear(result);
}

/* Who may not even look lacks the role as well. */
static void advise_role(struct checkup *checkup, const char *user, struct error *error)
{
    error->remedy[0] = '\0';
    error_advise(error,
                 "As the schema's owner: till setup --roles; then GRANT %s_worker TO "
                 "\"%s\";",
                 checkup->config->namespace.value, user);
}

static bool check_schema(struct checkup *checkup)
{
    struct error error = {0};
    struct generation generation;
    struct lanes_change change;
    struct change_lease lease;
    const char *namespace = checkup->config->namespace.value;
    if (!migrate_verify(&checkup->postgres, namespace, &migrations, &error) ||
        !generation_current(&checkup->postgres, &generation, &error) ||
        !change_read(&checkup->postgres, &change, &lease, &error)) {
        if (postgres_failed_with(&checkup->postgres, "42501")) {
            advise_role(checkup, PQuser(checkup->postgres.connection), &error);
        }
        findings_fault(checkup->findings, "schema", &error);
        return false;
    }
    checkup->topology->generation = generation.number;
    checkup->topology->lanes = generation.lanes;
    checkup->topology->entries_elsewhere = change.generation != 0;
    findings_ok(checkup->findings, "schema", "\"%s\" is what this program works with", namespace);
    return true;
}

/* What a worker must be allowed to do, tables and privileges taken from the schema itself. */
static void check_privileges(struct checkup *checkup)
{
    PGresult *result;
    struct error error = {0};
    if (!ask(checkup, "database roles",
             "SELECT count(*), coalesce(min(c.relname), ''), current_user FROM pg_class AS c "
             "WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind = 'r' "
             "AND c.relname <> 'migration' "
             /* Of a list, any one would do. */
             "AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, "
             "'INSERT')"
             " AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))",
             &result)) {
        return;
    }
    if (strcmp(PQgetvalue(result, 0, 0), "0") == 0) {
        findings_ok(checkup->findings, "database roles", "\"%s\" may do what a worker does",
                    PQgetvalue(result, 0, 2));
    } else {
        error_set(&error, ERROR_CONFIG, "\"%s\" may not do what a worker does with table \"%s\"",
                  PQgetvalue(result, 0, 2), PQgetvalue(result, 0, 1));
        advise_role(checkup, PQgetvalue(result, 0, 2), &error);
        findings_fault(checkup->findings, "database roles", &error);
    }
    PQclear(result);
}

static void check_connections(struct checkup *checkup)
{
    int64_t room = 0;
    struct error error = {0};
    const uint32_t wanted = checkup->topology->lanes + ROOM_BESIDE_LANES;
    if (!room_look(&checkup->postgres, &room, &error)) {
        findings_fault(checkup->findings, "connections", &error);
        return;
    }
    if (room >= (int64_t)wanted) {
        findings_ok(checkup->findings, "connections",
                    "room for %" PRId64 ", %u wanted for %u lanes", room, wanted,
                    checkup->topology->lanes);
        return;
    }
    error_set(&error, ERROR_CONFIG, "room for %" PRId64 ", %u wanted for %u lanes", room, wanted,
              checkup->topology->lanes);
    error_advise(&error,
                 "Raise the limit of the database or role (ALTER ROLE ... CONNECTION LIMIT), "
                 "or max_connections, and restart PostgreSQL for the latter.");
    findings_fault(checkup->findings, "connections", &error);
}

static long now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The database's clock decides; a worker's is only in its logs. But a database that is wrong about
 * the time ends holds and opens sales at the wrong moment, and nobody else would notice. */
static void check_clock(struct checkup *checkup)
{
    PGresult *result;
    struct error error = {0};
    const long before = now_ms();
    if (!ask(checkup, "clock", "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
             &result)) {
        return;
    }
    const long after = now_ms();
    const long server = strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    const long difference = server < before ? server - before : server > after ? server - after : 0;
    if (labs(difference) <= CLOCK_DIFFERENCE_MAX_MS) {
        findings_ok(checkup->findings, "clock", "the database and this machine agree within %ld ms",
                    labs(difference) + (after - before));
        return;
    }
    error_set(&error, ERROR_CONFIG, "the database's clock is %ld ms %s this machine's",
              labs(difference), difference < 0 ? "behind" : "ahead of");
    error_advise(&error,
                 "Its clock decides when holds end and sales open: synchronise both machines "
                 "(timedatectl set-ntp true).");
    findings_fault(checkup->findings, "clock", &error);
}

static void check_connected(struct checkup *checkup)
{
    findings_ok(checkup->findings, "database login", "%s", postgres_describe(&checkup->postgres));
    findings_ok(checkup->findings, "database version", "PostgreSQL %s",
                PQparameterStatus(checkup->postgres.connection, "server_version"));
    check_tls(checkup);
    doctor_pooler(checkup->config, checkup->findings, &checkup->postgres);
    check_durability(checkup);
    check_clock(checkup);
    if (check_schema(checkup)) {
        check_privileges(checkup);
        check_connections(checkup);
    }
}

void doctor_database(const struct config *config, struct findings *findings,
                     struct topology *topology)
{
    struct error error = {0};
    struct checkup checkup = {.findings = findings, .config = config, .topology = topology};
    check_names(&checkup);
    if (!postgres_open(&checkup.postgres, config, POSTGRES_COMMAND, "doctor", &error)) {
        findings_fault(findings, "database login", &error);
        return;
    }
    check_connected(&checkup);
    postgres_close(&checkup.postgres);
}
