/* SPDX-License-Identifier: Apache-2.0
 *
 * till scale: changes the number of lanes while jobs come in. It begins the change and takes its
 * steps; if it is killed, a worker goes on with them, or the same command. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/connect/amqp_url.h"
#include "common/connect/postgres.h"
#include "common/contract/json_write.h"
#include "worker/commands/ask.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/commands/scale_plan.h"
#include "worker/commands/scale_progress.h"
#include "worker/crew/changing.h"
#include "worker/postgres/generation.h"

#define DRIVER_PREFIX "scale " /* by which other commands know one; workers drive, too */

#define TURN_MS      50  /* between two turns while there is something to wait for */
#define FAILURE_MS   500 /* after one that failed */
#define WAIT_DEFAULT 60  /* seconds without progress */
#define WAIT_MAX     86400

static const struct option options[] = {
    {"check", NULL, "say what there is to do, and do nothing"},
    {"wait", "SECONDS", "give up watching after so long without progress (60)"},
    {"yes", NULL, "do not ask"},
    {"json", NULL, "the result as a JSON object"},
    {0},
};

struct scaling {
    const struct invocation *invocation;
    uint32_t lanes; /* wanted */
    uint32_t wait_seconds;
    char name[CHANGE_DRIVER_MAX];
    struct amqp_url url;
    struct postgres postgres;
    struct changing changing;
    struct generation before;
    uint32_t generation; /* that comes */
    struct scale_progress progress;
    uint64_t begun_ms;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL); /* cut short by a signal, it only looks sooner */
}

/* ---- Driving ---- */

static bool open_database(struct scaling *scaling, struct error *error)
{
    return scaling->postgres.connection != NULL ||
           postgres_open(&scaling->postgres, scaling->invocation->config, POSTGRES_COMMAND, "scale",
                         error);
}

/* Whether the generation has come, with or without us, and nothing of ours has to be taken back. */
static bool has_come(struct scaling *scaling, bool *come, struct error *error)
{
    struct generation current;
    if (!generation_current(&scaling->postgres, &current, error)) {
        return false;
    }
    *come = current.number >= scaling->generation &&
            change_is_settled(&scaling->changing.driver.change);
    return true;
}

/* One turn, or a look at what another driver does. */
static bool turn(struct scaling *scaling, bool *done, long *wait_ms, struct error *error)
{
    struct driver *driver = &scaling->changing.driver;
    *wait_ms = TURN_MS;
    if (!open_database(scaling, error)) {
        return false;
    }
    switch (driver_turn(driver, error)) {
    case CHANGE_NOTHING:
        return has_come(scaling, done, error);
    case CHANGE_AGAIN:
        *wait_ms = 0;
        break;
    case CHANGE_OTHERS:
    case CHANGE_WAITS:
        break;
    case CHANGE_FAILED:
        return false;
    }
    if (driver->change.change.generation != 0) {
        scale_progress_note(&scaling->progress, &scaling->postgres, &driver->change.change,
                            now_ms());
    }
    return has_come(scaling, done, error);
}

static bool is_passing(const struct error *error)
{
    return error->kind == ERROR_RETRY || error->kind == ERROR_UNKNOWN;
}

static bool too_late(const struct scaling *scaling)
{
    return now_ms() - scaling->progress.moved_ms >= (uint64_t)scaling->wait_seconds * 1000;
}

static bool give_up(const struct scaling *scaling, struct error *error)
{
    error_wrap(error, "the change to %u lanes is open", scaling->lanes);
    return error_advise(error, "A worker goes on with it, or the same command: till scale %u",
                        scaling->lanes);
}

/* Until the new lanes work. False without an error that was set: nothing moves any more. */
static bool drive(struct scaling *scaling, bool *done, struct error *error)
{
    scaling->progress.moved_ms = now_ms();
    for (;;) {
        struct error failure = {0};
        long wait_ms = 0;
        if (turn(scaling, done, &wait_ms, &failure)) {
            scaling->progress.trouble_said = false;
            if (*done || too_late(scaling)) {
                return true;
            }
            pause_ms(wait_ms);
            continue;
        }
        if (!is_passing(&failure) || too_late(scaling)) {
            *error = failure;
            return give_up(scaling, error);
        }
        scale_progress_trouble(&scaling->progress, &failure);
        pause_ms(FAILURE_MS + (long)driver_pause_ms(&scaling->changing.driver, CHANGE_FAILED));
    }
}

