/* SPDX-License-Identifier: Apache-2.0
 *
 * till help: usage texts, all of them made from the table of commands. */
#include "worker/commands/help.h"

#include <string.h>

#include "worker/commands/arguments.h"
#include "worker/commands/commands.h"
#include "worker/commands/nearest.h"

static void print_option(FILE *out, const struct option *option)
{
    char left[48];
    (void)snprintf(left, sizeof left, "--%s%s%s", option->name, option->value == NULL ? "" : " ",
                   option->value == NULL ? "" : option->value);
    (void)fprintf(out, "  %-20s %s\n", left, option->help);
}

static void print_command(FILE *out, const struct command *command)
{
    (void)fprintf(out, "  %-13s %s\n", command->name, command->summary);
}

static void print_options(FILE *out, const struct command *command)
{
    const struct option *option;
    (void)fputs("\nOptions:\n", out);
    for (size_t i = 0; (option = command_option(command, i)) != NULL; i++) {
        print_option(out, option);
    }
}

static void print_group(FILE *out, const struct command *group)
{
    (void)fprintf(out, "%s\n\nUsage: till %s COMMAND [OPTIONS] [OPERANDS]\n\nCommands:\n",
                  group->summary, group->name);
    for (size_t i = 0; group->commands[i] != NULL; i++) {
        print_command(out, group->commands[i]);
    }
    print_options(out, group);
    (void)fprintf(out, "\nMore of each: till help %s COMMAND\n", group->name);
}

void help_print_all(FILE *out)
{
    (void)fputs("Till takes a shop's checkouts through lanes, so that nothing is sold twice.\n"
                "\n"
                "Usage: till COMMAND [OPTIONS] [OPERANDS]\n"
                "\n"
                "Commands:\n",
                out);
    for (size_t i = 0; commands[i] != NULL; i++) {
        print_command(out, commands[i]);
    }
    (void)fputs(
        "\n"
        "Environment (a flag outranks it):\n"
        "  TILL_AMQP_URL            the broker, else AMQP_URL, else\n"
        "                           amqp://guest:guest@localhost:5672\n"
        "  TILL_AMQP_PASSWORD_FILE  a file with the broker's password\n"
        "  TILL_DATABASE_URL        the database, else DATABASE_URL, else libpq's PG* variables\n"
        "  PGPASSFILE               a file with the database's password, as libpq has it\n"
        "  TILL_NAMESPACE           prefix of exchanges and queues, and the schema (till)\n"
        "  TILL_LOG                 debug, info, warn or error (info)\n"
        "\n"
        "Exit status: 0 done, 1 a negative answer, 2 usage, 3 sold out, 69 broker or database\n"
        "unreachable, 75 timed out waiting, 78 configuration.\n"
        "\n"
        "More of each: till help COMMAND\n",
        out);
}

void help_print(FILE *out, const struct command *command)
{
    if (command->commands != NULL) {
        print_group(out, command);
        return;
    }
    (void)fprintf(out, "%s\n\nUsage: till %s [OPTIONS]%s%s\n\n%s\n", command->summary,
                  command->name, command->operands[0] == '\0' ? "" : " ", command->operands,
                  command->description);
    print_options(out, command);
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    const struct command *command = NULL;
    const size_t count = invocation->operand_count;
    if (count == 0) {
        help_print_all(stdout);
    } else {
        const size_t words = command_find(invocation->operands, count, &command, error);
        if (words == 0) {
            return false;
        }
        if (words < count) {
            return error_set(error, ERROR_USAGE, "\"%s\" is one too many",
                             invocation->operands[words]);
        }
        help_print(stdout, command);
    }
    *status = STATUS_DONE;
    return true;
}

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .operands_max = 2,
    .summary = "what a command does, and its options",
    .description = "Without a command: the list of all.",
    .run = run,
};
