/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes the few requests about channels, and reads their refusal. */
#include "worker/rabbit/channel.h"

#include "common/connect/rabbit_error.h"

void channel_open(uint16_t channel, struct frames *frames)
{
    frames_begin_method(frames, channel, METHOD_CHANNEL_OPEN);
    frames_short_text(frames, SPAN_OF(""));
    frames_end(frames);
}

void channel_select_confirms(uint16_t channel, struct frames *frames)
{
    frames_begin_method(frames, channel, METHOD_CONFIRM_SELECT);
    frames_octet(frames, 0);
    frames_end(frames);
}

void channel_close(uint16_t channel, struct frames *frames)
{
    frames_begin_method(frames, channel, METHOD_CHANNEL_CLOSE);
    frames_short(frames, AMQP_REPLY_SUCCESS);
    frames_short_text(frames, SPAN_OF(""));
    frames_short(frames, 0); /* no method is at fault */
    frames_short(frames, 0);
    frames_end(frames);
}

bool channel_refused(struct wire *wire, const struct frame *close, struct error *error)
{
    struct fields fields = close->fields;
    const uint16_t code = fields_short(&fields);
    const struct span text = fields_short_text(&fields);
    const uint16_t class_id = fields_short(&fields);
    rabbit_error_reply(error, code, class_id,
                       (amqp_bytes_t){.len = text.size, .bytes = (void *)(uintptr_t)text.bytes});
    if (code == AMQP_NOT_FOUND) {
        error->kind = ERROR_RETRY;
    }
    error_wrap(error, "channel closed by the broker");

    struct frames *output = wire_output(wire, CHANNEL_REQUEST_SIZE);
    if (output == NULL) {
        wire->rabbit.broken = true; /* it does not read, so it will not see us agree */
    } else {
        frames_begin_method(output, close->channel, METHOD_CHANNEL_CLOSE_OK);
        frames_end(output);
        (void)wire_flush(wire); /* or with the next */
    }
    return error_wrap(error, "broker %s", wire->rabbit.address);
}