/* ---- Beginning ---- */

static bool refuse(const struct lanes_change *change, const struct change_lease *lease,
                   struct error *error)
{
    error_set(error, ERROR_REFUSED,
              "a change from %u to %u lanes is under way: %s, %u of %u drained; \"%s\" drives it",
              change->source_lanes, change->lanes, scale_doing(change->step), change->drained,
              change->source_lanes, lease->driver);
    return error_advise(error, "Wait until it is done, then scale again.");
}

/* One that is driven by nobody, or by a worker, and to as many lanes, is this command's to go on
 * with. */
static bool may_join(const struct scaling *scaling, const struct lanes_change *change,
                     const struct change_lease *lease)
{
    const bool command = strncmp(lease->driver, DRIVER_PREFIX, strlen(DRIVER_PREFIX)) == 0;
    return change->lanes == scaling->lanes &&
           (!lease->alive || !command || strcmp(lease->driver, scaling->name) == 0);
}

/* A command that was killed a moment ago seems to be alive still, until its lease ends. */
static bool look_for_change(struct scaling *scaling, bool *open, struct error *error)
{
    const uint64_t since_ms = now_ms();
    for (;;) {
        struct lanes_change change;
        struct change_lease lease;
        if (!change_read(&scaling->postgres, &change, &lease, error)) {
            return false;
        }
        *open = change.generation != 0;
        if (!*open || may_join(scaling, &change, &lease)) {
            scaling->generation = change.generation;
            return true;
        }
        if (change.lanes != scaling->lanes || now_ms() - since_ms > CHANGE_LEASE_MS + FAILURE_MS) {
            return refuse(&change, &lease, error);
        }
        pause_ms(TURN_MS);
    }
}

static bool ask(const struct scaling *scaling, struct error *error)
{
    char question[256];
    const char *namespace = scaling->invocation->config->namespace.value;
    if (invocation_value(scaling->invocation, "yes") != NULL) {
        return true;
    }
    (void)snprintf(question, sizeof question,
                   "This changes the number of lanes of the namespace \"%s\" from %u to %u. Jobs "
                   "wait a moment, and none is lost.",
                   namespace, scaling->before.lanes, scaling->lanes);
    return ask_for(question, namespace, error);
}

/* *needed: there is a change to drive. */
static bool begin(struct scaling *scaling, bool *needed, struct error *error)
{
    bool open = false;
    if (!look_for_change(scaling, &open, error) ||
        !generation_current(&scaling->postgres, &scaling->before, error)) {
        return false;
    }
    *needed = open || scaling->before.lanes != scaling->lanes;
    if (!*needed || open) {
        return !*needed || ask(scaling, error);
    }
    if (!ask(scaling, error) ||
        !change_begin(&scaling->postgres, scaling->lanes, scaling->name, error) ||
        !look_for_change(scaling, &open, error)) {
        return false;
    }
    return open || error_set(error, ERROR_RETRY, "another change was faster");
}

/* ---- The end ---- */

static void print_done(const struct scaling *scaling)
{
    const double seconds = (double)(now_ms() - scaling->begun_ms) / 1000;
    if (invocation_value(scaling->invocation, "json") == NULL) {
        (void)printf("%u lanes work, generation %u; there were %u\n", scaling->lanes,
                     scaling->generation, scaling->before.lanes);
        (void)fprintf(stderr, "till scale: done after %.1f s\n", seconds);
        return;
    }
    char memory[256];
    struct text text;
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    json_object(&json);
    json_member_integer(&json, "generation", scaling->generation);
    json_member_integer(&json, "lanes", scaling->lanes);
    json_member_integer(&json, "before", scaling->before.lanes);
    json_member_integer(&json, "milliseconds", (int64_t)(seconds * 1000));
    json_object_end(&json);
    ENSURE(!text.full);
    (void)printf("%s\n", text.bytes);
}

