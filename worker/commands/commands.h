/* SPDX-License-Identifier: Apache-2.0
 *
 * All commands of the program, and the way from a command line to one of them. */
#pragma once

#include <stddef.h>

#include "worker/commands/command.h"

#define COMMANDS_MAX 64u

extern const struct command command_doctor;
extern const struct command command_help;
extern const struct command command_setup;
extern const struct command command_slot;
extern const struct command command_teardown;
extern const struct command command_version;
extern const struct command command_worker;

/* The table, in the order in which help lists it; ends with NULL. */
extern const struct command *const commands[];

/* Options that every command takes; ends with a name of NULL. */
extern const struct option common_options[];

/* NULL: there is none of that name. */
const struct command *command_find(const char *name);

/* Fills the error for a name that is no command's, with the nearest that is; returns false. */
bool command_unknown(const char *name, struct error *error);

/* Runs the command that argv names, prints its error if it has one, and returns the program's exit
 * status. */
int commands_main(int argc, char **argv);
