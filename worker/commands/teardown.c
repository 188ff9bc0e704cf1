/* SPDX-License-Identifier: Apache-2.0
 *
 * till teardown: removes a namespace from the broker and from the database, in this order: as long
 * as the database has it, another attempt knows what to look for on the broker. What the database
 * would refuse is found out before: nothing is removed then. */
#include <stdio.h>

#include "common/connect/amqp_url.h"
#include "common/connect/postgres.h"
#include "common/connect/rabbit.h"
#include "worker/commands/ask.h"
#include "worker/commands/command.h"
#include "worker/postgres/generation.h"
#include "worker/postgres/teardown.h"
#include "worker/rabbit/topology.h"

/* Looked for on the broker where the database does not know how many there were. */
#define GENERATIONS_LIKELY 16u

static const struct option options[] = {
    {"yes", NULL, "do not ask"},
    {0},
};

/* A role that somebody else still uses stays; whoever tears down should know. */
static void report_roles(const struct teardown *done, const char *namespace)
{
    for (size_t i = 0; i < ROLES_COUNT; i++) {
        char name[ROLES_NAME_MAX];
        roles_name(namespace, i, name);
        switch (done->roles[i]) {
        case TEARDOWN_ROLE_ABSENT:
        case TEARDOWN_ROLE_DROPPED:
            break;
        case TEARDOWN_ROLE_IN_USE:
            (void)fprintf(stderr, "role \"%s\" stays: something else depends on it\n", name);
            break;
        case TEARDOWN_ROLE_FORBIDDEN:
            (void)fprintf(stderr, "role \"%s\" stays: this user may not drop it\n", name);
            break;
        }
    }
}

static bool remove_both(struct rabbit *rabbit, struct postgres *postgres, const char *namespace,
                        struct error *error)
{
    uint32_t newest = 0;
    struct teardown done;
    if (!teardown_rehearse(postgres, namespace, error) ||
        !generation_newest(postgres, &newest, error) ||
        !topology_remove(rabbit, namespace, newest == 0 ? GENERATIONS_LIKELY : newest, error)) {
        return false;
    }
    (void)printf("broker %s: nothing of namespace \"%s\" is left\n", rabbit->address, namespace);
    if (!teardown_apply(postgres, namespace, &done, error)) {
        return false;
    }
    (void)printf("database %s: %s\n", postgres_describe(postgres),
                 done.schema ? "the schema is gone" : "there was no schema");
    report_roles(&done, namespace);
    return true;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    const struct config *config = invocation->config;
    const char *namespace = config->namespace.value;
    struct amqp_url url;
    struct rabbit rabbit;
    struct postgres postgres;
    char question[256];
    if (!amqp_url_load(config, &url, error)) {
        return false;
    }
    (void)snprintf(
        question, sizeof question,
        "This removes every job, decision and stock figure of the namespace \"%s\", from "
        "broker and database.",
        namespace);
    if (invocation_value(invocation, "yes") == NULL && !ask_for(question, namespace, error)) {
        return false;
    }
    if (!postgres_open(&postgres, config, POSTGRES_SETUP, "teardown", error)) {
        return false;
    }
    bool removed = false;
    if (rabbit_open(&rabbit, &url, "till teardown", error)) {
        removed = remove_both(&rabbit, &postgres, namespace, error);
        rabbit_close(&rabbit);
    }
    postgres_close(&postgres);
    *status = STATUS_DONE;
    return removed;
}

const struct command command_teardown = {
    .name = "teardown",
    .operands = "",
    .summary = "removes this namespace from broker and database",
    .description =
        "Removes the exchanges, the lanes with their jobs, the dead letters, the schema with its\n"
        "decisions and stock, and the roles of the namespace. Queues of subscribers are theirs "
        "and\n"
        "stay. Asks on a terminal; elsewhere it needs --yes.",
    .options = options,
    .needs_config = true,
    .run = run,
};
