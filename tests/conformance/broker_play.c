/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes the calls of a script, and puts the answers into words. */
#include "tests/conformance/broker_play.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/conformance/broker_side.h"
#include "tests/conformance/database_words.h"
#include "tests/support/test.h"

enum {
    MESSAGES_MAX = 16,
    PATIENCE_S = 60,
};

static const struct broker_side *side;
static struct player {
    struct message messages[MESSAGES_MAX];
    uint32_t count;
    struct arena arena;
    char memory[DELIVERY_MEMORY_MAX];
} players[ACTOR_COUNT];

static const struct delivery dead_delivery = {
    .exchange = {"till.jobs", sizeof "till.jobs" - 1},
    .routing_key = {"1", 1},
    .timestamp = TIMESTAMP_NONE,
    .timestamp_in_ms = TIMESTAMP_NONE,
};
static const struct dead_letter dead_letter = {
    DEAD_FAILED, {"no reason", sizeof "no reason" - 1}, &dead_delivery};

/* ---- The port's calls ---- */

static enum port_answer ask(const struct step *step, struct player *player,
                            struct delivery *delivery, struct error *error)
{
    const struct broker port = side->port(step->who);
    switch ((enum broker_call)step->call) {
    case SUBSCRIBE:
        return port.ops->subscribe(port.self, error);
    case TAKE:
    case TAKE_WHOLE:
    case NOTHING:
        return port.ops->take(port.self, &player->arena, delivery, error);
    case ACKNOWLEDGE:
        return port.ops->acknowledge(port.self, strtoull(step->argument, NULL, 10), error);
    case PUBLISH:
        return port.ops->publish(port.self, player->messages, player->count, error);
    case CONFIRM:
        return port.ops->confirm(port.self, error);
    case SEND:
    case SEND_STOCK:
    case GIVE_BACK:
    case HEARD:
    case READY_JOBS:
    case UNHEARD:
    case DEAD_LETTERS:
    case STRIKE:
        break;
    }
    fail_msg("no call of the port that can wait");
    return PORT_FAILED;
}

/* Writes what failed. */
static bool ask_until_done(const struct step *step, struct delivery *delivery, struct text *answer)
{
    struct player *player = &players[step->who];
    struct error error = {0};
    enum port_answer got;
    const time_t begun = time(NULL);
    arena_init(&player->arena, player->memory, sizeof player->memory);
    while ((got = ask(step, player, delivery, &error)) == PORT_WAIT) {
        if (time(NULL) - begun > PATIENCE_S || !side->pass(step->who)) {
            text_put(answer, "waits for ever");
            return false;
        }
    }
    if (got == PORT_FAILED) {
        words_of_error(&error, answer);
    }
    return got == PORT_DONE;
}

static void call(const struct step *step, struct text *answer)
{
    if (ask_until_done(step, NULL, answer)) {
        text_put(answer, "done");
    }
}

/* ---- Deliveries ---- */

static void take(const struct step *step, struct text *answer)
{
    const unsigned long count = strtoul(step->argument, NULL, 10);
    for (unsigned long i = 0; i < count; i++) {
        struct delivery delivery;
        if (i > 0) {
            text_put(answer, " ");
        }
        if (!ask_until_done(step, &delivery, answer)) {
            return;
        }
        text_format(answer, "%" PRIu64 ":%.*s/%" PRIu32, delivery.tag,
                    SPAN_ARGUMENTS(delivery.body), delivery.delivery_count);
    }
}

static void say(struct text *answer, const char *what, struct span span)
{
    if (!span_absent(span)) {
        text_format(answer, " %s %.*s", what, SPAN_ARGUMENTS(span));
    }
}

/* Behind the namespace, which sides have of their own. */
static struct span without_namespace(struct span exchange)
{
    uint32_t skip = 0;
    for (uint32_t i = 0; i < exchange.size; i++) {
        skip = exchange.bytes[i] == '.' ? i + 1 : skip;
    }
    return (struct span){exchange.bytes + skip, exchange.size - skip};
}

static void take_whole(const struct step *step, struct text *answer)
{
    struct delivery delivery;
    if (!ask_until_done(step, &delivery, answer)) {
        return;
    }
    text_format(answer, "tag %" PRIu64 " count %" PRIu32 " size %" PRIu64 " key %" PRIu32,
                delivery.tag, delivery.delivery_count, delivery.size,
                side->key_of(delivery.routing_key));
    say(answer, "body", delivery.body);
    say(answer, "exchange", without_namespace(delivery.exchange));
    say(answer, "id", delivery.message_id);
    say(answer, "type", delivery.type);
    say(answer, "content", delivery.content_type);
    say(answer, "correlation", delivery.correlation_id);
    say(answer, "reply", delivery.reply_to);
    if (delivery.timestamp != TIMESTAMP_NONE || delivery.timestamp_in_ms != TIMESTAMP_NONE) {
        text_put(answer, " with a time");
    }
}

static void take_nothing(const struct step *step, struct text *answer)
{
    struct player *player = &players[step->who];
    struct delivery delivery;
    struct error error = {0};
    arena_init(&player->arena, player->memory, sizeof player->memory);
    enum port_answer got = ask(step, player, &delivery, &error);
    if (got == PORT_WAIT) {
        side->settle(step->who);
        got = ask(step, player, &delivery, &error);
    }
    if (got == PORT_WAIT) {
        text_put(answer, "nothing");
    } else if (got == PORT_FAILED) {
        words_of_error(&error, answer);
    } else {
        text_format(answer, "%.*s", SPAN_ARGUMENTS(delivery.body));
    }
}

