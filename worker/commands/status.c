/* SPDX-License-Identifier: Apache-2.0
 *
 * till status: what goes on, and first of all what needs a person. */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "worker/commands/command.h"
#include "worker/commands/status_parts.h"

static const struct option options[] = {
    {"watch", NULL, "looks again every second, until SIGINT or SIGTERM"},
    {"json", NULL, "one JSON object; with --watch one a line"},
    {0},
};

#define WATCH_SECONDS 1

static void block_signals(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGTERM);
    (void)sigaddset(signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, signals, NULL); /* these arguments cannot be wrong */
}

static void show(const struct status_report *report, bool as_json)
{
    if (as_json) {
        status_print_json(report, stdout);
    } else {
        status_print(report, stdout);
    }
    (void)fflush(stdout); /* who reads it may be gone: the next write says so, by SIGPIPE */
}

/* A terminal is cleared, so that one look takes the place of the one before. */
static void clear_before_look(bool as_json, bool first)
{
    if (!as_json && isatty(STDOUT_FILENO) != 0) {
        (void)printf("\033[H\033[J");
    } else if (!as_json && !first) {
        (void)printf("\n");
    }
}

/* Servers that are away are said to be, and asked again. */
static void watch(struct status_source *source, bool as_json, enum exit_status *status)
{
    const struct timespec pause = {.tv_sec = WATCH_SECONDS};
    sigset_t signals;
    bool first = true;
    block_signals(&signals);
    do {
        struct status_report report;
        struct error error = {0};
        if (status_look(source, &report, &error)) {
            clear_before_look(as_json, first);
            show(&report, as_json);
            *status = status_problems(&report) == 0 ? STATUS_DONE : STATUS_NEGATIVE;
            status_report_free(&report);
            first = false;
        } else {
            (void)fprintf(stderr, "till status: %s\n", error.text);
            *status = STATUS_UNREACHABLE;
        }
    } while (sigtimedwait(&signals, NULL, &pause) < 0);
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct status_source source; /* large, and there is one */
    struct status_report report;
    const bool as_json = invocation_value(invocation, "json") != NULL;
    source.config = invocation->config;
    if (!amqp_url_load(invocation->config, &source.url, error) ||
        !status_look(&source, &report, error)) {
        return false;
    }
    if (invocation_value(invocation, "watch") != NULL) {
        status_report_free(&report);
        watch(&source, as_json, status);
    } else {
        show(&report, as_json);
        *status = status_problems(&report) == 0 ? STATUS_DONE : STATUS_NEGATIVE;
        status_report_free(&report);
    }
    status_source_close(&source);
    return true;
}

const struct command command_status = {
    .name = "status",
    .operands = "",
    .summary = "lanes, workers, holds, dead letters; what needs a person comes first",
    .description =
        "Each lane with the worker that serves it and the one that stands by, the jobs that wait, "
        "and\n"
        "those in its worker's hands with the age of the oldest, as that worker last said. Asks "
        "only the\n"
        "broker and the database. Malformed jobs are their publishers' trouble: they are listed\n"
        "with the dead letters, and all can be well with them.\n"
        "\n"
        "Exit 0: all is well; 1: something needs a person; 69: a server cannot be reached.",
    .options = options,
    .needs_config = true,
    .run = run,
};
