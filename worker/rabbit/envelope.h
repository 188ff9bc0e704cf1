/* SPDX-License-Identifier: Apache-2.0
 *
 * A message of the lane's as AMQP has it: the frames of one basic.publish, with the properties that
 * the contract names. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/contract/event.h"
#include "worker/lane/message.h"
#include "worker/rabbit/frame.h"

/* All that stands beside the body: method, properties, headers. */
#define ENVELOPE_HEAD_MAX AMQP_FRAME_MIN

#define ENVELOPE_BODY_MAX EVENT_MEMORY_MAX
_Static_assert(JOB_SIZE_MAX <= ENVELOPE_BODY_MAX, "a dead letter's body must fit");

/* Where to. A reply's exchange is the one without a name. */
struct envelope {
    uint16_t channel;
    uint32_t frame_max; /* no frame is larger */
    struct span exchange;
};

/* What the frames take at most. */
size_t envelope_size(const struct envelope *envelope, const struct message *message);

/* There must be room for so much. */
void envelope_write(const struct envelope *envelope, const struct message *message,
                    struct frames *frames);
