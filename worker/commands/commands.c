/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of commands, and the one place where errors are printed and exit statuses chosen. */
#include "worker/commands/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/connect/amqp_url.h"
#include "common/connect/postgres_settings.h"
#include "worker/commands/arguments.h"
#include "worker/commands/help.h"
#include "worker/commands/nearest.h"

const struct command *const commands[] = {
    &command_setup,    &command_worker, &command_status, &command_scale,   &command_submit,
    &command_teardown, &command_watch,  &command_stock,  &command_store,   &command_show,
    &command_dead,     &command_audit,  &command_replay, &command_prune,   &command_doctor,
    &command_demo,     &command_slot,   &command_help,   &command_version, NULL,
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

/* Every option of every command of a list, those that several have more than once. */
static size_t put_options(const struct command *const *from, const struct option **list,
                          size_t count)
{
    const struct option *option;
    for (size_t i = 0; from[i] != NULL; i++) {
        for (size_t j = 0; (option = command_option(from[i], j)) != NULL; j++) {
            ENSURE(count < COMMANDS_MAX * OPTIONS_MAX);
            list[count++] = option;
        }
    }
    return count;
}

static size_t all_options(const struct option **list)
{
    size_t count = put_options(commands, list, 0);
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->commands != NULL) {
            count = put_options(commands[i]->commands, list, count);
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
    if (fflush(stdout) != 0) {
        return error_set(error, ERROR_FATAL, "cannot write the result: %m");
    }
    /* What failed before this flush has left no errno. */
    return ferror(stdout) == 0 ||
           error_set(error, ERROR_FATAL,
                     "cannot write the result: its reader has gone, or there is no room for it");
}

/* Of a command in a group the part behind the group's name, which it repeats. */
static const char *last_word(const struct command *command)
{
    const char *space = strrchr(command->name, ' ');
    return space == NULL ? command->name : space + 1;
}

static bool command_unknown(const char *word, const struct command *group, struct error *error)
{
    const struct command *const *list = group == NULL ? commands : group->commands;
    const char *names[COMMANDS_MAX];
    size_t count = 0;
    for (; list[count] != NULL; count++) {
        ENSURE(count < COMMANDS_MAX);
        names[count] = last_word(list[count]);
    }
    const char *before = group == NULL ? "" : group->name;
    const char *space = group == NULL ? "" : " ";
    error_set(error, ERROR_USAGE, "there is no command \"%s%s%s\"", before, space, word);
    const char *near = nearest(word, names, count);
    if (near != NULL) {
        error_advise(error, "Did you mean \"till %s%s%s\"? All commands: till help%s%s", before,
                     space, near, space, before);
    }
    return error_advise(error, "All commands: till help%s%s", space, before);
}

static const struct command *find_in(const struct command *const *list, const char *word)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (strcmp(last_word(list[i]), word) == 0) {
            return list[i];
        }
    }
    return NULL;
}

size_t command_find(const char *const *words, size_t count, const struct command **command,
                    struct error *error)
{
    ENSURE(count > 0);
    const struct command *found = find_in(commands, words[0]);
    if (found == NULL) {
        (void)command_unknown(words[0], NULL, error); /* false, as all that set an error */
        return 0;
    }
    if (found->commands == NULL || count == 1) {
        *command = found;
        return 1;
    }
    *command = find_in(found->commands, words[1]);
    if (*command == NULL) {
        (void)command_unknown(words[1], found, error);
        return 0;
    }
    return 2;
}

/* The words that name the command leave argv; what stood around them is its command line. NULL:
 * none is named, or there is no such command, which is an error. */
static const struct command *take_command(int *argc, char **argv, struct error *error)
{
    const char *words[2];
    const struct command *command = NULL;
    size_t count = 0;
    int at = 0;
    while (find_command_name(*argc, argv, &at, error) && at < *argc) {
        words[count++] = argv[at];
        if (command_find(words, count, &command, error) == 0) {
            return NULL;
        }
        memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof argv[0]);
        (*argc)--;
        if (command->commands == NULL) {
            return command;
        }
    }
    return command;
}

/* A group alone is no command; what belongs to it is shown. */
static int show_group(const struct command *group, int argc, char **argv)
{
    const bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;
    help_print(asked ? stdout : stderr, group);
    return asked ? STATUS_DONE : STATUS_USAGE;
}

/* Where one of the three was closed, the first connection would take its place, and what is printed
 * would go there. Opened for reading, so that what cannot be printed is noticed. */
static void open_standard_files(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (fcntl(file, F_GETFD) == -1) {
            (void)!open("/dev/null", O_RDONLY); /* it takes the lowest place that is free */
        }
    }
}

int commands_main(int argc, char **argv)
{
    open_standard_files();
    /* A lost connection is an error, not the end of the program. */
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* cannot fail: the signal exists */

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0)) {
        argv[1] += 2; /* as most programs have them: the commands of these names */
    }
    struct error error = {0};
    const struct command *command = take_command(&argc, argv, &error);
    if (error.kind != ERROR_NONE) {
        return report("", &error);
    }
    if (command == NULL) {
        help_print_all(stderr);
        return STATUS_USAGE;
    }
    if (command->commands != NULL) {
        return show_group(command, argc, argv);
    }
    enum exit_status status = STATUS_DONE;
    if (!run(command, argc - 1, argv + 1, &status, &error) || !flush_results(&error)) {
        return report(command->name, &error);
    }
    return (int)status;
}
