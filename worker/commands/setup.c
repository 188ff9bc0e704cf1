/* SPDX-License-Identifier: Apache-2.0
 *
 * till setup: tables and views in the database, exchanges and queues on the broker. Both servers
 * are connected to first, so that nothing is begun that cannot be finished. */
#include <stdio.h>

#include "common/connect/amqp_url.h"
#include "common/connect/postgres.h"
#include "common/connect/rabbit.h"
#include "worker/commands/command.h"
#include "worker/postgres/change.h"
#include "worker/postgres/generation.h"
#include "worker/postgres/migrate.h"
#include "worker/postgres/roles.h"
#include "worker/rabbit/topology.h"

static const struct option options[] = {
    {"lanes", "N", "number of lanes, the first time (8)"},
    {"roles", NULL, "make the roles NS_worker, NS_page and NS_reader too"},
    {"check", NULL, "say what there is to do, and do nothing; exit 1 if there is something"},
    {"show-sql", NULL, "print the SQL, and do nothing"},
    {0},
};

struct setup {
    const struct invocation *invocation;
    const char *namespace;
    uint32_t lanes; /* wanted */
    struct rabbit rabbit;
    struct postgres postgres;
    uint32_t pending; /* things to do that --check has found */
    bool changed;     /* it has found a migration that was applied with another content */
};

static void print_applied(void *self, unsigned number, const char *name, enum migration_state state)
{
    (void)self;
    (void)state; /* always applied */
    (void)printf("database: migration %04u %s applied\n", number, name);
}

static void print_state(void *self, unsigned number, const char *name, enum migration_state state)
{
    struct setup *setup = self;
    setup->pending += state == MIGRATION_PENDING;
    setup->changed |= state == MIGRATION_CHANGED;
    (void)printf("database: migration %04u %s: %s\n", number, name, migration_state_name(state));
}

static bool begin_generation(struct setup *setup, struct topology *topology, struct error *error)
{
    struct generation generation;
    if (!generation_begin(&setup->postgres, setup->lanes, &generation, error)) {
        return false;
    }
    if (invocation_value(setup->invocation, "lanes") != NULL && generation.lanes != setup->lanes) {
        (void)fprintf(stderr,
                      "till setup: there are %u lanes already, and they stay\n"
                      "  To change their number: till scale %u\n",
                      generation.lanes, setup->lanes);
    }
    *topology = (struct topology){
        .namespace = setup->namespace, .generation = generation.number, .lanes = generation.lanes};
    return true;
}

/* Where the entries lead is a change's to say while one is open; and one may begin meanwhile. */
static bool declare(struct setup *setup, struct topology *topology, struct error *error)
{
    struct lanes_change change;
    struct change_lease lease;
    bool leads = false;
    if (!change_read(&setup->postgres, &change, &lease, error)) {
        return false;
    }
    topology->entries_elsewhere = change.generation != 0;
    if (!topology_declare(&setup->rabbit, topology, error)) {
        return false;
    }
    if (topology->entries_elsewhere) {
        (void)fprintf(stderr,
                      "till setup: a change from %u to %u lanes is under way, and is left alone\n",
                      change.source_lanes, change.lanes);
        return true;
    }
    return change_leads_to(&setup->postgres, topology->generation, &leads, error) &&
           (leads || topology_unbind(&setup->rabbit, topology, error));
}

static bool apply(struct setup *setup, struct error *error)
{
    const struct migrate_report report = {print_applied, setup};
    struct topology topology;
    if (!migrate_apply(&setup->postgres, setup->namespace, &migrations, &report, error)) {
        return false;
    }
    if (invocation_value(setup->invocation, "roles") != NULL) {
        if (!roles_apply(&setup->postgres, setup->namespace, error)) {
            return false;
        }
        (void)printf("database: roles %s_worker, %s_page, %s_reader granted\n", setup->namespace,
                     setup->namespace, setup->namespace);
    }
    if (!begin_generation(setup, &topology, error) || !declare(setup, &topology, error)) {
        return false;
    }
    (void)printf("database %s: schema \"%s\" is up to date\n", postgres_describe(&setup->postgres),
                 setup->namespace);
    (void)printf("broker %s: generation %u with %u lanes is declared\n", setup->rabbit.address,
                 topology.generation, topology.lanes);
    return true;
}

