/* SPDX-License-Identifier: Apache-2.0
 *
 * Consumes NS.dead, for basic.get would take a round trip for each letter. Those that stay fill a
 * channel after the other: of many on one the broker looks through all for each single
 * acknowledgement (RabbitMQ 3.10.8), and what is sent meanwhile is kept back. */
#include "worker/rabbit/pile.h"

#include <string.h>

#include "worker/rabbit/channel.h"

#define CHANNEL_CONTROL 1u
#define CHANNEL_FIRST   2u

#define PREFETCH 2000u

#define LOOK_MS    50    /* between two looks whether a state has come */
#define SILENCE_MS 5000  /* after which no more letters come: a policy has dropped some */
#define RETURN_MS  20000 /* until what is given back lies in the queue again */
#define LINGER_MS  250   /* see pile_close */

enum { DECLARE_EXCLUSIVE = 4 };

static struct span text_of(const char *string)
{
    return (struct span){string, (uint32_t)strlen(string)};
}

/* Some time for the broker; what comes meanwhile is kept, as far as there is room. */
static bool wait_ms(struct session *session, int64_t ms, struct error *error)
{
    const int64_t until_ms = wire_now_ms() + ms;
    do {
        struct pollfd nothing = {.fd = -1};
        (void)poll(&nothing, 1, LOOK_MS < ms ? LOOK_MS : (int)ms);
        if (!wire_fill(&session->wire, error) || !wire_turn(&session->wire, error)) {
            return false;
        }
    } while (wire_now_ms() < until_ms);
    return true;
}

