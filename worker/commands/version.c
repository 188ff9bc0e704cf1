/* SPDX-License-Identifier: Apache-2.0
 *
 * till version: which Till this is, and which libraries it found. */
#include <stdio.h>

#include <amqp.h>
#include <libpq-fe.h>

#include "till/version.h"
#include "worker/commands/command.h"

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    (void)invocation;
    (void)error; /* nothing here can fail */
    const int pq = PQlibVersion();
    (void)printf("till %s\nlibrabbitmq %s\nlibpq %d.%d\n", TILL_VERSION, amqp_version(), pq / 10000,
                 pq % 10000);
    *status = STATUS_DONE;
    return true;
}

const struct command command_version = {
    .name = "version",
    .operands = "",
    .summary = "which Till this is",
    .description = "Prints the version of the program and of the libraries it runs with.",
    .run = run,
};
