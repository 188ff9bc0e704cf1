/* SPDX-License-Identifier: Apache-2.0
 *
 * till version: which Till this is, and which libraries it runs with. */
#include <stdio.h>

#include "common/connect/libraries.h"
#include "till/version.h"
#include "worker/commands/command.h"

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    char memory[256];
    struct text libraries;
    (void)invocation;
    (void)error; /* nothing here can fail */
    text_init(&libraries, memory, sizeof memory);
    libraries_write(&libraries);
    (void)printf("till %s\n%s", TILL_VERSION, libraries.bytes);
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
