/* SPDX-License-Identifier: Apache-2.0
 *
 * A publisher that waits. */
#include "worker/rabbit/poster.h"

#include "worker/rabbit/channel.h"
#include "worker/rabbit/envelope.h"

#define CHANNEL_POST 1u
#define CHANNEL_ASK  2u /* a refusal closes it */

#define CONFIRM_TIMEOUT_MS 30000

_Static_assert(POSTER_WINDOW <= CONFIRMS_MAX, "each message on its way has a place");

bool poster_open(struct poster *poster, const struct amqp_url *url, const char *name,
                 struct error *error)
{
    confirms_reset(&poster->confirms);
    if (session_open(&poster->session, url, name, error) &&
        session_open_confirmed(&poster->session, CHANNEL_POST, error)) {
        return true;
    }
    poster_close(poster);
    return false;
}

void poster_close(struct poster *poster)
{
    session_close(&poster->session);
}

bool poster_find_queue(struct poster *poster, const char *queue, bool *found, struct error *error)
{
    struct session *session = &poster->session;
    uint32_t ready = 0;
    session->refusal = 0;
    *found = true;
    if (!session_open_channel(session, CHANNEL_ASK, error)) {
        return false;
    }
    if (session_count(session, CHANNEL_ASK, queue, &ready, error)) {
        return session_close_channel(session, CHANNEL_ASK, error);
    }
    *found = session->refusal == AMQP_RESOURCE_LOCKED; /* there, and another connection's own */
    return *found || session->refusal == AMQP_NOT_FOUND;
}

uint32_t poster_waiting(const struct poster *poster)
{
    return poster->confirms.waiting;
}

bool poster_send(struct poster *poster, struct span exchange, const struct message *message,
                 struct error *error)
{
    const struct envelope envelope = {
        .channel = CHANNEL_POST,
        .frame_max = poster->session.wire.rabbit.frame_max,
        .exchange = exchange,
    };
    ENSURE(poster->confirms.waiting < POSTER_WINDOW);
    struct frames *output =
        session_output(&poster->session, envelope_size(&envelope, message), error);
    if (output == NULL) {
        return false;
    }
    envelope_write(&envelope, message, output);
    session_flush(&poster->session);
    if (poster->confirms.waiting == 0) {
        poster->progress_ms = wire_now_ms();
    }
    confirms_sent(&poster->confirms, 0, 1);
    poster->sent++;
    return true;
}

static bool settle(struct poster *poster, const struct frame *frame, struct error *error)
{
    struct fields fields = frame->fields;
    const uint64_t number = fields_long_long(&fields);
    const bool multiple = (fields_octet(&fields) & 1) != 0;
    poster->progress_ms = wire_now_ms();
    if (!confirms_settle(&poster->confirms, number, multiple, frame->method == METHOD_BASIC_ACK,
                         error)) {
        return false;
    }
    if (poster->confirms.refused_count == 0) {
        return true;
    }
    error_set(error, ERROR_REFUSED, "broker %s: it refuses a message",
              poster->session.wire.rabbit.address);
    return error_advise(error, "A queue may be full, or without a leader: rabbitmqctl list_queues "
                               "name messages state.");
}

static bool take(struct poster *poster, const struct frame *frame, struct error *error)
{
    if (frame->channel != CHANNEL_POST || frame->type != FRAME_METHOD) {
        return true; /* a returned message's own content is not looked at */
    }
    switch (frame->method) {
    case METHOD_BASIC_ACK:
    case METHOD_BASIC_NACK:
        return settle(poster, frame, error);
    case METHOD_BASIC_RETURN:
        poster->returned++;
        return true;
    case METHOD_CHANNEL_CLOSE:
        return channel_refused(&poster->session.wire, frame, error);
    default:
        return true;
    }
}

static bool check_progress(struct poster *poster, struct error *error)
{
    const struct rabbit *rabbit = &poster->session.wire.rabbit;
    if (poster->confirms.waiting == 0 || wire_now_ms() - poster->progress_ms < CONFIRM_TIMEOUT_MS) {
        return true;
    }
    return error_set(error, ERROR_RETRY, "broker %s: no confirm within %d s for %u messages%s",
                     rabbit->address, CONFIRM_TIMEOUT_MS / 1000, poster->confirms.waiting,
                     rabbit->blocked ? ": it is short of memory or disk" : "");
}

/* PORT_DONE: something was taken in. */
static enum port_answer advance(struct poster *poster, int64_t until_ms, struct error *error)
{
    struct frame frame;
    const enum port_answer next = session_next(&poster->session, until_ms, &frame, error);
    return next == PORT_DONE && !take(poster, &frame, error) ? PORT_FAILED : next;
}

bool poster_settle(struct poster *poster, uint32_t waiting_max, int64_t until_ms,
                   struct error *error)
{
    while (poster->confirms.waiting > waiting_max) {
        switch (advance(poster, until_ms, error)) {
        case PORT_DONE:
            break;
        case PORT_WAIT:
            return check_progress(poster, error);
        case PORT_FAILED:
            return false;
        }
    }
    return true;
}

bool poster_wait(struct poster *poster, int64_t until_ms, struct error *error)
{
    for (;;) {
        switch (advance(poster, until_ms, error)) {
        case PORT_DONE:
            break;
        case PORT_WAIT:
            return check_progress(poster, error);
        case PORT_FAILED:
            return false;
        }
    }
}
