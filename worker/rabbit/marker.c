/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishes markers, with confirms. That a queue is there is looked at before: what is published to
 * none is confirmed, too. */
#include "worker/rabbit/marker.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/time.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/base/limits.h"
#include "common/connect/rabbit.h"
#include "common/contract/address.h"
#include "worker/lane/delivery.h"

#define CHANNEL_MARKER   5u
#define PATIENCE_SECONDS 10 /* for the next confirm */

/* The channel's messages have the numbers 1, 2, 3 ... */
struct markers {
    struct rabbit *rabbit;
    uint32_t sent;
    uint32_t open;
    bool confirmed[LANES_MAX + 1];
};

static bool answered(struct markers *markers, const char *what, struct error *error)
{
    return rabbit_reply(markers->rabbit, CHANNEL_MARKER,
                        amqp_get_rpc_reply(markers->rabbit->connection), what, error);
}

static bool is_there(struct markers *markers, struct address queue, struct error *error)
{
    amqp_queue_declare(markers->rabbit->connection, CHANNEL_MARKER, amqp_cstring_bytes(queue.text),
                       1, 1, 0, 0, amqp_empty_table);
    return answered(markers, queue.text, error);
}

static bool send(struct markers *markers, struct address queue, uint32_t coming,
                 struct error *error)
{
    char number[sizeof "4294967295"];
    (void)snprintf(number, sizeof number, "%" PRIu32, coming);
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_TYPE_FLAG |
                                                          AMQP_BASIC_DELIVERY_MODE_FLAG,
                                                .type = amqp_cstring_bytes(DELIVERY_MARKER),
                                                .delivery_mode = AMQP_DELIVERY_PERSISTENT};
    const int status = amqp_basic_publish(markers->rabbit->connection, CHANNEL_MARKER,
                                          amqp_empty_bytes, amqp_cstring_bytes(queue.text), 0, 0,
                                          &properties, amqp_cstring_bytes(number));
    markers->sent++;
    markers->open++;
    return rabbit_status(markers->rabbit, status, "publish a marker", error);
}

static void settle(struct markers *markers, uint64_t number, bool multiple)
{
    for (uint64_t i = multiple ? 1 : number; i <= number && i <= markers->sent; i++) {
        markers->open -= markers->confirmed[i] ? 0 : 1;
        markers->confirmed[i] = true;
    }
}

/* A broker that is closing, or anything else that a connection which only publishes may be told. */
static bool take_method(struct markers *markers, const amqp_frame_t *frame, struct error *error)
{
    const amqp_method_t *method = &frame->payload.method;
    if (method->id == AMQP_BASIC_ACK_METHOD) {
        const amqp_basic_ack_t *ack = method->decoded;
        settle(markers, ack->delivery_tag, ack->multiple != 0);
        return true;
    }
    if (method->id == AMQP_BASIC_NACK_METHOD) {
        return error_set(error, ERROR_RETRY, "the broker does not take a marker");
    }
    const amqp_rpc_reply_t reply = {.reply_type = AMQP_RESPONSE_SERVER_EXCEPTION, .reply = *method};
    return rabbit_reply(markers->rabbit, frame->channel, reply, "publish markers", error);
}

static bool await_confirms(struct markers *markers, struct error *error)
{
    while (markers->open > 0) {
        amqp_frame_t frame;
        const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
        amqp_maybe_release_buffers(markers->rabbit->connection);
        const int status =
            amqp_simple_wait_frame_noblock(markers->rabbit->connection, &frame, &patience);
        if (status == AMQP_STATUS_TIMEOUT) {
            markers->rabbit->broken = true; /* its confirms may come when nobody expects them */
            return error_set(error, ERROR_RETRY, "the broker has not confirmed %u markers in %d s",
                             markers->open, PATIENCE_SECONDS);
        }
        if (!rabbit_status(markers->rabbit, status, "publish markers", error)) {
            return false;
        }
        if (!rabbit_notice(markers->rabbit, &frame) && frame.frame_type == AMQP_FRAME_METHOD &&
            !take_method(markers, &frame, error)) {
            return false;
        }
    }
    return true;
}

static bool publish_all(struct markers *markers, const struct topology *source, uint32_t coming,
                        uint32_t first, uint32_t count, struct error *error)
{
    amqp_confirm_select(markers->rabbit->connection, CHANNEL_MARKER);
    if (!answered(markers, "publish markers", error)) {
        return false;
    }
    for (uint32_t lane = first; lane < first + count; lane++) {
        const struct address queue = address_lane(source->namespace, source->generation, lane);
        if (!is_there(markers, queue, error)) {
            return false;
        }
    }
    for (uint32_t lane = first; lane < first + count; lane++) {
        const struct address queue = address_lane(source->namespace, source->generation, lane);
        if (!send(markers, queue, coming, error)) {
            return false;
        }
    }
    return await_confirms(markers, error);
}

bool marker_publish(struct rabbit *rabbit, const struct topology *source, uint32_t coming,
                    uint32_t first, uint32_t count, struct error *error)
{
    struct markers markers = {.rabbit = rabbit};
    ENSURE(count <= LANES_MAX);
    return rabbit_channel_open(rabbit, CHANNEL_MARKER, error) &&
           publish_all(&markers, source, coming, first, count, error) &&
           rabbit_channel_close(rabbit, CHANNEL_MARKER, error);
}
