/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims, makes and removes the namespace of a demonstration. A comment on the schema says whose it
 * is; it is there before anything else is, so that what an end in the middle has left is known. */
#include "worker/commands/demo_place.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "worker/postgres/generation.h"
#include "worker/postgres/migrate.h"
#include "worker/postgres/teardown.h"

#define SUFFIX "_demo"

/* A server notices a little later that the program before is gone. */
#define CLAIM_ATTEMPTS 30
#define CLAIM_PAUSE_MS 100

#define REMOVE_ATTEMPTS 4
#define REMOVE_PAUSE_MS 500

#define COMMENT "Made by till demo, which removes it."

#define SQL_MAX 256u

enum schema {
    SCHEMA_ABSENT,
    SCHEMA_EMPTY, /* and a demonstration's, as the next */
    SCHEMA_OURS,
    SCHEMA_OTHER,
};

static bool name_place(struct demo_place *place, const struct config *config, struct error *error)
{
    const char *given = config->namespace.value;
    if (strlen(given) + sizeof SUFFIX - 1 > NAMESPACE_MAX) {
        error_set(error, ERROR_USAGE,
                  "the demonstration's namespace would be \"%s" SUFFIX "\", which is too long",
                  given);
        return error_advise(error,
                            "Give it a shorter one to be named after: till demo "
                            "--namespace NAME, of at most %zu bytes.",
                            NAMESPACE_MAX - (sizeof SUFFIX - 1));
    }
    (void)snprintf(place->namespace, sizeof place->namespace, "%s" SUFFIX, given);
    ENSURE(namespace_valid(place->namespace)); /* so that it can be quoted by quotes alone */
    place->config = *config;
    place->config.namespace.value = place->namespace;
    return amqp_url_load(config, &place->url, error);
}

static bool refuse_second(const struct demo_place *place, struct error *error)
{
    error_set(error, ERROR_REFUSED, "another demonstration is at work in the namespace \"%s\"",
              place->namespace);
    return error_advise(error, "Wait until it is over, or have this one elsewhere: till demo "
                               "--namespace OTHER");
}

static bool lock_once(struct demo_place *place, bool *locked, struct error *error)
{
    const char *const parameters[] = {place->namespace};
    PGresult *result;
    if (!postgres_query(&place->postgres,
                        "SELECT pg_catalog.pg_try_advisory_lock("
                        "pg_catalog.hashtextextended('till demo ' || $1, 0))",
                        1, parameters, &result, error)) {
        return false;
    }
    *locked = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return true;
}

static bool claim_database(struct demo_place *place, struct error *error)
{
    if (!postgres_open(&place->postgres, &place->config, POSTGRES_SETUP, "demo", error)) {
        return false;
    }
    for (int i = 0; i < CLAIM_ATTEMPTS; i++) {
        bool locked = false;
        if (!lock_once(place, &locked, error) || locked) {
            return locked;
        }
        (void)poll(NULL, 0, CLAIM_PAUSE_MS);
    }
    return refuse_second(place, error);
}

/* A user's permissions are replaced as a whole: those of the namespace beside this one must stay.
 */
static bool advise_permissions(const struct demo_place *place, struct error *error)
{
    const int base = (int)(strlen(place->namespace) - (sizeof SUFFIX - 1));
    const char *name = place->namespace;
    if (place->ear.rabbit.reply_code != AMQP_ACCESS_REFUSED) {
        return false;
    }
    error->remedy[0] = '\0'; /* this one is exact */
    return error_advise(error,
                        "The demonstration has the namespace \"%s\": rabbitmqctl set_permissions "
                        "-p '%s' '%s' '^%.*s(" SUFFIX ")?\\.' "
                        "'^(%.*s(" SUFFIX ")?\\.|amq\\.default$)' '^%.*s(" SUFFIX ")?\\.'",
                        name, place->url.vhost, place->url.user, base, name, base, name, base,
                        name);
}

static bool claim_broker(struct demo_place *place, struct error *error)
{
    for (int i = 0; i < CLAIM_ATTEMPTS; i++) {
        struct error found = {0};
        if (ear_open(&place->ear, &place->url, place->namespace, "demo", &found)) {
            return true;
        }
        if (found.kind != ERROR_REFUSED) {
            *error = found;
            return advise_permissions(place, error);
        }
        (void)poll(NULL, 0, CLAIM_PAUSE_MS);
    }
    return refuse_second(place, error);
}

static bool look(struct demo_place *place, enum schema *schema, struct error *error)
{
    static const char sql[] =
        "SELECT n.oid IS NOT NULL,"
        " pg_catalog.obj_description(n.oid, 'pg_namespace') IS NOT DISTINCT FROM '" COMMENT "',"
        " EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)"
        " FROM (SELECT pg_catalog.to_regnamespace('\"' || $1 || '\"') AS oid) n";
    const char *const parameters[] = {place->namespace};
    PGresult *result;
    if (!postgres_query(&place->postgres, sql, 1, parameters, &result, error)) {
        return false;
    }
    const bool there = PQgetvalue(result, 0, 0)[0] == 't';
    const bool ours = PQgetvalue(result, 0, 1)[0] == 't';
    const bool filled = PQgetvalue(result, 0, 2)[0] == 't';
    PQclear(result);
    *schema = !there ? SCHEMA_ABSENT : !ours ? SCHEMA_OTHER : filled ? SCHEMA_OURS : SCHEMA_EMPTY;
    return true;
}

