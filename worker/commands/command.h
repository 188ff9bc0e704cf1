/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command is. Each stands in a file of its own as one constant; the table in commands.c
 * lists them. Usage texts, the parsing of the command line and its errors all come from these
 * constants. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/connect/config.h"

#define OPTIONS_MAX 24u /* of one command, those of every command included */

/* How the program ends. Scripts rely on the numbers. */
enum exit_status {
    STATUS_DONE = 0,
    STATUS_NEGATIVE = 1,     /* a negative answer: refused, unhealthy, something to do */
    STATUS_USAGE = 2,        /* the command line is wrong */
    STATUS_SOLD_OUT = 3,     /* nothing refused, but not all could be had */
    STATUS_UNREACHABLE = 69, /* broker or database */
    STATUS_TIMED_OUT = 75,   /* waited as long as was allowed */
    STATUS_CONFIGURATION = 78,
};

struct option {
    const char *name;  /* without the dashes */
    const char *value; /* what help calls its value; NULL: a switch */
    const char *help;
};

/* A parsed command line. Strings belong to argv. */
struct invocation {
    const struct command *command;
    const char
        *values[OPTIONS_MAX]; /* by the position of the option; a switch's value is its name */
    const char *const *operands;
    size_t operand_count;
    const struct config *config;
};

/* One that has commands of its own ("stock") has nothing else but name and summary; they are named
 * in full ("stock list"). */
struct command {
    const char *name;
    const struct command *const *commands; /* ends with NULL; NULL: none, it runs itself */
    const char *operands; /* as the usage line shows them; "" when there are none */
    size_t operands_min;
    size_t operands_max;
    const char *summary;          /* one line, for the list */
    const char *description;      /* paragraphs, for help COMMAND */
    const struct option *options; /* ends with a name of NULL */
    bool needs_config;            /* settings are read, and so may be wrong */
    /* Results go to stdout, talk to stderr. On failure only *error is filled: who called prints it
     * and chooses the exit status. */
    bool (*run)(const struct invocation *invocation, enum exit_status *status,
                struct error *error) MUST_CHECK;
};

/* The value of an option, a switch's name if it is on, NULL if it was not given. The option must be
 * one of the command's. */
const char *invocation_value(const struct invocation *invocation, const char *name);

/* An option's value as a number between the bounds; otherwise ERROR_USAGE. Not given: leaves
 * *number alone. */
bool invocation_number(const struct invocation *invocation, const char *name, uint32_t min,
                       uint32_t max, uint32_t *number, struct error *error) MUST_CHECK;
