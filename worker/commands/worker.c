/* SPDX-License-Identifier: Apache-2.0
 *
 * till worker: serves lanes until it is asked to stop, then finishes what it has in hand. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/connect/log.h"
#include "common/connect/rabbit.h"
#include "worker/commands/command.h"
#include "worker/crew/crew.h"
#include "worker/crew/roster.h"
#include "worker/postgres/generation.h"
#include "worker/postgres/migrate.h"

#define SERVER_PAUSE_MS 1000  /* between looks for a server that is not there */
#define SIGNAL_LOOK_MS  60000 /* any will do: a signal ends the wait */

static const struct option options[] = {
    {"name", "X", "how lists call it (host-pid-random)"},
    {"batch", "N", "jobs in one transaction at most (400)"},
    {"lanes", "MAX", "lanes to serve or stand by for at most (all)"},
    {0},
};

struct service {
    const struct config *config;
    struct amqp_url url;
    struct silence silence; /* of the URL's hosts, for all threads */
    struct roster roster;
    uint32_t jobs_max;
    uint32_t lanes_max;
    struct generation generation; /* the current one, at first */
    sigset_t signals;             /* that end it; blocked in every thread */
};

/* Waits for a signal that ends the worker; false: none has come. */
static bool asked_to_stop(const struct service *service, long wait_ms)
{
    const struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};
    return sigtimedwait(&service->signals, NULL, &wait) > 0;
}

static bool look_at_database(struct service *service, struct error *error)
{
    struct postgres postgres;
    if (!postgres_open(&postgres, service->config, POSTGRES_COMMAND, service->roster.name, error)) {
        return false;
    }
    const bool found =
        migrate_verify(&postgres, service->config->namespace.value, &migrations, error) &&
        generation_current(&postgres, &service->generation, error) &&
        roster_announce(&service->roster, &postgres, error);
    postgres_close(&postgres);
    return found;
}

static bool look_at_broker(struct service *service, struct error *error)
{
    static struct rabbit rabbit; /* large, and of the main thread only */
    if (!rabbit_open(&rabbit, &service->url, "till worker", error)) {
        return false;
    }
    rabbit_close(&rabbit);
    return true;
}

/* Servers that are not there yet are waited for; what is configured wrongly is not. */
static bool find_servers(struct service *service, bool *stopped, struct error *error)
{
    for (;;) {
        if (look_at_broker(service, error) && look_at_database(service, error)) {
            *stopped = false;
            return true;
        }
        if (error->kind != ERROR_RETRY) {
            return false;
        }
        log_write(LOG_LEVEL_WARN, "waiting for servers: %s", error->text);
        if (asked_to_stop(service, SERVER_PAUSE_MS)) {
            *stopped = true;
            return true;
        }
    }
}

/* What it did, on one line: until there is a page that shows more of it. */
static void say_summary(const struct summary *summary)
{
    char line[SUMMARY_LINE_MAX];
    struct text text;
    text_init(&text, line, sizeof line);
    summary_write(summary, &text);
    ENSURE(!text.full);
    log_write(LOG_LEVEL_INFO, "worker: done %s", line);
}

static bool serve(struct service *service, struct error *error)
{
    static struct crew crew; /* its threads keep its address */
    const struct lane_duty duty = {
        .config = service->config,
        .url = &service->url,
        .worker = service->roster.name,
        .run = service->roster.run,
        .jobs_max = service->jobs_max,
    };
    if (!crew_open(&crew, &duty, &service->roster, service->generation.number, error)) {
        return false;
    }
    while (!asked_to_stop(service, SIGNAL_LOOK_MS)) {
    }
    log_write(LOG_LEVEL_INFO, "worker: finishing what is in hand");
    crew_close(&crew);
    say_summary(&crew.summary);
    return true;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    struct service service = {
        .config = invocation->config,
        .jobs_max = BATCH_JOBS_DEFAULT,
        .lanes_max = LANES_MAX,
    };
    bool stopped = false;
    if (!invocation_number(invocation, "batch", 1, BATCH_JOBS_MAX, &service.jobs_max, error) ||
        !invocation_number(invocation, "lanes", 1, LANES_MAX, &service.lanes_max, error) ||
        !roster_init(&service.roster, invocation_value(invocation, "name"), service.lanes_max,
                     error) ||
        !amqp_url_load(invocation->config, &service.url, error)) {
        return false;
    }
    service.url.silence = &service.silence;
    (void)sigemptyset(&service.signals);
    (void)sigaddset(&service.signals, SIGTERM);
    (void)sigaddset(&service.signals, SIGINT);
    ENSURE(pthread_sigmask(SIG_BLOCK, &service.signals, NULL) == 0);

    *status = STATUS_DONE;
    if (!find_servers(&service, &stopped, error)) {
        return false;
    }
    return stopped || serve(&service, error);
}

const struct command command_worker = {
    .name = "worker",
    .operands = "",
    .summary = "serves lanes until SIGTERM or SIGINT, then finishes what it has in hand",
    .description =
        "Takes jobs from the lanes, decides them in order, a batch in one transaction,\n"
        "publishes the events and acknowledges. Any number of workers may run, anywhere:\n"
        "they share the lanes out by themselves, within seconds of one joining or\n"
        "leaving. A lane has one that serves it and, where there are two, another that\n"
        "stands by and takes over at once. Servers that are not there yet are waited for.",
    .options = options,
    .needs_config = true,
    .run = run,
};