static bool refuse_taken(const struct demo_place *place, const char *what, struct error *error)
{
    error_set(error, ERROR_REFUSED,
              "the namespace \"%s\" is in use by something that is not a "
              "demonstration: %s",
              place->namespace, what);
    return error_advise(error, "Have the demonstration elsewhere: till demo --namespace OTHER (it "
                               "uses OTHER" SUFFIX ").");
}

/* Of a demonstration that this database knows nothing of, nothing can be on the broker: the schema
 * comes first and goes last. */
static bool check_broker(struct demo_place *place, struct error *error)
{
    const struct topology topology = {
        .namespace = place->namespace, .generation = DEMO_GENERATION, .lanes = DEMO_LANES};
    struct topology_state state;
    if (!topology_inspect(&place->ear.rabbit, &topology, &state, error)) {
        return false;
    }
    return state.missing == state.parts ||
           refuse_taken(place,
                        "the broker has exchanges or queues of it, and this database has "
                        "no schema",
                        error);
}

static bool remove_parts(struct demo_place *place, struct rabbit *rabbit, enum schema schema,
                         struct error *error)
{
    char sql[SQL_MAX];
    uint32_t newest = 0;
    struct teardown done;
    if (schema == SCHEMA_EMPTY) {
        (void)snprintf(sql, sizeof sql, "DROP SCHEMA \"%s\"", place->namespace);
        return postgres_execute(&place->postgres, sql, 0, NULL, error);
    }
    return generation_newest(&place->postgres, &newest, error) &&
           topology_remove(rabbit, place->namespace,
                           newest < DEMO_GENERATION ? DEMO_GENERATION : newest, error) &&
           teardown_apply(&place->postgres, place->namespace, &done, error);
}

/* What a worker that was killed had asked the database for may hold its locks for a moment. */
static bool remove_patiently(struct demo_place *place, struct rabbit *rabbit, enum schema schema,
                             struct error *error)
{
    for (int i = 0; i < REMOVE_ATTEMPTS; i++) {
        *error = (struct error){0};
        if (remove_parts(place, rabbit, schema, error)) {
            return true;
        }
        if (error->kind != ERROR_RETRY || place->postgres.connection == NULL || rabbit->broken) {
            return false;
        }
        (void)poll(NULL, 0, REMOVE_PAUSE_MS);
    }
    return false;
}

static bool make_schema(struct demo_place *place, struct error *error)
{
    char sql[SQL_MAX];
    (void)snprintf(sql, sizeof sql,
                   "BEGIN; CREATE SCHEMA \"%s\"; COMMENT ON SCHEMA \"%s\" IS '" COMMENT "'; COMMIT",
                   place->namespace, place->namespace);
    if (postgres_run(&place->postgres, sql, error)) {
        return true;
    }
    postgres_rollback(&place->postgres);
    error_advise(error, "The demonstration has a schema of its own: grant the user CREATE on the "
                        "database.");
    return error_wrap(error, "make the schema \"%s\"", place->namespace);
}

static void ignore_migration(void *self, unsigned number, const char *name,
                             enum migration_state state)
{
    (void)self;
    (void)number;
    (void)name;
    (void)state;
}

static bool make(struct demo_place *place, struct error *error)
{
    const struct migrate_report report = {ignore_migration, NULL};
    const struct topology topology = {
        .namespace = place->namespace, .generation = DEMO_GENERATION, .lanes = DEMO_LANES};
    struct generation generation;
    if (!make_schema(place, error)) {
        return false;
    }
    place->made = true;
    return migrate_apply(&place->postgres, place->namespace, &migrations, &report, error) &&
           generation_begin(&place->postgres, DEMO_LANES, &generation, error) &&
           topology_declare(&place->ear.rabbit, &topology, error) &&
           ear_bind(&place->ear, place->namespace, "checkout.#", error) &&
           ear_bind(&place->ear, place->namespace, "adjust.#", error) &&
           ear_bind(&place->ear, place->namespace, "job.#", error);
}

static bool clear(struct demo_place *place, struct error *error)
{
    enum schema schema = SCHEMA_ABSENT;
    if (!look(place, &schema, error)) {
        return false;
    }
    switch (schema) {
    case SCHEMA_ABSENT:
        return check_broker(place, error);
    case SCHEMA_EMPTY:
    case SCHEMA_OURS:
        return remove_patiently(place, &place->ear.rabbit, schema, error) ||
               error_wrap(error, "remove what an earlier demonstration has left");
    case SCHEMA_OTHER:
        break;
    }
    return refuse_taken(place, "the database has a schema of this name", error);
}

bool demo_place_open(struct demo_place *place, const struct config *config, struct error *error)
{
    return name_place(place, config, error) && claim_database(place, error) &&
           claim_broker(place, error) && clear(place, error) && make(place, error) &&
           ear_listen(&place->ear, error);
}

bool demo_place_remove(struct demo_place *place, struct error *error)
{
    enum schema schema = SCHEMA_ABSENT;
    struct rabbit rabbit;
    if (!place->made) {
        return true;
    }
    if (place->postgres.connection == NULL &&
        !postgres_open(&place->postgres, &place->config, POSTGRES_SETUP, "demo", error)) {
        return false;
    }
    /* The ear's connection may be in the middle of a message. */
    if (!rabbit_open(&rabbit, &place->url, "till demo", error)) {
        return false;
    }
    const bool removed =
        look(place, &schema, error) && remove_patiently(place, &rabbit, schema, error);
    rabbit_close(&rabbit);
    place->made = !removed;
    return removed;
}

void demo_place_close(struct demo_place *place)
{
    ear_close(&place->ear);
    postgres_close(&place->postgres);
}
