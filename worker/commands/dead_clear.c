/* SPDX-License-Identifier: Apache-2.0
 *
 * till dead replay and drop: letters leave the queue, the one by being published again, the other
 * for good.
 *
 * Promise 4: a letter is removed only after the broker has confirmed what it has become. Whoever is
 * killed in between leaves it in both places, and its id sees to it that it is decided once. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/connect/postgres.h"
#include "worker/commands/ask.h"
#include "worker/commands/dead_parts.h"
#include "worker/lane/part.h"
#include "worker/postgres/lonely_forget.h"
#include "worker/rabbit/poster.h"

#define TURN_MS \
    1000 /* how long one wait lasts at most; the letters' connection is kept in between */

/* Letters that leave together. Where none between them stays they are removed at one go; else one
 * by one, and few at a time (see pile_close). */
#define TOGETHER_MAX   256u
#define ONE_BY_ONE_MAX 16u
_Static_assert(TOGETHER_MAX <= POSTER_WINDOW, "they are under way together");

#define DIRECT_REPLY_TO "amq.rabbitmq.reply-to"

static const struct option replay_options[] = {
    DEAD_FILTER_OPTIONS,
    {"json", NULL, "the account as a JSON object"},
    {0},
};

static const struct option drop_options[] = {
    DEAD_FILTER_OPTIONS,
    {"yes", NULL, "do not ask"},
    {"json", NULL, "the account as a JSON object"},
    {0},
};

struct clearing {
    const struct invocation *invocation;
    struct dead_reading reading;
    uint64_t tags[TOGETHER_MAX]; /* of those that leave next */
    uint32_t leaving;
    uint16_t channel; /* on which the letters come */
    uint32_t kept;    /* of this channel's */
    uint64_t cut;     /* were meant, and stay, for they are not whole */
    uint64_t foreign; /* the same, for they did not come through an exchange of jobs */

    bool publishes; /* replay; the rest is its own */
    struct address jobs;
    struct address stock;
    struct poster poster;
    struct postgres postgres; /* opened when it is needed */
};

static bool await_confirms(struct clearing *clearing, struct error *error)
{
    while (poster_waiting(&clearing->poster) > 0) {
        if (!poster_settle(&clearing->poster, 0, wire_now_ms() + TURN_MS, error) ||
            !pile_keep(&clearing->reading.pile, error)) {
            return false;
        }
    }
    if (clearing->poster.returned == 0) {
        return true;
    }
    error_set(error, ERROR_CONFIG, "%" PRIu64 " letters came back: no lane takes them",
              clearing->poster.returned);
    return error_advise(error, "Set up the lanes (till setup), then try again.");
}

/* Removes those that leave, once they are where they are going. */
static bool leave(struct clearing *clearing, struct error *error)
{
    struct pile *pile = &clearing->reading.pile;
    if (clearing->leaving == 0) {
        return true;
    }
    if (clearing->publishes && !await_confirms(clearing, error)) {
        return false;
    }
    if (clearing->kept == 0) {
        const uint64_t last = clearing->tags[clearing->leaving - 1];
        if (!pile_remove_all(pile, last, clearing->leaving, error)) {
            return false;
        }
    }
    for (uint32_t i = 0; clearing->kept > 0 && i < clearing->leaving; i++) {
        if (!pile_remove(pile, clearing->tags[i], error)) {
            return false;
        }
    }
    clearing->leaving = 0;
    return true;
}

static bool keep(struct clearing *clearing, struct error *error)
{
    if (clearing->kept == 0 && !leave(clearing, error)) {
        return false;
    }
    clearing->kept++;
    return true;
}

static bool is_address(struct span text, const struct address *address)
{
    return span_equal(text, (struct span){address->text, (uint32_t)strlen(address->text)});
}

