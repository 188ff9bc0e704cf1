/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests and their answers, one at a time. */
#include "worker/rabbit/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/rabbit/channel.h"

#define OUTPUT_SIZE (512u * 1024u) /* more than the largest message that a command sends */

#define CONSUMER_TAG "till" /* each channel has its own tags */

enum {
    DECLARE_PASSIVE = 1,
    CONSUME_NO_ACK = 2,
};

static struct span text_of(const char *string)
{
    return (struct span){string, (uint32_t)strlen(string)};
}

bool session_open(struct session *session, const struct amqp_url *url, const char *name,
                  struct error *error)
{
    ENSURE(session->memory == NULL);
    const size_t input_size = 2 * (size_t)url->frame_max;
    session->memory = malloc(input_size + OUTPUT_SIZE);
    if (session->memory == NULL) {
        return error_set(error, ERROR_FATAL, "out of memory");
    }
    wire_init(&session->wire, session->memory, input_size, session->memory + input_size,
              OUTPUT_SIZE);
    if (!wire_connect(&session->wire, url, name, error)) {
        free(session->memory);
        session->memory = NULL;
        return false;
    }
    return true;
}

void session_close(struct session *session)
{
    if (session->memory == NULL) {
        return;
    }
    wire_close(&session->wire);
    free(session->memory);
    session->memory = NULL;
}

static bool is_woken(const struct session *session)
{
    for (uint32_t i = 0; i < session->waker_count; i++) {
        if (session->wakers[i].revents != 0) {
            return true;
        }
    }
    return false;
}

/* Until the socket, or a waker, has something; at the latest until then, or until the wire is due.
 */
static bool wait_for_files(struct session *session, int64_t until_ms, struct error *error)
{
    struct pollfd files[1 + SESSION_WAKERS_MAX];
    const int64_t deadline_ms = wire_deadline(&session->wire);
    const int64_t wait_ms = (until_ms < deadline_ms ? until_ms : deadline_ms) - wire_now_ms();
    files[0] = wire_interest(&session->wire);
    memcpy(files + 1, session->wakers, session->waker_count * sizeof files[0]);
    if (poll(files, 1 + session->waker_count, wait_ms < 0 ? 0 : (int)wait_ms) < 0 &&
        errno != EINTR) {
        return error_set(error, ERROR_FATAL, "wait for the broker: %s", strerror(errno));
    }
    memcpy(session->wakers, files + 1, session->waker_count * sizeof files[0]);
    return wire_turn(&session->wire, error);
}

static bool is_over(const struct session *session, int64_t until_ms)
{
    return is_woken(session) || wire_now_ms() >= until_ms;
}

enum port_answer session_next(struct session *session, int64_t until_ms, struct frame *frame,
                              struct error *error)
{
    for (uint32_t i = 0; i < session->waker_count; i++) {
        session->wakers[i].revents = 0;
    }
    for (;;) {
        const enum port_answer answer = wire_next(&session->wire, frame, error);
        if (answer != PORT_WAIT || is_over(session, until_ms)) {
            return answer;
        }
        if (!wait_for_files(session, until_ms, error)) {
            return PORT_FAILED;
        }
    }
}

void session_flush(struct session *session)
{
    (void)wire_flush(&session->wire); /* what is left goes with the next wait */
}

struct frames *session_output(struct session *session, size_t room, struct error *error)
{
    const int64_t until_ms = wire_now_ms() + SESSION_TIMEOUT_MS;
    struct frames *output = wire_output(&session->wire, room);
    ENSURE(room <= OUTPUT_SIZE);
    while (output == NULL) {
        session_flush(session);
        output = wire_output(&session->wire, room);
        if (output != NULL) {
            break;
        }
        if (wire_now_ms() >= until_ms) {
            session->wire.rabbit.broken = true;
            error_set(error, ERROR_RETRY, "broker %s: it does not read what is sent to it%s",
                      session->wire.rabbit.address,
                      session->wire.rabbit.blocked ? ": it is short of memory or disk" : "");
            return NULL;
        }
        /* What comes is taken in, or a poll for more would never wait. */
        if (!wait_for_files(session, until_ms, error) || !wire_fill(&session->wire, error)) {
            return NULL;
        }
    }
    return output;
}