/* A queue that only this connection may have, and that goes with it. */
static bool try_lock(struct pile *pile, struct error *error)
{
    struct frame frame;
    struct frames *output = session_output(&pile->session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    frames_begin_method(output, CHANNEL_CONTROL, METHOD_QUEUE_DECLARE);
    frames_short(output, 0);
    frames_short_text(output, text_of(pile->lock.text));
    frames_octet(output, DECLARE_EXCLUSIVE);
    const size_t arguments = frames_part_begin(output);
    frames_short_text(output, SPAN_OF("x-queue-type"));
    frames_octet(output, 'S');
    frames_long_text(output, SPAN_OF("classic")); /* no other is exclusive */
    frames_part_end(output, arguments);
    frames_end(output);
    return session_await(&pile->session, CHANNEL_CONTROL, METHOD_QUEUE_DECLARE_OK, &frame, error);
}

static bool lock(struct pile *pile, uint32_t wait_seconds, bool *busy, struct error *error)
{
    const int64_t until_ms = wire_now_ms() + wait_seconds * INT64_C(1000);
    *busy = false;
    for (;;) {
        struct error found = {0};
        pile->session.refusal = 0;
        if (!session_open_channel(&pile->session, CHANNEL_CONTROL, error)) {
            return false;
        }
        if (try_lock(pile, &found)) {
            return true;
        }
        if (pile->session.refusal != AMQP_RESOURCE_LOCKED) {
            *error = found;
            return false;
        }
        if (wire_now_ms() >= until_ms) {
            *busy = true;
            return true;
        }
        if (!wait_ms(&pile->session, LOOK_MS, error)) {
            return false;
        }
    }
}

static uint16_t last_channel(const struct pile *pile)
{
    return (uint16_t)(CHANNEL_FIRST + pile->channels - 1);
}

static bool consume(struct pile *pile, struct error *error)
{
    if (pile->channels == PILE_CHANNELS_MAX ||
        last_channel(pile) >= pile->session.wire.rabbit.channel_max) {
        return error_set(error, ERROR_FATAL, "more than %u dead letters are too many to look at",
                         pile->seen);
    }
    pile->in_hand[pile->channels++] = 0;
    return session_open_channel(&pile->session, last_channel(pile), error) &&
           session_consume(&pile->session, last_channel(pile), pile->queue.text, PREFETCH, error);
}

bool pile_open(struct pile *pile, const struct amqp_url *url, const char *namespace,
               uint32_t wait_seconds, bool *busy, struct error *error)
{
    pile->queue = address_of(namespace, "dead");
    pile->lock = address_of(namespace, "dead.hand");
    if (!letters_open(&pile->letters, JOB_SIZE_MAX, error) ||
        !session_open(&pile->session, url, "till dead", error) ||
        !lock(pile, wait_seconds, busy, error)) {
        pile_close(pile);
        return false;
    }
    if (*busy) {
        pile_close(pile);
        return true;
    }
    if (!session_count(&pile->session, CHANNEL_CONTROL, pile->queue.text, &pile->count, error) ||
        (pile->count > 0 && !consume(pile, error))) {
        pile_close(pile);
        return false;
    }
    return true;
}

bool pile_is_full(const struct pile *pile)
{
    return pile->channels > 0 && pile->in_hand[pile->channels - 1] == PREFETCH;
}

/* PORT_DONE: a letter. */
static enum port_answer take(struct pile *pile, int64_t until_ms, struct error *error)
{
    for (;;) {
        struct frame frame;
        const enum port_answer next = session_next(&pile->session, until_ms, &frame, error);
        if (next != PORT_DONE) {
            return next;
        }
        if (frame.method == METHOD_CHANNEL_CLOSE) {
            (void)channel_refused(&pile->session.wire, &frame, error); /* false, as ever */
            return PORT_FAILED;
        }
        if (frame.method == METHOD_BASIC_CANCEL) {
            error_set(error, ERROR_RETRY, "queue \"%s\" has gone", pile->queue.text);
            return PORT_FAILED;
        }
        const enum port_answer taken = letters_take(&pile->letters, &frame, error);
        if (taken != PORT_WAIT) {
            return taken;
        }
    }
}

bool pile_next(struct pile *pile, const struct letter **letter, struct error *error)
{
    *letter = NULL;
    if (pile->seen == pile->count) {
        return true;
    }
    if (pile_is_full(pile) && !consume(pile, error)) {
        return false;
    }
    switch (take(pile, wire_now_ms() + SILENCE_MS, error)) {
    case PORT_DONE:
        pile->seen++;
        pile->in_hand[pile->channels - 1]++;
        *letter = &pile->letters.letter;
        return true;
    case PORT_WAIT:
        pile->count = pile->seen;
        return true;
    case PORT_FAILED:
        break;
    }
    return error_wrap(error, "dead letters");
}

static bool acknowledge(struct pile *pile, uint64_t tag, uint32_t count, bool multiple,
                        struct error *error)
{
    struct frames *output = session_output(&pile->session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    uint32_t *in_hand = &pile->in_hand[pile->channels - 1];
    ENSURE(tag > 0 && count <= *in_hand); /* 0 would mean all that was delivered */
    frames_begin_method(output, last_channel(pile), METHOD_BASIC_ACK);
    frames_long_long(output, tag);
    frames_octet(output, multiple);
    frames_end(output);
    session_flush(&pile->session);
    *in_hand -= count;
    pile->removed += count;
    return true;
}

bool pile_remove(struct pile *pile, uint64_t tag, struct error *error)
{
    return acknowledge(pile, tag, 1, false, error);
}

bool pile_remove_all(struct pile *pile, uint64_t tag, uint32_t count, struct error *error)
{
    return acknowledge(pile, tag, count, true, error);
}

bool pile_keep(struct pile *pile, struct error *error)
{
    return wire_fill(&pile->session.wire, error) && wire_turn(&pile->session.wire, error);
}

/* Until the queue has so many letters. */
static bool await_return(struct pile *pile, uint32_t expected, int64_t until_ms,
                         struct error *error)
{
    for (uint32_t ready = 0;;) {
        if (!session_count(&pile->session, CHANNEL_CONTROL, pile->queue.text, &ready, error)) {
            return false;
        }
        if (ready >= expected || wire_now_ms() >= until_ms) {
            return true;
        }
        if (!wait_ms(&pile->session, LOOK_MS / 10, error)) {
            return false;
        }
    }
}

/* Once the broker has heard of the last acknowledgement. */
static bool settle(struct pile *pile, struct error *error)
{
    uint32_t ready = 0;
    return pile->removed == 0 ||
           (session_count(&pile->session, last_channel(pile), pile->queue.text, &ready, error) &&
            wait_ms(&pile->session, LINGER_MS, error));
}

/* A queue keeps what was given back before what was never delivered, but the latest last (RabbitMQ
 * 3.10.8): letters stay in order only if all of them are given back. */
static bool take_the_rest(struct pile *pile, struct error *error)
{
    const struct letter *letter;
    do {
        if (!pile_next(pile, &letter, error)) {
            return false;
        }
    } while (letter != NULL);
    return true;
}

/* One channel after the other, in their order; and nothing goes to the last one, which could take
 * some. */
static bool give_back(struct pile *pile, struct error *error)
{
    const int64_t until_ms = wire_now_ms() + RETURN_MS;
    uint32_t ready = 0;
    if (!take_the_rest(pile, error) || !settle(pile, error) ||
        !session_cancel(&pile->session, last_channel(pile), error) ||
        !session_count(&pile->session, CHANNEL_CONTROL, pile->queue.text, &ready, error)) {
        return false;
    }
    for (uint32_t i = 0; i < pile->channels; i++) {
        ready += pile->in_hand[i];
        if (!session_close_channel(&pile->session, (uint16_t)(CHANNEL_FIRST + i), error) ||
            !await_return(pile, ready, until_ms, error)) {
            return false;
        }
    }
    return true;
}

/* Quorum queues keep back single acknowledgements while many are under way, and forget them with
 * the channel (RabbitMQ 3.10.8): they are given some time. One that is forgotten all the same
 * brings its letter back, which is then there twice, and by its id decided once. */
void pile_close(struct pile *pile)
{
    struct error ignored = {0};
    if (wire_connected(&pile->session.wire) && pile->channels > 0) {
        (void)give_back(pile, &ignored); /* or the broker does, when the connection ends */
    }
    session_close(&pile->session);
    letters_close(&pile->letters);
}