/* A crashing job was begun too often; whoever has it replayed wants it to be tried again. */
static bool forget_beginnings(struct clearing *clearing, const struct dead_view *letter,
                              struct error *error)
{
    const struct lonely lonely = lonely_of(&letter->delivery);
    if (!span_equal(letter->note.reason, SPAN_OF("crashing"))) {
        return true;
    }
    if (clearing->postgres.connection == NULL &&
        !postgres_open(&clearing->postgres, clearing->invocation->config, POSTGRES_COMMAND, "dead",
                       error)) {
        return false;
    }
    return lonely_forget(&clearing->postgres, (struct span){lonely.name, lonely.size}, error);
}

static bool publish(struct clearing *clearing, const struct dead_view *letter, bool stock,
                    struct error *error)
{
    const struct address *exchange = stock ? &clearing->stock : &clearing->jobs;
    const uint32_t replays = letter->note.replays;
    struct delivery delivery = letter->delivery;
    if (span_equal(delivery.reply_to, SPAN_OF(DIRECT_REPLY_TO))) {
        delivery.reply_to = SPAN_NONE; /* the broker would take it for our own, which we have not */
    }
    const struct message message = {
        .target = stock ? MESSAGE_STOCK_JOB : MESSAGE_JOB,
        .routing_key = letter->note.key,
        .body = letter->letter->body,
        .id = delivery.message_id,
        .correlation_id = delivery.correlation_id,
        .traceparent = delivery.traceparent,
        .time = INSTANT_NONE,
        .job = &delivery,
        .replays = replays == UINT32_MAX ? replays : replays + 1,
    };
    return poster_send(&clearing->poster,
                       (struct span){exchange->text, (uint32_t)strlen(exchange->text)}, &message,
                       error);
}

/* Only to where jobs enter: a letter must not aim us at an exchange of its choice. */
static bool replay_one(struct clearing *clearing, const struct dead_view *letter, bool *left,
                       struct error *error)
{
    const bool stock = is_address(letter->note.exchange, &clearing->stock);
    *left = false;
    if (!stock && !is_address(letter->note.exchange, &clearing->jobs)) {
        clearing->foreign++;
        return true;
    }
    if (letter->cut) {
        clearing->cut++;
        return true;
    }
    *left = true;
    return forget_beginnings(clearing, letter, error) && publish(clearing, letter, stock, error);
}

static bool clear_one(struct clearing *clearing, const struct dead_view *letter,
                      struct error *error)
{
    bool left = letter->meant;
    if (clearing->channel != letter->letter->channel) {
        clearing->channel = letter->letter->channel;
        clearing->kept = 0;
    }
    if (left && clearing->publishes && !replay_one(clearing, letter, &left, error)) {
        return false;
    }
    if (!left) {
        return keep(clearing, error);
    }
    clearing->tags[clearing->leaving++] = letter->letter->tag;
    return clearing->leaving < (clearing->kept == 0 ? TOGETHER_MAX : ONE_BY_ONE_MAX) ||
           leave(clearing, error);
}

static bool clear_all(struct clearing *clearing, struct error *error)
{
    for (;;) {
        const struct dead_view *letter;
        if (pile_is_full(&clearing->reading.pile) && !leave(clearing, error)) {
            return false;
        }
        if (!dead_next(&clearing->reading, &letter, error)) {
            return false;
        }
        if (letter == NULL) {
            return leave(clearing, error);
        }
        if (!clear_one(clearing, letter, error)) {
            return false;
        }
    }
}

static void print(const struct clearing *clearing, const char *member, const char *words)
{
    char memory[256];
    struct text text;
    const uint32_t removed = clearing->reading.pile.removed;
    if (invocation_value(clearing->invocation, "json") != NULL) {
        text_init(&text, memory, sizeof memory);
        struct json json = json_on(&text);
        json_object(&json);
        json_member_integer(&json, member, removed);
        json_member_integer(&json, "cut", (int64_t)clearing->cut);
        json_member_integer(&json, "foreign", (int64_t)clearing->foreign);
        json_object_end(&json);
        (void)printf("%s\n", text.bytes);
        return;
    }
    (void)printf("%" PRIu32 " dead letters are %s\n", removed, words);
    if (clearing->cut > 0) {
        (void)printf("%" PRIu64 " stay: only the first %u bytes of them were kept\n", clearing->cut,
                     JOB_SIZE_MAX);
    }
    if (clearing->foreign > 0) {
        (void)printf("%" PRIu64 " stay: they did not come through %s or %s\n", clearing->foreign,
                     clearing->jobs.text, clearing->stock.text);
    }
}