static enum exit_status say_late(const struct scaling *scaling)
{
    (void)fprintf(stderr,
                  "till scale: nothing has moved for %u s; the change stays open, and goes on by "
                  "itself as soon as workers serve the lanes -> till worker\n",
                  scaling->wait_seconds);
    return STATUS_TIMED_OUT;
}

/* No reason to refuse: what workers may use can be another role's. */
static bool warn_of_room(struct scaling *scaling, struct error *error)
{
    int64_t room = 0;
    uint32_t wanted = 0;
    if (!scale_room(&scaling->postgres, scaling->before.lanes, scaling->lanes, &room, &wanted,
                    error)) {
        return false;
    }
    if (room < (int64_t)wanted) {
        (void)fprintf(stderr,
                      "till scale: the database has room for %" PRId64 " connections, and %u are "
                      "wanted for so many lanes -> till doctor\n",
                      room, wanted);
    }
    return true;
}

static bool scale(struct scaling *scaling, enum exit_status *status, struct error *error)
{
    bool needed = false;
    bool done = false;
    if (!begin(scaling, &needed, error)) {
        return false;
    }
    scaling->begun_ms = now_ms();
    if (!needed) {
        scaling->generation = scaling->before.number;
        (void)fprintf(stderr, "till scale: there are %u lanes already\n", scaling->lanes);
        done = true;
    } else if (!warn_of_room(scaling, error) || !drive(scaling, &done, error)) {
        return false;
    }
    if (!done) {
        *status = say_late(scaling);
        return true;
    }
    print_done(scaling);
    *status = STATUS_DONE;
    return true;
}

static bool read_lanes(const char *text, uint32_t *lanes, struct error *error)
{
    const size_t digits = strspn(text, "0123456789");
    const unsigned long number = digits > 0 && digits < 6 ? strtoul(text, NULL, 10) : 0;
    if (text[digits] != '\0' || number < 1 || number > LANES_MAX) {
        error_set(error, ERROR_USAGE, "\"%s\" is not a number from 1 to %u", text, LANES_MAX);
        return error_advise(error, "For example: till scale 16");
    }
    *lanes = (uint32_t)number;
    return true;
}

static void name_it(struct scaling *scaling)
{
    char host[64] = "";
    (void)gethostname(host, sizeof host - 1); /* without one the number tells drivers apart */
    (void)snprintf(scaling->name, sizeof scaling->name, DRIVER_PREFIX "%s %ld", host,
                   (long)getpid());
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct scaling scaling; /* large, and the change keeps its address */
    scaling = (struct scaling){.invocation = invocation, .wait_seconds = WAIT_DEFAULT};
    if (!read_lanes(invocation->operands[0], &scaling.lanes, error) ||
        !invocation_number(invocation, "wait", 1, WAIT_MAX, &scaling.wait_seconds, error) ||
        !amqp_url_load(invocation->config, &scaling.url, error) ||
        !open_database(&scaling, error)) {
        return false;
    }
    name_it(&scaling);
    changing_init(&scaling.changing, invocation->config, &scaling.url, &scaling.postgres,
                  scaling.name);
    *status = STATUS_DONE;
    const bool done = invocation_value(invocation, "check") == NULL
                          ? scale(&scaling, status, error)
                          : scale_plan(invocation->config, &scaling.postgres, scaling.lanes,
                                       invocation_value(invocation, "json") != NULL, error);
    changing_close(&scaling.changing);
    postgres_close(&scaling.postgres);
    return done;
}

const struct command command_scale = {
    .name = "scale",
    .operands = "N",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "changes the number of lanes while jobs come in; returns when the new lanes work",
    .description =
        "Makes the new lanes beside the old ones, leads jobs to them, lets the old ones decide\n"
        "what they have, and then the new ones begin. No job is lost, none is decided twice, and\n"
        "those of a SKU stay in order; they wait as long as the old lanes need, and some seconds.\n"
        "If this command is killed, a worker goes on, and so does the same command. One change at\n"
        "a time. Asks on a terminal; elsewhere it needs --yes.\n"
        "\n"
        "Exit 0: the lanes work; 1: another change is under way; 69: a server is away; 75:\n"
        "nothing moves any more, because no worker serves the lanes: the change stays open.",
    .options = options,
    .needs_config = true,
    .run = run,
};