/* What the broker lacks, compared with what the database says, or with what a first setup would do.
 */
static bool check_broker(struct setup *setup, struct error *error)
{
    struct topology topology = {
        .namespace = setup->namespace, .generation = 1, .lanes = setup->lanes};
    struct topology_state state;
    if (setup->pending == 0) {
        struct generation generation;
        if (!generation_current(&setup->postgres, &generation, error)) {
            return false;
        }
        topology.generation = generation.number;
        topology.lanes = generation.lanes;
    }
    if (!topology_inspect(&setup->rabbit, &topology, &state, error)) {
        return false;
    }
    setup->pending += state.missing;
    (void)printf("broker: generation %u with %u lanes: %u of %u exchanges and queues missing\n",
                 topology.generation, topology.lanes, state.missing, state.parts);
    return true;
}

/* What a setup would refuse is no thing to do. */
static bool check_database(struct setup *setup, struct error *error)
{
    const struct migrate_report report = {print_state, setup};
    if (!migrate_check(&setup->postgres, setup->namespace, &migrations, &report, error)) {
        return false;
    }
    return (setup->pending > 0 && !setup->changed) ||
           migrate_verify(&setup->postgres, setup->namespace, &migrations, error);
}

static bool check(struct setup *setup, enum exit_status *status, struct error *error)
{
    if (!check_database(setup, error) || !check_broker(setup, error)) {
        return false;
    }
    (void)printf("%s\n", setup->pending == 0 ? "nothing to do" : "to do: till setup");
    *status = setup->pending == 0 ? STATUS_DONE : STATUS_NEGATIVE;
    return true;
}

static bool connected(struct setup *setup, enum exit_status *status, struct error *error)
{
    if (invocation_value(setup->invocation, "check") != NULL) {
        return check(setup, status, error);
    }
    *status = STATUS_DONE;
    return apply(setup, error);
}

static bool connect_both(struct setup *setup, enum exit_status *status, struct error *error)
{
    const struct config *config = setup->invocation->config;
    struct amqp_url url;
    if (!amqp_url_load(config, &url, error) ||
        !postgres_open(&setup->postgres, config, POSTGRES_SETUP, "setup", error)) {
        return false;
    }
    bool done = false;
    if (rabbit_open(&setup->rabbit, &url, "till setup", error)) {
        done = connected(setup, status, error);
        rabbit_close(&setup->rabbit);
    }
    postgres_close(&setup->postgres);
    return done;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    struct setup setup = {
        .invocation = invocation,
        .namespace = invocation->config->namespace.value,
        .lanes = LANES_DEFAULT,
    };
    if (!invocation_number(invocation, "lanes", 1, LANES_MAX, &setup.lanes, error)) {
        return false;
    }
    if (invocation_value(invocation, "show-sql") != NULL) {
        if (invocation_value(invocation, "check") != NULL) {
            return error_set(error, ERROR_USAGE, "--check and --show-sql exclude each other");
        }
        migrate_print(setup.namespace, &migrations, stdout);
        if (invocation_value(invocation, "roles") != NULL) {
            roles_print(setup.namespace, stdout);
        }
        *status = STATUS_DONE;
        return true;
    }
    return connect_both(&setup, status, error);
}

const struct command command_setup = {
    .name = "setup",
    .operands = "",
    .summary = "makes or updates tables, exchanges and queues; safe to run again",
    .description =
        "Applies what is missing of the database's migrations, each once and in a transaction of "
        "its\n"
        "own, and declares exchanges, lanes and bindings. What is there already stays as it is.\n"
        "Any number of setups may run at once.",
    .options = options,
    .needs_config = true,
    .run = run,
};
