/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of commands, and the one place where errors are printed and exit statuses chosen. */
#include "worker/commands/commands.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/connect/amqp_url.h"
#include "common/connect/postgres_settings.h"
#include "worker/commands/arguments.h"
#include "worker/commands/help.h"
#include "worker/commands/nearest.h"

const struct command *const commands[] = {
    &command_setup, &command_worker, &command_teardown, &command_doctor,
    &command_slot,  &command_help,   &command_version,  NULL,
};

const struct option common_options[] = {
    {"amqp-url", "URL", "the broker (TILL_AMQP_URL); without a password"},
    {"database-url", "URL", "the database (TILL_DATABASE_URL); without a password"},
    {"namespace", "NAME", "prefix of exchanges and queues, and the schema (TILL_NAMESPACE)"},
    {"log", "LEVEL", "debug, info, warn or error (TILL_LOG)"},
    {"help", NULL, "this text"},
    {0},
};

static enum exit_status status_of(enum error_kind kind)
{
    switch (kind) {
    case ERROR_RETRY:
        return STATUS_UNREACHABLE;
    case ERROR_CONFIG:
        return STATUS_CONFIGURATION;
    case ERROR_USAGE:
        return STATUS_USAGE;
    case ERROR_NONE:
    case ERROR_UNKNOWN:
    case ERROR_FENCED:
    case ERROR_JOB:
    case ERROR_REFUSED:
    case ERROR_FATAL:
        break;
    }
    return STATUS_NEGATIVE;
}

static int report(const char *command, const struct error *error)
{
    (void)fprintf(stderr, "till%s%s: %s\n", command[0] == '\0' ? "" : " ", command, error->text);
    if (error->remedy[0] != '\0') {
        (void)fprintf(stderr, "  %s\n", error->remedy);
    }
    return (int)status_of(error->kind);
}

/* Every option of every command, those that several have more than once. */
static size_t all_options(const struct option **list)
{
    const struct option *option;
    size_t count = 0;
    for (size_t i = 0; commands[i] != NULL; i++) {
        ENSURE(i < COMMANDS_MAX);
        for (size_t j = 0; (option = command_option(commands[i], j)) != NULL; j++) {
            list[count++] = option;
        }
    }
    return count;
}

/* Whether the next word is the value of an option that stands before the command. A name means the
 * same in all commands; one that none has is an error, for then nobody can tell. */
static bool takes_next(const char *given, bool *takes, struct error *error)
{
    const struct option *options[COMMANDS_MAX * OPTIONS_MAX];
    const char *names[COMMANDS_MAX * OPTIONS_MAX];
    const size_t size = strcspn(given, "=");
    const size_t count = all_options(options);
    for (size_t i = 0; i < count; i++) {
        names[i] = options[i]->name;
        if (strlen(names[i]) == size && memcmp(names[i], given, size) == 0) {
            *takes = options[i]->value != NULL && given[size] == '\0';
            return true;
        }
    }
    return option_unknown(given, size, names, count, error);
}

/* Options may stand before the command too: till --namespace shop setup. Writes the place of the
 * command's name, argc or more when there is none. */
static bool find_command_name(int argc, char **argv, int *at, struct error *error)
{
    int i = 1;
    while (i < argc && strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0') {
        bool takes = false;
        if (!takes_next(argv[i] + 2, &takes, error)) {
            return error_advise(error, "All commands: till help");
        }
        i += takes ? 2 : 1;
    }
    *at = i;
    return true;
}

/* What is wrong with a URL on the command line is wrong with the command line, whether or not the
 * command needs that server. */
static bool check_urls(const struct invocation *invocation, const struct config *config,
                       struct error *error)
{
    struct amqp_url url;
    struct postgres_settings settings;
    struct error found = {0};
    if (invocation_value(invocation, "amqp-url") != NULL && !amqp_url_load(config, &url, &found) &&
        found.kind == ERROR_USAGE) {
        *error = found;
        return false;
    }
    if (invocation_value(invocation, "database-url") == NULL) {
        return true;
    }
    if (!postgres_settings_read(&settings, &config->database_url, &found)) {
        *error = found;
        return false;
    }
    postgres_settings_free(&settings);
    return true;
}

static bool run(const struct command *command, int argc, char **argv, enum exit_status *status,
                struct error *error)
{
    struct invocation invocation = {.command = command};
    struct config config;
    if (!arguments_parse(&invocation, argc, argv, error)) {
        return error_advise(error, "Usage: till help %s", command->name);
    }
    if (invocation_value(&invocation, "help") != NULL) {
        help_print(stdout, command);
        *status = STATUS_DONE;
        return true;
    }
    if (!arguments_complete(&invocation, error)) {
        return error_advise(error, "Usage: till help %s", command->name);
    }
    if (command->needs_config) {
        const struct config_flags flags = {
            .namespace = invocation_value(&invocation, "namespace"),
            .amqp_url = invocation_value(&invocation, "amqp-url"),
            .database_url = invocation_value(&invocation, "database-url"),
            .log = invocation_value(&invocation, "log"),
        };
        if (!config_load(&config, &flags, error) || !check_urls(&invocation, &config, error)) {
            return false;
        }
        log_level_set(config.log_level);
        invocation.config = &config;
    }
    return command->run(&invocation, status, error);
}

/* What was printed must have arrived: a full disk behind stdout is a failure too. */
static bool flush_results(struct error *error)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return true;
    }
    return error_set(error, ERROR_FATAL, "cannot write the result: %m");
}

int commands_main(int argc, char **argv)
{
    /* A lost connection is an error, not the end of the program. */
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* cannot fail: the signal exists */

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0)) {
        argv[1] += 2; /* as most programs have them: the commands of these names */
    }
    struct error error = {0};
    int at = argc;
    if (!find_command_name(argc, argv, &at, &error)) {
        return report("", &error);
    }
    if (at >= argc) {
        help_print_all(stderr);
        return STATUS_USAGE;
    }
    const struct command *command = command_find(argv[at]);
    if (command == NULL) {
        (void)command_unknown(argv[at], &error); /* reported as it is */
        return report("", &error);
    }
    /* The command's name leaves; what stood around it is its command line. */
    memmove(argv + at, argv + at + 1, (size_t)(argc - at) * sizeof argv[0]);

    enum exit_status status = STATUS_DONE;
    if (!run(command, argc - 2, argv + 1, &status, &error) || !flush_results(&error)) {
        return report(command->name, &error);
    }
    return (int)status;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

bool command_unknown(const char *name, struct error *error)
{
    const char *names[COMMANDS_MAX];
    size_t count = 0;
    for (; commands[count] != NULL; count++) {
        ENSURE(count < COMMANDS_MAX);
        names[count] = commands[count]->name;
    }
    error_set(error, ERROR_USAGE, "there is no command \"%s\"", name);
    const char *near = nearest(name, names, count);
    if (near != NULL) {
        error_advise(error, "Did you mean \"till %s\"? All commands: till help", near);
    }
    return error_advise(error, "All commands: till help");
}
