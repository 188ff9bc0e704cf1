/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints what the table of commands says. */
#pragma once

#include <stdio.h>

#include "worker/commands/command.h"

/* All commands, a line each, and how the program is configured. */
void help_print_all(FILE *out);

/* One command: usage, description, options. */
void help_print(FILE *out, const struct command *command);
