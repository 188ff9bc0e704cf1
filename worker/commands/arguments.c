/* SPDX-License-Identifier: Apache-2.0
 *
 * Command lines: options by name, operands by position, errors with the nearest name. */
#include "worker/commands/arguments.h"

#include <string.h>

#include "worker/commands/commands.h"
#include "worker/commands/nearest.h"

static size_t own_option_count(const struct command *command)
{
    size_t count = 0;
    while (command->options != NULL && command->options[count].name != NULL) {
        count++;
    }
    return count;
}

const struct option *command_option(const struct command *command, size_t position)
{
    const size_t own = own_option_count(command);
    ENSURE(position <= OPTIONS_MAX);
    if (position < own) {
        return &command->options[position];
    }
    for (size_t i = 0; common_options[i].name != NULL; i++) {
        if (own + i == position) {
            return &common_options[i];
        }
    }
    return NULL;
}

/* The position of an option whose name has the given size; OPTIONS_MAX when there is none. */
static size_t option_position(const struct command *command, const char *name, size_t size)
{
    const struct option *option;
    for (size_t i = 0; (option = command_option(command, i)) != NULL; i++) {
        if (strlen(option->name) == size && memcmp(option->name, name, size) == 0) {
            return i;
        }
    }
    return OPTIONS_MAX;
}

bool option_unknown(const char *name, size_t size, const char *const *names, size_t count,
                    struct error *error)
{
    char given[64];
    const size_t kept = size < sizeof given ? size : sizeof given - 1;
    memcpy(given, name, kept);
    given[kept] = '\0';

    error_set(error, ERROR_USAGE, "there is no option \"--%s\"", given);
    const char *near = nearest(given, names, count);
    return near == NULL ? false : error_advise(error, "Did you mean --%s?", near);
}

static bool unknown_option(const struct command *command, const char *name, size_t size,
                           struct error *error)
{
    const char *names[OPTIONS_MAX];
    const struct option *option;
    size_t count = 0;
    for (; (option = command_option(command, count)) != NULL; count++) {
        names[count] = option->name;
    }
    return option_unknown(name, size, names, count, error);
}

/* Takes argv[*at], which begins with "--", and its value where it has one. */
static bool take_option(struct invocation *invocation, int argc, char **argv, int *at,
                        struct error *error)
{
    const char *name = argv[*at] + 2;
    const size_t size = strcspn(name, "=");
    const size_t position = option_position(invocation->command, name, size);
    if (position == OPTIONS_MAX) {
        return unknown_option(invocation->command, name, size, error);
    }
    const struct option *option = command_option(invocation->command, position);
    ENSURE(option != NULL);
    if (invocation->values[position] != NULL) {
        return error_set(error, ERROR_USAGE, "--%s is given twice", option->name);
    }
    if (option->value == NULL) {
        if (name[size] == '=') {
            return error_set(error, ERROR_USAGE, "--%s takes no value", option->name);
        }
        invocation->values[position] = option->name;
        return true;
    }
    if (name[size] == '=') {
        invocation->values[position] = name + size + 1;
        return true;
    }
    if (*at + 1 >= argc) {
        return error_set(error, ERROR_USAGE, "--%s needs a value: --%s %s", option->name,
                         option->name, option->value);
    }
    (*at)++;
    invocation->values[position] = argv[*at];
    return true;
}

bool arguments_parse(struct invocation *invocation, int argc, char **argv, struct error *error)
{
    size_t operands = 0;
    bool options_ended = false;
    for (int i = 0; i < argc; i++) {
        if (options_ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[operands++] = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--") == 0) {
            options_ended = true;
            continue;
        }
        if (argv[i][1] != '-') {
            error_set(error, ERROR_USAGE, "there is no option \"%s\"", argv[i]);
            return error_advise(error, "Options begin with two dashes, as in --help.");
        }
        if (!take_option(invocation, argc, argv, &i, error)) {
            return false;
        }
    }
    invocation->operands = (const char *const *)argv;
    invocation->operand_count = operands;
    return true;
}

bool arguments_complete(const struct invocation *invocation, struct error *error)
{
    const struct command *command = invocation->command;
    if (invocation->operand_count < command->operands_min) {
        return error_set(error, ERROR_USAGE, "something is missing: till %s %s", command->name,
                         command->operands);
    }
    if (invocation->operand_count > command->operands_max) {
        return error_set(error, ERROR_USAGE, "\"%s\" is one too many",
                         invocation->operands[command->operands_max]);
    }
    return true;
}

const char *invocation_value(const struct invocation *invocation, const char *name)
{
    const size_t position = option_position(invocation->command, name, strlen(name));
    ENSURE(position < OPTIONS_MAX);
    return invocation->values[position];
}

bool invocation_number(const struct invocation *invocation, const char *name, uint32_t min,
                       uint32_t max, uint32_t *number, struct error *error)
{
    const char *value = invocation_value(invocation, name);
    if (value == NULL) {
        return true;
    }
    uint64_t found = 0;
    const size_t digits = strspn(value, "0123456789");
    for (size_t i = 0; i < digits && found <= max; i++) {
        found = found * 10 + (uint64_t)(value[i] - '0');
    }
    if (digits == 0 || value[digits] != '\0' || found < min || found > max) {
        error_set(error, ERROR_USAGE, "--%s: \"%s\" is not a number from %u to %u", name, value,
                  min, max);
        return false;
    }
    *number = (uint32_t)found;
    return true;
}