/* ---- Messages ---- */

static struct message message_of(char kind, struct span body)
{
    struct message message = {
        .target = MESSAGE_EVENT,
        .routing_key = SPAN_OF("reserve.held.eu"),
        .body = body,
        .id = body,
        .type = SPAN_OF("reserve.held"),
        .time = INT64_C(1763715600123456),
    };
    if (kind == 'd') {
        message.target = MESSAGE_DEAD;
        message.routing_key = SPAN_OF("1");
        message.time = INSTANT_NONE;
        message.dead = &dead_letter;
    } else if (kind == 'r') {
        message.target = MESSAGE_REPLY;
        message.routing_key = SPAN_OF("amq.rabbitmq.reply-to.garbage");
    } else {
        assert_int_equal(kind, 'e');
    }
    return message;
}

static void publish(const struct step *step, struct text *answer)
{
    struct player *player = &players[step->who];
    player->count = 0;
    for (const char *at = step->argument; *at != '\0'; at += strspn(at, " ")) {
        const uint32_t size = (uint32_t)strcspn(at, " ");
        assert_true(size > 2 && at[1] == ':' && player->count < MESSAGES_MAX);
        player->messages[player->count++] = message_of(at[0], (struct span){at + 2, size - 2});
        at += size;
    }
    call(step, answer);
}

/* In the order of the first copies: a refused one is sent again when its refusal comes. */
static void say_heard(struct text *answer)
{
    char known[MESSAGES_MAX][BODY_MAX];
    uint32_t counts[MESSAGES_MAX] = {0};
    uint32_t size = 0;
    char body[BODY_MAX];
    while (side->hear(body)) {
        uint32_t i = 0;
        while (i < size && strcmp(known[i], body) != 0) {
            i++;
        }
        if (i == size) {
            assert_in_range(size, 0, MESSAGES_MAX - 1);
            memcpy(known[size++], body, BODY_MAX);
        }
        counts[i]++;
    }
    for (uint32_t i = 0; i < size; i++) {
        text_format(answer, "%s%s", i == 0 ? "" : " ", known[i]);
        if (counts[i] > 1) {
            text_format(answer, "*%" PRIu32, counts[i]);
        }
    }
}

/* ---- What goes on around ---- */

static void send(const struct step *step)
{
    char body[BODY_MAX];
    uint32_t key = 0;
    for (const char *at = step->argument; *at != '\0'; at += strspn(at, " ")) {
        const size_t size = strcspn(at, " ");
        assert_in_range(size, 1, sizeof body - 1);
        memcpy(body, at, size);
        body[size] = '\0';
        side->send(step->call == SEND_STOCK, key++, body);
        at += size;
    }
}

static void strike(const struct step *step)
{
    static const char *const names[] = {
        [CONSUMER_LOST] = "consumer lost",     [CONSUMER_CLOSED] = "consumer closed",
        [PUBLISHER_LOST] = "publisher lost",   [SOMEBODY_LISTENS] = "somebody listens",
        [SUBSCRIBER_FULL] = "subscriber full", [SUBSCRIBER_GONE] = "subscriber gone",
        [DEAD_QUEUE_GONE] = "dead queue gone", [DEAD_QUEUE_BACK] = "dead queue back",
        [CONFIRMS_HELD] = "confirms held",
    };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], step->argument) == 0) {
            side->strike(step->who, (enum broker_accident)i);
            return;
        }
    }
    fail_msg("no accident: %s", step->argument);
}

static uint32_t number_expected(const struct step *step)
{
    return (uint32_t)strtoul(step->answer, NULL, 10);
}

static void give_back(const struct step *step)
{
    const struct broker port = side->port(step->who);
    port.ops->give_back(port.self);
}

static void play_step(const struct step *step, struct text *answer)
{
    switch ((enum broker_call)step->call) {
    case TAKE:
        take(step, answer);
        return;
    case TAKE_WHOLE:
        take_whole(step, answer);
        return;
    case NOTHING:
        take_nothing(step, answer);
        return;
    case SUBSCRIBE:
    case ACKNOWLEDGE:
    case CONFIRM:
        call(step, answer);
        return;
    case PUBLISH:
        publish(step, answer);
        return;
    case HEARD:
        say_heard(answer);
        return;
    case READY_JOBS:
        text_format(answer, "%" PRIu32, side->ready(number_expected(step)));
        return;
    case DEAD_LETTERS:
        text_format(answer, "%" PRIu32, side->dead(number_expected(step)));
        return;
    case UNHEARD:
        text_format(answer, "%" PRIu64, side->unheard(step->who));
        return;
    case SEND:
    case SEND_STOCK:
        send(step);
        break;
    case GIVE_BACK:
        give_back(step);
        break;
    case STRIKE:
        strike(step);
        break;
    }
    text_put(answer, "done");
}

/* ---- Sides ---- */

static void begin_simulated(const struct script *script)
{
    side = &broker_simulated;
    side->begin(script->prefetch);
}

static void begin_real(const struct script *script)
{
    side = &broker_real;
    side->begin(script->prefetch);
}

static void end(void)
{
    side->end();
}

const struct side played_on_simulated_broker = {"simulated", begin_simulated, play_step, end};
const struct side played_on_real_broker = {"RabbitMQ", begin_real, play_step, end};
