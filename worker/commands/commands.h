/* SPDX-License-Identifier: Apache-2.0
 *
 * All commands of the program, and the way from a command line to one of them. */
#pragma once

#include <stddef.h>

#include "worker/commands/command.h"

#define COMMANDS_MAX 64u

extern const struct command command_audit;
extern const struct command command_dead;
extern const struct command command_demo;
extern const struct command command_doctor;
extern const struct command command_help;
extern const struct command command_prune;
extern const struct command command_replay;
extern const struct command command_scale;
extern const struct command command_setup;
extern const struct command command_show;
extern const struct command command_slot;
extern const struct command command_status;
extern const struct command command_stock;
extern const struct command command_store;
extern const struct command command_submit;
extern const struct command command_teardown;
extern const struct command command_version;
extern const struct command command_watch;
extern const struct command command_worker;

/* The table, in the order in which help lists it; ends with NULL. */
extern const struct command *const commands[];

/* Options that every command takes; ends with a name of NULL. */
extern const struct option common_options[];

/* Finds a command by words, of which it takes as many as it has: "stock", "list". Returns how many
 * those were; 0 and the error, with the nearest name, when there is no such command. A group with
 * no further word is found itself. */
size_t command_find(const char *const *words, size_t count, const struct command **command,
                    struct error *error) MUST_CHECK;

/* Runs the command that argv names, prints its error if it has one, and returns the program's exit
 * status. */
int commands_main(int argc, char **argv);
