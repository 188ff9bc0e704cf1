/* SPDX-License-Identifier: Apache-2.0
 *
 * till demo: a flash sale on real servers with real workers, one of which is killed in the middle,
 * and the account of it. What it makes it removes, however it ends. */
#include "worker/commands/demo.h"

#include <pthread.h>
#include <stdio.h>

#include "worker/commands/command.h"
#include "worker/commands/commands.h"

#define BUYERS_DEFAULT  20000u
#define UNITS_DEFAULT   1000u
#define WORKERS_DEFAULT 2u
#define WAIT_DEFAULT    30u /* seconds */
#define WAIT_MAX        600u

_Static_assert(WORKERS_DEFAULT < DEMO_WORKERS_MAX, "there must be room for a replacement");

static const struct option options[] = {
    {"buyers", "N", "how many want one unit each (20000)"},
    {"units", "N", "how many there are (1000)"},
    {"workers", "N", "how many workers stand ready (2)"},
    {"wait", "SECONDS", "give up when nothing new is heard for so long (30)"},
    {"keep", NULL, "leave the namespace as it is, for looking around"},
    {"json", NULL, "the account as one JSON object"},
    {0},
};

/* Nothing is left behind; what has to be, is said. */
static bool tidy_up(struct demo *demo, struct error *error)
{
    struct demo_place *place = &demo->place;
    bool tidy = true;
    demo_screen_clear(&demo->screen);
    demo_crew_close(&demo->crew);
    demo_fronts_close(&demo->fronts);
    if (place->made && demo->keep) {
        demo_screen_say(&demo->screen,
                        "the namespace \"%s\" is kept; the next demo replaces it, and this removes "
                        "it: till teardown --namespace %s",
                        place->namespace, place->namespace);
    } else if (place->made) {
        tidy = demo_place_remove(place, error);
        if (tidy) {
            demo_screen_say(&demo->screen, "the namespace \"%s\" is removed", place->namespace);
        } else {
            error_wrap(error, "the namespace \"%s\" is left behind", place->namespace);
            error_advise(error, "Remove it: till teardown --namespace %s", place->namespace);
        }
    }
    demo_place_close(place);
    demo_account_close(&demo->account);
    return tidy;
}

static bool read_options(const struct invocation *invocation, struct demo *demo,
                         struct error *error)
{
    *demo = (struct demo){
        .buyers = BUYERS_DEFAULT,
        .units = UNITS_DEFAULT,
        .workers = WORKERS_DEFAULT,
        .wait_seconds = WAIT_DEFAULT,
        .keep = invocation_value(invocation, "keep") != NULL,
        .as_json = invocation_value(invocation, "json") != NULL,
    };
    if (!invocation_number(invocation, "buyers", 3, DEMO_BUYERS_MAX, &demo->buyers, error) ||
        !invocation_number(invocation, "units", 1, JOB_QTY_MAX, &demo->units, error) ||
        !invocation_number(invocation, "workers", 1, DEMO_WORKERS_MAX - 1, &demo->workers, error) ||
        !invocation_number(invocation, "wait", 1, WAIT_MAX, &demo->wait_seconds, error)) {
        return false;
    }
    demo->account.buyer_count = demo->buyers;
    demo->account.units = demo->units;
    return true;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct demo demo; /* large, and its parts keep its address */
    struct error untidy = {0};
    if (!read_options(invocation, &demo, error)) {
        return false;
    }
    (void)sigemptyset(&demo.signals);
    (void)sigaddset(&demo.signals, SIGTERM);
    (void)sigaddset(&demo.signals, SIGINT);
    (void)sigaddset(&demo.signals, SIGHUP);
    ENSURE(pthread_sigmask(SIG_BLOCK, &demo.signals, NULL) == 0);
    (void)signal(SIGPIPE, SIG_IGN); /* nobody may listen any more: all is tidied up nevertheless */
    demo_screen_init(&demo.screen);

    const bool held = demo_hold(&demo, invocation->config, error);
    const bool tidy = tidy_up(&demo, held ? error : &untidy);
    if (held) {
        demo_report(&demo);
    } else if (!tidy) {
        demo_screen_warn(&demo.screen, "%s. %s", untidy.text, untidy.remedy);
    }
    if (!held || !tidy) {
        return false;
    }
    *status = demo.account.broken == 0 ? STATUS_DONE : STATUS_NEGATIVE;
    if (demo.account.broken == 0 && !demo.as_json) {
        demo_guide(invocation->config->namespace.value);
    }
    return true;
}

const struct command command_demo = {
    .name = "demo",
    .operands = "",
    .summary = "a flash sale with a worker killed in the middle, and the account of it",
    .description =
        "Sells 1,000 units to 20,000 buyers who all come at once, over the real servers, by real\n"
        "workers; kills the worker that serves the lane when a third is decided, lets the standby\n"
        "take over, and starts another. Then checks, by the events and by the database, that each\n"
        "buyer has one decision and that no unit was sold twice or lost. Says how to submit a "
        "first\n"
        "job of one's own.\n"
        "\n"
        "All of it takes place in a namespace of its own, NS_demo, which is removed at the end. "
        "What\n"
        "an interrupted demonstration has left there, the next one removes.\n"
        "\n"
        "Exit 0: the account adds up; 1: it does not.",
    .options = options,
    .needs_config = true,
    .run = run,
};
