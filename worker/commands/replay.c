/* SPDX-License-Identifier: Apache-2.0
 *
 * till replay: the events of recorded decisions, published again. The event is written by what
 * wrote it the first time, from what is recorded, so that it is the same to the byte. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/connect/postgres.h"
#include "common/contract/event.h"
#include "common/contract/job_text.h"
#include "common/contract/json_write.h"
#include "common/contract/names.h"
#include "worker/commands/ask.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/postgres/history.h"
#include "worker/rabbit/poster.h"

#define RATE_MAX 1000000u /* events a second */

#define TURN_MS 1000

static const struct option options[] = {
    {"to", "QUEUE", "publish to this queue alone"},
    {"all", NULL, "publish to every subscriber"},
    {"since", "TIME", "what was decided then or later (RFC 3339)"},
    {"until", "TIME", "what was decided before (RFC 3339)"},
    {"kind", "KIND", "of this kind only"},
    {"outcome", "OUTCOME", "with this outcome only"},
    {"store", "STORE", "of this store only"},
    {"id", "ID", "of this job only"},
    {"rate", "N", "so many events a second at most"},
    {"yes", NULL, "do not ask, with --all"},
    {"json", NULL, "the account as a JSON object"},
    {0},
};

struct replay {
    const char *namespace;
    const char *to; /* NULL: to all */
    struct address events;
    struct history_filter filter;
    uint32_t rate;    /* 0: without a bound */
    int64_t begun_ms; /* when the first was sent */
    struct postgres postgres;
    struct history history;
    struct poster poster;
    struct arena arena;
    char memory[EVENT_MEMORY_MAX + 64]; /* aligned it is a little smaller */
};

