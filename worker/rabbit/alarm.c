/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishes one message and waits for what comes first: the broker's word that it is blocked, or
 * the answer to a request that was sent behind the message. */
#include "worker/rabbit/alarm.h"

#include <sys/time.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/connect/rabbit.h"

#define CHANNEL_ALARM 4u

#define KEY_OF_NOBODY    "till.doctor.nobody"
#define PATIENCE_SECONDS 10 /* for the next frame, heartbeats included */
#define FRAMES_MAX       16 /* a broker that sends only others has no answer for us */

static bool send_both(struct rabbit *rabbit, struct error *error)
{
    amqp_basic_qos_t request = {.prefetch_count = 1};
    const int published =
        amqp_basic_publish(rabbit->connection, CHANNEL_ALARM, amqp_empty_bytes,
                           amqp_cstring_bytes(KEY_OF_NOBODY), 0, 0, NULL, amqp_empty_bytes);
    return rabbit_status(rabbit, published, "publish", error) &&
           rabbit_status(
               rabbit,
               amqp_send_method(rabbit->connection, CHANNEL_ALARM, AMQP_BASIC_QOS_METHOD, &request),
               "ask", error);
}

/* Whether the frame settles it, one way or the other. */
static bool settles(struct rabbit *rabbit, const amqp_frame_t *frame, bool *alarm,
                    struct error *error)
{
    if (rabbit_notice(rabbit, frame)) {
        *alarm = rabbit->blocked;
        return rabbit->blocked;
    }
    if (frame->frame_type != AMQP_FRAME_METHOD) {
        return false;
    }
    const amqp_rpc_reply_t closed = {.reply_type = AMQP_RESPONSE_SERVER_EXCEPTION,
                                     .reply = frame->payload.method};
    switch (frame->payload.method.id) {
    case AMQP_BASIC_QOS_OK_METHOD:
        return true;
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD:
        return !rabbit_reply(rabbit, frame->channel, closed, "publish", error); /* answers it */
    default:
        return false;
    }
}

static bool wait_for_answer(struct rabbit *rabbit, bool *alarm, struct error *error)
{
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    for (int frames = 0; frames < FRAMES_MAX; frames++) {
        amqp_frame_t frame;
        amqp_maybe_release_buffers(rabbit->connection);
        const int status = amqp_simple_wait_frame_noblock(rabbit->connection, &frame, &patience);
        if (!rabbit_status(rabbit, status, "wait for an answer", error)) {
            return false;
        }
        if (settles(rabbit, &frame, alarm, error)) {
            return !rabbit->broken;
        }
    }
    return rabbit_status(rabbit, AMQP_STATUS_TIMEOUT, "wait for an answer", error);
}

bool alarm_check(struct rabbit *rabbit, bool *alarm, struct error *error)
{
    *alarm = false;
    if (!rabbit_channel_open(rabbit, CHANNEL_ALARM, error) || !send_both(rabbit, error) ||
        !wait_for_answer(rabbit, alarm, error)) {
        return false;
    }
    const bool open = !*alarm && rabbit->reply_code == 0; /* a refusal has closed it */
    return !open || rabbit_channel_close(rabbit, CHANNEL_ALARM, error);
}