static enum exit_status status_of(const struct clearing *clearing)
{
    const bool missed = clearing->reading.id != NULL && clearing->reading.pile.removed == 0;
    return clearing->cut > 0 || clearing->foreign > 0 || missed ? STATUS_NEGATIVE : STATUS_DONE;
}

static bool run_clearing(struct clearing *clearing, bool *busy, enum exit_status *status,
                         struct error *error)
{
    const struct invocation *invocation = clearing->invocation;
    if (!dead_open(&clearing->reading, invocation, busy, status, error)) {
        return false;
    }
    bool cleared =
        *busy || !clearing->publishes ||
        poster_open(&clearing->poster, &clearing->reading.url, "till dead replay", error);
    if (cleared && !*busy) {
        cleared = clear_all(clearing, error);
    }
    dead_close(&clearing->reading);
    poster_close(&clearing->poster);
    postgres_close(&clearing->postgres);
    return cleared;
}

static struct clearing *clearing_of(const struct invocation *invocation)
{
    static struct clearing clearing; /* large */
    const char *namespace = invocation->config->namespace.value;
    clearing.invocation = invocation;
    clearing.jobs = address_of(namespace, "jobs");
    clearing.stock = address_of(namespace, "stock");
    return &clearing;
}

static bool run_replay(const struct invocation *invocation, enum exit_status *status,
                       struct error *error)
{
    struct clearing *clearing = clearing_of(invocation);
    bool busy = false;
    clearing->publishes = true;
    if (!run_clearing(clearing, &busy, status, error)) {
        (void)fprintf(
            stderr,
            "till dead replay: %" PRIu32 " letters were published again and have left; "
            "the others are still there.\n"
            "  The same command again is safe: what is published twice is decided once.\n",
            clearing->reading.pile.removed);
        return false;
    }
    if (!busy) {
        print(clearing, "replayed", "published again");
        *status = status_of(clearing);
    }
    return true;
}

static bool run_drop(const struct invocation *invocation, enum exit_status *status,
                     struct error *error)
{
    struct clearing *clearing = clearing_of(invocation);
    const char *namespace = invocation->config->namespace.value;
    const char *reason = invocation_value(invocation, "reason");
    const char *id = invocation_value(invocation, "id");
    char question[512];
    bool busy = false;
    (void)snprintf(question, sizeof question,
                   "This removes dead letters of the namespace \"%s\" for good: reason %s, job %s.",
                   namespace, reason == NULL ? "any" : reason, id == NULL ? "any" : id);
    if (invocation_value(invocation, "yes") == NULL && !ask_for(question, namespace, error)) {
        return false;
    }
    if (!run_clearing(clearing, &busy, status, error)) {
        return false;
    }
    if (!busy) {
        print(clearing, "dropped", "dropped");
        *status = status_of(clearing);
    }
    return true;
}

const struct command command_dead_replay = {
    .name = "dead replay",
    .operands = "",
    .summary = "publishes the letters again as jobs",
    .description =
        "To the exchange and with the key they came with, under the same ids: what was decided "
        "meanwhile\n"
        "is not decided twice. A letter leaves when the broker has confirmed the job. Those that "
        "are there\n"
        "when the command begins are taken; one that is put aside again meanwhile waits for the "
        "next.\n"
        "Crashing jobs get five new beginnings, for which the database is needed. Exit 1: some "
        "that were\n"
        "meant cannot be published again and stay, or there is none of the job that --id names.",
    .options = replay_options,
    .needs_config = true,
    .run = run_replay,
};

const struct command command_dead_drop = {
    .name = "dead drop",
    .operands = "",
    .summary = "removes the letters for good",
    .description = "Asks on a terminal; elsewhere it needs --yes. Exit 1: there is none of the job "
                   "that --id names.",
    .options = drop_options,
    .needs_config = true,
    .run = run_drop,
};