static struct span span_of(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

static bool read_time(const struct invocation *invocation, const char *option, instant *time,
                      struct error *error)
{
    const char *value = invocation_value(invocation, option);
    *time = INSTANT_NONE;
    if (value == NULL || instant_parse(span_of(value), time)) {
        return true;
    }
    error_set(error, ERROR_USAGE, "--%s: \"%s\" is no time", option, value);
    return error_advise(error, "Say it as RFC 3339 does: 2026-11-21T09:00:00Z");
}

static bool check_times(const struct history_filter *filter, struct error *error)
{
    return filter->since == INSTANT_NONE || filter->until == INSTANT_NONE ||
           filter->since < filter->until ||
           error_set(error, ERROR_USAGE, "--since must be before --until");
}

static bool read_kind(const struct invocation *invocation, int *number, struct error *error)
{
    const char *value = invocation_value(invocation, "kind");
    enum kind kind;
    *number = -1;
    if (value == NULL) {
        return true;
    }
    if (!kind_of(span_of(value), &kind)) {
        error_set(error, ERROR_USAGE, "--kind: there is no kind of job \"%s\"", value);
        return error_advise(error, "There are checkout, reserve, commit, release, extend, cancel, "
                                   "adjust, set, define and expire.");
    }
    *number = (int)kind;
    return true;
}

static bool read_outcome(const struct invocation *invocation, int *number, struct error *error)
{
    const char *value = invocation_value(invocation, "outcome");
    enum outcome outcome;
    *number = -1;
    if (value == NULL) {
        return true;
    }
    if (!outcome_of(span_of(value), &outcome)) {
        error_set(error, ERROR_USAGE, "--outcome: there is no outcome \"%s\"", value);
        return error_advise(error, "There are confirmed, held, sold_out, released, extended, "
                                   "cancelled, expired, stocked, late and rejected.");
    }
    *number = (int)outcome;
    return true;
}

static bool read_store(const struct invocation *invocation, const char **store, struct error *error)
{
    *store = invocation_value(invocation, "store");
    if (*store == NULL || job_store_valid(span_of(*store))) {
        return true;
    }
    error_set(error, ERROR_USAGE, "--store: \"%s\" is no store", *store);
    return error_advise(error, "A store has 1 to %u of A-Z a-z 0-9 _ -", JOB_STORE_MAX);
}

static bool is_ours(const struct replay *replay, const char *what, bool whole)
{
    const struct address address = address_of(replay->namespace, what);
    const size_t size = strlen(address.text);
    return strncmp(replay->to, address.text, size) == 0 && (!whole || replay->to[size] == '\0');
}

/* Events in a queue of jobs would be answered, or put aside, one by one. */
static bool check_queue(const struct replay *replay, struct error *error)
{
    if (replay->to[0] == '\0' || strlen(replay->to) > SHORT_TEXT_MAX) {
        return error_set(error, ERROR_USAGE, "--to: \"%s\" is no name of a queue", replay->to);
    }
    if (!is_ours(replay, "lane.", false) && !is_ours(replay, "sort", true) &&
        !is_ours(replay, "dead", true)) {
        return true;
    }
    error_set(error, ERROR_USAGE, "--to: \"%s\" is a queue of jobs, no subscriber's", replay->to);
    return error_advise(error, "Subscribers' queues are named %s.sub.NAME.", replay->namespace);
}

static bool read_options(const struct invocation *invocation, struct replay *replay,
                         struct error *error)
{
    const bool all = invocation_value(invocation, "all") != NULL;
    struct history_filter *filter = &replay->filter;
    replay->namespace = invocation->config->namespace.value;
    replay->events = address_of(replay->namespace, "events");
    replay->to = invocation_value(invocation, "to");
    if ((replay->to != NULL) == all) {
        error_set(error, ERROR_USAGE, "say to whom: --to QUEUE or --all");
        return error_advise(error,
                            "--to %s.sub.NAME reaches one subscriber alone; --all every "
                            "one of them.",
                            replay->namespace);
    }
    filter->id = invocation_value(invocation, "id");
    return (all || check_queue(replay, error)) &&
           read_time(invocation, "since", &filter->since, error) &&
           read_time(invocation, "until", &filter->until, error) && check_times(filter, error) &&
           read_kind(invocation, &filter->kind, error) &&
           read_outcome(invocation, &filter->outcome, error) &&
           read_store(invocation, &filter->store, error) &&
           invocation_number(invocation, "rate", 1, RATE_MAX, &replay->rate, error);
}

/* The queue is looked for before the decisions are read, for that may take a while; then the
 * connection would be silent for too long. */
static bool find_queue(struct replay *replay, const struct amqp_url *url, struct error *error)
{
    bool found = true;
    if (!poster_open(&replay->poster, url, "till replay", error)) {
        return false;
    }
    const bool asked =
        replay->to == NULL || poster_find_queue(&replay->poster, replay->to, &found, error);
    poster_close(&replay->poster);
    if (asked && !found) {
        *error = (struct error){0}; /* the broker's own words say less */
        error_set(error, ERROR_USAGE, "--to: there is no queue \"%s\"", replay->to);
        error_advise(error, "The subscriber declares it: durable, bounded, bound to %s.",
                     replay->events.text);
    }
    return asked && found;
}

static bool send_event(struct replay *replay, const struct decision *decision, struct error *error)
{
    struct event event;
    arena_init(&replay->arena, replay->memory, sizeof replay->memory);
    if (!event_of_decision(replay->namespace, decision, &replay->arena, &event)) {
        return error_set(error, ERROR_FATAL, "the event of \"%.*s\" is too large",
                         SPAN_ARGUMENTS(decision->job));
    }
    const struct message message = {
        .target = MESSAGE_EVENT,
        .routing_key = replay->to == NULL ? event.routing_key : span_of(replay->to),
        .body = event.body,
        .id = event.id,
        .correlation_id = event.job,
        .type = event.type,
        .traceparent = SPAN_NONE,
        .time = decision->decided_at,
        .repeat = true,
    };
    const struct span exchange = replay->to == NULL ? span_of(replay->events.text) : SPAN_OF("");
    return poster_send(&replay->poster, exchange, &message, error);
}

/* When the next event may go. */
static bool keep_pace(struct replay *replay, struct error *error)
{
    const uint64_t sent = replay->poster.sent;
    if (sent == 0) {
        replay->begun_ms = wire_now_ms();
    }
    if (replay->rate == 0) {
        return true;
    }
    const int64_t due_ms = replay->begun_ms + (int64_t)(sent * 1000 / replay->rate);
    return due_ms <= wire_now_ms() || poster_wait(&replay->poster, due_ms, error);
}

static bool settle(struct replay *replay, uint32_t waiting_max, struct error *error)
{
    while (poster_waiting(&replay->poster) > waiting_max) {
        if (!poster_settle(&replay->poster, waiting_max, wire_now_ms() + TURN_MS, error)) {
            return false;
        }
    }
    if (replay->to == NULL || replay->poster.returned == 0) {
        return true;
    }
    return error_set(error, ERROR_REFUSED, "queue \"%s\" has gone", replay->to);
}

static bool send_all(struct replay *replay, struct error *error)
{
    const struct decision *decision = NULL;
    for (;;) {
        if (!history_next(&replay->history, &decision, error)) {
            return false;
        }
        if (decision == NULL) {
            return settle(replay, 0, error);
        }
        if (!keep_pace(replay, error) || !settle(replay, POSTER_WINDOW - 1, error) ||
            !send_event(replay, decision, error)) {
            return false;
        }
    }
}

static bool publish(struct replay *replay, const struct invocation *invocation,
                    const struct amqp_url *url, struct error *error)
{
    if (!postgres_open(&replay->postgres, invocation->config, POSTGRES_SETUP, "replay", error)) {
        return false;
    }
    bool published = history_open(&replay->history, &replay->postgres, &replay->filter, error) &&
                     poster_open(&replay->poster, url, "till replay", error);
    if (published) {
        published = send_all(replay, error);
    }
    if (!published && replay->poster.sent > 0) {
        (void)fprintf(stderr,
                      "till replay: %" PRIu64 " events were published, %u of them without the "
                      "broker's confirm.\n"
                      "  The same command again is safe: subscribers drop repeats by their ids.\n",
                      replay->poster.sent, poster_waiting(&replay->poster));
    }
    history_close(&replay->history);
    postgres_close(&replay->postgres);
    poster_close(&replay->poster);
    return published;
}

static void print(const struct replay *replay, bool as_json)
{
    const struct poster *poster = &replay->poster;
    char memory[512];
    struct text text;
    if (!as_json) {
        (void)printf("%" PRIu64 " events are published again\n", poster->sent);
        if (poster->returned > 0) {
            (void)printf("%" PRIu64 " of them no queue wanted\n", poster->returned);
        }
        return;
    }
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    json_object(&json);
    json_member_integer(&json, "published", (int64_t)poster->sent);
    json_member_integer(&json, "unheard", (int64_t)poster->returned);
    json_member_string(&json, "to", replay->to);
    json_object_end(&json);
    (void)printf("%s\n", text.bytes);
}

static bool ask(const struct invocation *invocation, const struct replay *replay,
                struct error *error)
{
    char question[256];
    if (replay->to != NULL || invocation_value(invocation, "yes") != NULL) {
        return true;
    }
    (void)snprintf(question, sizeof question,
                   "This publishes recorded events of the namespace \"%s\" again, to every "
                   "subscriber. Those that do not drop repeats act on them twice.",
                   replay->namespace);
    return ask_for(question, replay->namespace, error);
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct replay replay; /* large */
    struct amqp_url url;
    if (!read_options(invocation, &replay, error) ||
        !amqp_url_load(invocation->config, &url, error) || !ask(invocation, &replay, error) ||
        !find_queue(&replay, &url, error) || !publish(&replay, invocation, &url, error)) {
        return false;
    }
    if (replay.poster.sent == 0 && replay.filter.id != NULL) {
        error_set(error, ERROR_REFUSED, "no decision of job \"%s\" matches", replay.filter.id);
        return error_advise(error, "What is known of it: till show ID.");
    }
    print(&replay, invocation_value(invocation, "json") != NULL);
    *status = STATUS_DONE;
    return true;
}

const struct command command_replay = {
    .name = "replay",
    .operands = "",
    .summary = "publishes the events of recorded decisions again",
    .description =
        "For a subscriber that came late, or has lost what it knew:\n"
        "  till replay --to till.sub.billing --since 2026-11-21T00:00:00Z --outcome confirmed\n"
        "  till replay --all --yes --id 1001.1\n"
        "Each is the same, byte for byte, as it was the first time, each SKU's in order of "
        "version; all\n"
        "are of one moment, and carry the header till-repeat. Answers and news of stock are not "
        "recorded,\n"
        "and so not published again. --all asks on a terminal; elsewhere it needs --yes. Ends "
        "when the\n"
        "broker has confirmed every event.",
    .options = options,
    .needs_config = true,
    .run = run,
};
