/* SPDX-License-Identifier: Apache-2.0
 *
 * Over the worker's own frames, which are the cheapest way to publish here: the less the front end
 * takes of the machine, the more is measured of what is behind it. */
#include "tests/bench/sender.h"

#include <stdlib.h>

#include "tests/bench/measure.h"
#include "worker/rabbit/channel.h"
#include "worker/rabbit/envelope.h"

#define CHANNEL_SEND 1u
#define OUTPUT_SIZE  (256u * 1024u)

void sender_open(struct sender *sender, const struct amqp_url *url, const char *namespace)
{
    struct error error = {0};
    const size_t input_size = url->frame_max;
    *sender = (struct sender){.jobs = address_of(namespace, "jobs"),
                              .memory = malloc(input_size + OUTPUT_SIZE)};
    if (sender->memory == NULL) {
        measure_fail("no memory");
    }
    wire_init(&sender->wire, sender->memory, input_size, sender->memory + input_size, OUTPUT_SIZE);
    if (!wire_connect(&sender->wire, url, "bench publishes", &error)) {
        measure_fail_by(&error);
    }
    struct frames *output = wire_output(&sender->wire, CHANNEL_REQUEST_SIZE);
    ENSURE(output != NULL); /* a new connection */
    channel_open(CHANNEL_SEND, output);
    channel_select_confirms(CHANNEL_SEND, output);
    confirms_reset(&sender->confirms);
}

void sender_close(struct sender *sender)
{
    wire_close(&sender->wire);
    free(sender->memory);
}

bool sender_send(struct sender *sender, const struct drawn *drawn)
{
    const struct delivery carried = {
        .content_type = SPAN_OF("application/json"),
        .correlation_id = SPAN_NONE,
        .reply_to = SPAN_NONE,
        .timestamp = TIMESTAMP_NONE,
        .timestamp_in_ms = TIMESTAMP_NONE,
    };
    const struct message message = {
        .target = MESSAGE_JOB,
        .routing_key = drawn->slot,
        .body = drawn->body,
        .id = drawn->id,
        .correlation_id = SPAN_NONE,
        .type = SPAN_NONE,
        .traceparent = SPAN_NONE,
        .time = INSTANT_NONE,
        .job = &carried,
    };
    const struct envelope envelope = {
        .channel = CHANNEL_SEND,
        .frame_max = sender->wire.rabbit.frame_max,
        .exchange = {sender->jobs.text, (uint32_t)strlen(sender->jobs.text)},
    };
    struct frames *output = wire_output(&sender->wire, envelope_size(&envelope, &message));
    if (output == NULL || confirms_full(&sender->confirms) || sender->wire.rabbit.blocked) {
        return false;
    }
    envelope_write(&envelope, &message, output);
    confirms_sent(&sender->confirms, 0, 1);
    return true;
}

static void take_frame(struct sender *sender, struct frame *frame)
{
    struct error error = {0};
    switch (frame->method) {
    case METHOD_BASIC_ACK: {
        const uint64_t number = fields_long_long(&frame->fields);
        const bool multiple = (fields_octet(&frame->fields) & 1) != 0;
        if (!confirms_settle(&sender->confirms, number, multiple, true, &error)) {
            measure_fail_by(&error);
        }
        break;
    }
    case METHOD_BASIC_NACK:
    case METHOD_BASIC_RETURN:
        measure_fail("the broker does not take a job: run till doctor");
    case METHOD_CHANNEL_CLOSE:
        (void)channel_refused(&sender->wire, frame, &error); /* false, as all that set an error */
        measure_fail_by(&error);
    default:
        break;
    }
}

void sender_turn(struct sender *sender)
{
    struct error error = {0};
    struct frame frame;
    enum port_answer next = PORT_DONE;
    if (!wire_turn(&sender->wire, &error)) {
        measure_fail_by(&error);
    }
    while ((next = wire_next(&sender->wire, &frame, &error)) == PORT_DONE) {
        take_frame(sender, &frame);
    }
    if (next == PORT_FAILED) {
        measure_fail_by(&error);
    }
}

uint32_t sender_pending(const struct sender *sender)
{
    return sender->confirms.waiting;
}
