/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection to RabbitMQ, and what is known of the broker at its other end.
 *
 * For one thread at a time. Nothing here waits without a bound, name resolution excepted, which
 * has the system resolver's own (resolv.conf: attempts, timeout). A connection that the broker has
 * dropped raises no SIGPIPE: librabbitmq sends with MSG_NOSIGNAL, also under TLS. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

#include "common/base/error.h"
#include "common/base/limits.h"
#include "common/connect/amqp_url.h"
#include "common/connect/rabbit_stream.h"

struct rabbit_version {
    uint32_t major;
    uint32_t minor;
    uint32_t patch;
};

/* All of it is the struct's own but the connection, which is librabbitmq's. */
struct rabbit {
    amqp_connection_state_t connection; /* NULL: not open */
    uint32_t host;                      /* which of the URL's */
    char address[AMQP_HOST_MAX + 10];   /* "host:port" as connected, "[host]:port" for IPv6 */
    char user[AMQP_USER_MAX + 1];       /* for messages */
    char vhost[AMQP_VHOST_MAX + 1];     /* for messages */
    char product[32];                   /* "RabbitMQ" */
    char version_text[32];              /* as the broker wrote it */
    struct rabbit_version version;
    char cluster[256];
    bool can_block;             /* it tells of connection.blocked */
    bool can_confirm;           /* publisher confirms and basic.nack */
    bool can_cancel;            /* it tells of a consumer's cancellation */
    bool can_bind_exchanges;    /* exchange to exchange */
    uint32_t heartbeat_seconds; /* as negotiated, never 0 */
    uint32_t frame_max;
    uint32_t channel_max;
    bool broken;  /* no use any more: close it */
    bool blocked; /* the broker takes no messages just now; see rabbit_notice */
    struct rabbit_stream stream;
    uint16_t reply_code; /* of the last refusal, as AMQP numbers them; 0: it was no refusal */
};

/* Tries each host once, beginning with url->host_first, those silent lately last, and logs in. The
 * name is what the broker's tools show for the connection. A broker that refuses the login or the
 * vhost speaks for its cluster: no further host is tried. Otherwise the error names each host's
 * failure, and is one to retry if any of them is. */
bool rabbit_open(struct rabbit *rabbit, const struct amqp_url *url, const char *name,
                 struct error *error) MUST_CHECK;

/* The same, beginning with another host; any number will do. */
bool rabbit_open_from(struct rabbit *rabbit, const struct amqp_url *url, uint32_t first,
                      const char *name, struct error *error) MUST_CHECK;

/* Accepts NULL, what was never opened (all zeros), and what is broken. */
void rabbit_close(struct rabbit *rabbit);

/* Also for a channel that the broker has closed: rabbit_reply has answered that. */
bool rabbit_channel_open(struct rabbit *rabbit, uint16_t channel, struct error *error) MUST_CHECK;

/* Gives back what was delivered on it and not acknowledged. Not after a request on it has failed:
 * then the broker has closed it. */
bool rabbit_channel_close(struct rabbit *rabbit, uint16_t channel, struct error *error) MUST_CHECK;

/* Turns librabbitmq's answer to a request into success or an error:
 *
 *     amqp_queue_declare(rabbit->connection, channel, ...);
 *     return rabbit_reply(rabbit, channel, amqp_get_rpc_reply(rabbit->connection),
 *                         "declare queue \"till.dead\"", error);
 *
 * A channel or connection that the broker closed is answered, so that the channel can be opened
 * again; rabbit->reply_code tells a caller which refusal it was. A connection that cannot be used
 * any more is marked as broken. */
bool rabbit_reply(struct rabbit *rabbit, uint16_t channel, amqp_rpc_reply_t reply, const char *what,
                  struct error *error) MUST_CHECK;

/* The same for functions that return an amqp_status_enum. */
bool rabbit_status(struct rabbit *rabbit, int status, const char *what,
                   struct error *error) MUST_CHECK;

/* For frame loops: hand it the frames of channel 0. True: the frame told of blocking or unblocking,
 * and is noted. */
bool rabbit_notice(struct rabbit *rabbit, const amqp_frame_t *frame);

/* Takes in what has come, without waiting: heartbeats, blocking, closes. Only on connections
 * without consumers and without confirms, for frames of these would be lost. */
bool rabbit_pump(struct rabbit *rabbit, struct error *error) MUST_CHECK;
