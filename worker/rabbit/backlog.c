/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks for queues without making them. */
#include "worker/rabbit/backlog.h"

#include "common/connect/rabbit.h"

#include <amqp_framing.h>

#define CHANNEL_BACKLOG 1

/* A queue that is not there closes the channel. */
static bool look_at_one(struct rabbit *rabbit, const char *queue, uint32_t *ready,
                        struct error *error)
{
    const amqp_queue_declare_ok_t *found =
        amqp_queue_declare(rabbit->connection, CHANNEL_BACKLOG, amqp_cstring_bytes(queue), 1, 1, 0,
                           0, amqp_empty_table);
    if (rabbit_reply(rabbit, CHANNEL_BACKLOG, amqp_get_rpc_reply(rabbit->connection),
                     "look at a queue", error)) {
        *ready = found->message_count;
        return true;
    }
    if (rabbit->reply_code != AMQP_NOT_FOUND) {
        return error_wrap(error, "queue \"%s\"", queue);
    }
    *ready = BACKLOG_NO_QUEUE;
    return rabbit_channel_open(rabbit, CHANNEL_BACKLOG, error);
}

bool backlog_look(struct rabbit *rabbit, const struct address *queues, uint32_t count,
                  uint32_t *ready, struct error *error)
{
    if (!rabbit_channel_open(rabbit, CHANNEL_BACKLOG, error)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!look_at_one(rabbit, queues[i].text, &ready[i], error)) {
            return false;
        }
    }
    return rabbit_channel_close(rabbit, CHANNEL_BACKLOG, error);
}
