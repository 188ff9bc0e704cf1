/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection that a command works on: its calls wait, each with a bound, while the wire below
 * never does. librabbitmq does not read what comes: strangers wrote some of it (see frame.h).
 *
 * For one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/address.h"
#include "worker/rabbit/wire.h"

#define SESSION_TIMEOUT_MS 20000 /* for an answer, and for the broker to read what is sent */

#define SESSION_WAKERS_MAX 2u

struct session {
    struct wire wire;
    char *memory;                             /* the wire's */
    struct pollfd wakers[SESSION_WAKERS_MAX]; /* the caller's files: any event ends a wait */
    uint32_t waker_count;
    uint16_t refusal; /* AMQP's code, of the last request that was refused */
};

/* Opens the connection; keeps the wakers that are set, for all else must be zero. */
bool session_open(struct session *session, const struct amqp_url *url, const char *name,
                  struct error *error) MUST_CHECK;

/* Waits until the broker has read all that was sent, if it still answers. What was delivered and
 * not acknowledged returns to its queue. Accepts what was never opened, or is broken. */
void session_close(struct session *session);

/* The next frame, gone with the next call of any function here. PORT_WAIT: none came until then, by
 * wire_now_ms, or a waker has something. */
enum port_answer session_next(struct session *session, int64_t until_ms, struct frame *frame,
                              struct error *error);

/* Where to write frames to, once there is room. NULL: the broker does not read. */
struct frames *session_output(struct session *session, size_t room, struct error *error) MUST_CHECK;

/* Sends what was written as far as it can be sent now; the rest goes with the next wait. */
void session_flush(struct session *session);

/* Sends what was written, and waits for the answer to it. Whatever else comes is passed over;
 * deliveries among it return to their queue when their channel is closed. A refusal closes the
 * channel; that something is not there is ERROR_CONFIG. */
bool session_await(struct session *session, uint16_t channel, enum method answer,
                   struct frame *frame, struct error *error) MUST_CHECK;

bool session_open_channel(struct session *session, uint16_t channel,
                          struct error *error) MUST_CHECK;
bool session_open_confirmed(struct session *session, uint16_t channel,
                            struct error *error) MUST_CHECK; /* for publishing */
bool session_close_channel(struct session *session, uint16_t channel,
                           struct error *error) MUST_CHECK;

/* How many messages of a queue nobody has in hand. */
bool session_count(struct session *session, uint16_t channel, const char *queue, uint32_t *ready,
                   struct error *error) MUST_CHECK;

/* Has the queue deliver on this channel, once in its life, so many at most that are not
 * acknowledged. With a prefetch of 0 nothing is to be acknowledged. */
bool session_consume(struct session *session, uint16_t channel, const char *queue,
                     uint16_t prefetch, struct error *error) MUST_CHECK;

/* Ends the deliveries; what has come stays in hand until the channel is closed. */
bool session_cancel(struct session *session, uint16_t channel, struct error *error) MUST_CHECK;
