/* SPDX-License-Identifier: Apache-2.0
 *
 * Declares, binds, consumes. */
#include "worker/rabbit/subscription.h"

#include <stdio.h>
#include <string.h>

#include "common/contract/event.h"
#include "worker/rabbit/channel.h"

#define CHANNEL_EVENTS 1u

enum {
    DECLARE_EXCLUSIVE = 4,
    DECLARE_AUTO_DELETE = 8,
};

static struct span text_of(const char *string)
{
    return (struct span){string, (uint32_t)strlen(string)};
}

static bool declare(struct session *session, const struct address *queue, struct error *error)
{
    struct frame frame;
    struct frames *output = session_output(session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    frames_begin_method(output, CHANNEL_EVENTS, METHOD_QUEUE_DECLARE);
    frames_short(output, 0);
    frames_short_text(output, text_of(queue->text));
    frames_octet(output, DECLARE_EXCLUSIVE | DECLARE_AUTO_DELETE);
    const size_t arguments = frames_part_begin(output);
    frames_short_text(output, SPAN_OF("x-queue-type"));
    frames_octet(output, 'S');
    frames_long_text(output, SPAN_OF("classic")); /* no other is exclusive */
    frames_short_text(output, SPAN_OF("x-max-length"));
    frames_octet(output, 'I');
    frames_long(output, SUBSCRIPTION_EVENTS_MAX);
    frames_short_text(output, SPAN_OF("x-overflow"));
    frames_octet(output, 'S');
    frames_long_text(output, SPAN_OF("drop-head"));
    frames_part_end(output, arguments);
    frames_end(output);
    return session_await(session, CHANNEL_EVENTS, METHOD_QUEUE_DECLARE_OK, &frame, error) ||
           error_wrap(error, "queue \"%s\"", queue->text);
}

static bool bind_queue(struct session *session, const struct address *queue,
                       const struct address *exchange, struct span pattern, struct error *error)
{
    struct frame frame;
    struct frames *output = session_output(session, 2 * CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    frames_begin_method(output, CHANNEL_EVENTS, METHOD_QUEUE_BIND);
    frames_short(output, 0);
    frames_short_text(output, text_of(queue->text));
    frames_short_text(output, text_of(exchange->text));
    frames_short_text(output, pattern);
    frames_octet(output, 0);
    frames_long(output, 0);
    frames_end(output);
    return session_await(session, CHANNEL_EVENTS, METHOD_QUEUE_BIND_OK, &frame, error) ||
           error_wrap(error, "exchange \"%s\"", exchange->text);
}

bool subscription_open(struct subscription *subscription, const struct amqp_url *url,
                       const char *namespace, const char *name, struct span pattern,
                       struct error *error)
{
    struct session *session = &subscription->session;
    char part[ADDRESS_MAX];
    (void)snprintf(part, sizeof part, "sub.%s", name);
    const struct address queue = address_of(namespace, part);
    const struct address exchange = address_of(namespace, "events");
    if (letters_open(&subscription->letters, EVENT_MEMORY_MAX, error) &&
        session_open(session, url, "till watch", error) &&
        session_open_channel(session, CHANNEL_EVENTS, error) && declare(session, &queue, error) &&
        bind_queue(session, &queue, &exchange, pattern, error) &&
        session_consume(session, CHANNEL_EVENTS, queue.text, 0, error)) {
        return true;
    }
    subscription_close(subscription);
    return false;
}

void subscription_close(struct subscription *subscription)
{
    session_close(&subscription->session);
    letters_close(&subscription->letters);
}

enum port_answer subscription_next(struct subscription *subscription, int64_t until_ms,
                                   const struct letter **event, struct error *error)
{
    for (;;) {
        struct frame frame;
        const enum port_answer next = session_next(&subscription->session, until_ms, &frame, error);
        if (next != PORT_DONE) {
            return next;
        }
        if (frame.method == METHOD_CHANNEL_CLOSE || frame.method == METHOD_BASIC_CANCEL) {
            error_set(error, ERROR_RETRY, "broker %s: it has ended the subscription",
                      subscription->session.wire.rabbit.address);
            return PORT_FAILED;
        }
        const enum port_answer taken = letters_take(&subscription->letters, &frame, error);
        if (taken != PORT_WAIT) {
            *event = &subscription->letters.letter;
            return taken;
        }
    }
}
