/* SPDX-License-Identifier: Apache-2.0
 *
 * Parses a command line by a command's own description of its options and operands. */
#pragma once

#include "worker/commands/command.h"

/* Sorts argv into options and operands; options may stand anywhere, "--" ends them, and a value
 * follows its option or an equals sign. Operands are moved to the front of argv. */
bool arguments_parse(struct invocation *invocation, int argc, char **argv,
                     struct error *error) MUST_CHECK;

/* Whether the number of operands is one that the command takes; a matter of its own because
 * "till slot --help" is complete without any. */
bool arguments_complete(const struct invocation *invocation, struct error *error) MUST_CHECK;

/* The option at a position: the command's own come first, then the common ones; NULL behind the
 * last. */
const struct option *command_option(const struct command *command, size_t position);

/* Fills the error for a name of this size that no option has, with the nearest of the names;
 * returns false. */
bool option_unknown(const char *name, size_t size, const char *const *names, size_t count,
                    struct error *error);