static bool refused(struct session *session, const struct frame *close, struct error *error)
{
    struct fields fields = close->fields;
    session->refusal = fields_short(&fields);
    (void)channel_refused(&session->wire, close, error); /* false, as all that set an error */
    if (session->refusal == AMQP_NOT_FOUND) {
        error->kind = ERROR_CONFIG;
    }
    return false;
}

bool session_await(struct session *session, uint16_t channel, enum method answer,
                   struct frame *frame, struct error *error)
{
    const int64_t until_ms = wire_now_ms() + SESSION_TIMEOUT_MS;
    session_flush(session);
    for (;;) {
        switch (session_next(session, until_ms, frame, error)) {
        case PORT_DONE:
            break;
        case PORT_WAIT:
            if (wire_now_ms() < until_ms) {
                continue; /* woken: the answer comes all the same */
            }
            session->wire.rabbit.broken = true;
            return error_set(error, ERROR_RETRY, "broker %s: no answer within %d s",
                             session->wire.rabbit.address, SESSION_TIMEOUT_MS / 1000);
        case PORT_FAILED:
            return false;
        }
        if (frame->channel != channel || frame->type != FRAME_METHOD) {
            continue;
        }
        if (frame->method == METHOD_CHANNEL_CLOSE) {
            return refused(session, frame, error);
        }
        if (frame->method == answer) {
            return true;
        }
    }
}

bool session_open_channel(struct session *session, uint16_t channel, struct error *error)
{
    struct frame frame;
    struct frames *output = session_output(session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    channel_open(channel, output);
    return session_await(session, channel, METHOD_CHANNEL_OPEN_OK, &frame, error);
}

bool session_open_confirmed(struct session *session, uint16_t channel, struct error *error)
{
    struct frame frame;
    if (!session_open_channel(session, channel, error)) {
        return false;
    }
    struct frames *output = session_output(session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    channel_select_confirms(channel, output);
    return session_await(session, channel, METHOD_CONFIRM_SELECT_OK, &frame, error);
}

bool session_close_channel(struct session *session, uint16_t channel, struct error *error)
{
    struct frame frame;
    struct frames *output = session_output(session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    channel_close(channel, output);
    return session_await(session, channel, METHOD_CHANNEL_CLOSE_OK, &frame, error);
}

bool session_count(struct session *session, uint16_t channel, const char *queue, uint32_t *ready,
                   struct error *error)
{
    struct frame frame;
    struct frames *output = session_output(session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    frames_begin_method(output, channel, METHOD_QUEUE_DECLARE);
    frames_short(output, 0);
    frames_short_text(output, text_of(queue));
    frames_octet(output, DECLARE_PASSIVE);
    frames_long(output, 0);
    frames_end(output);
    if (!session_await(session, channel, METHOD_QUEUE_DECLARE_OK, &frame, error)) {
        return error_wrap(error, "queue \"%s\"", queue);
    }
    (void)fields_short_text(&frame.fields);
    *ready = fields_long(&frame.fields);
    return true;
}

bool session_consume(struct session *session, uint16_t channel, const char *queue,
                     uint16_t prefetch, struct error *error)
{
    struct frame frame;
    struct frames *output = session_output(session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    if (prefetch > 0) {
        frames_begin_method(output, channel, METHOD_BASIC_QOS);
        frames_long(output, 0);
        frames_short(output, prefetch);
        frames_octet(output, 0); /* for each consumer: quorum queues know no other */
        frames_end(output);
    }
    frames_begin_method(output, channel, METHOD_BASIC_CONSUME);
    frames_short(output, 0);
    frames_short_text(output, text_of(queue));
    frames_short_text(output, SPAN_OF(CONSUMER_TAG));
    frames_octet(output, prefetch == 0 ? CONSUME_NO_ACK : 0);
    frames_long(output, 0);
    frames_end(output);
    return session_await(session, channel, METHOD_BASIC_CONSUME_OK, &frame, error) ||
           error_wrap(error, "queue \"%s\"", queue);
}

bool session_cancel(struct session *session, uint16_t channel, struct error *error)
{
    struct frame frame;
    struct frames *output = session_output(session, CHANNEL_REQUEST_SIZE, error);
    if (output == NULL) {
        return false;
    }
    frames_begin_method(output, channel, METHOD_BASIC_CANCEL);
    frames_short_text(output, SPAN_OF(CONSUMER_TAG));
    frames_octet(output, 0);
    frames_end(output);
    return session_await(session, channel, METHOD_BASIC_CANCEL_OK, &frame, error);
}
