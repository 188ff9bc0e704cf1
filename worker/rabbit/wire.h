/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection to RabbitMQ that is turned without ever blocking: frames in, frames out,
 * heartbeats both ways.
 *
 * librabbitmq opens the connection (TLS, login) and then only holds its socket. It cannot be asked
 * to do more: its sends wait without a bound, its heartbeats go out at any time, also into the
 * middle of a frame that we have half sent, and its decoder is no match for a stranger's headers.
 *
 * Memory is the caller's. For one thread at a time. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/connect/rabbit.h"
#include "worker/lane/ports.h"
#include "worker/rabbit/frame.h"

struct wire {
    struct rabbit rabbit;
    char *input;
    size_t input_capacity;
    size_t input_begin; /* what was received and not handed out begins here */
    size_t input_end;
    bool drained;    /* the socket had no more when it was last read */
    bool unsendable; /* a send failed: what the broker still said is read, then it is over */
    struct frames output;
    size_t output_begin;     /* what was not sent yet begins here */
    int64_t sent_ms;         /* when a send last succeeded */
    int64_t look_ms;         /* when the broker's silence is to be looked at next */
    bool known;              /* it was connected before */
    uint32_t host;           /* to this host of the URL */
    struct silence *silence; /* the URL's */
    uint64_t sends;          /* system calls, for measurements */
};

/* Not connected yet. The input must have room for the largest frame of the URL, the output for the
 * largest run of frames that is put into it at one time. */
void wire_init(struct wire *wire, char *input, size_t input_size, char *output, size_t output_size);

/* Waits: for the connection and the login, as rabbit_open bounds it. Of several hosts it begins
 * with one that depends on the name, so that wires are spread over all of them, and after a
 * connection was lost with the next: the one that it was lost to may take connections and never
 * answer. */
bool wire_connect(struct wire *wire, const struct amqp_url *url, const char *name,
                  struct error *error) MUST_CHECK;

/* Says good-bye, and waits for the answer, at most RABBIT_CLOSE_TIMEOUT_MS. Accepts what is not
 * connected. */
void wire_close(struct wire *wire);

/* Closes at once: for what is broken, and for what must not be completed. */
void wire_drop(struct wire *wire);

bool wire_connected(const struct wire *wire);

/* The next frame of a channel; it is gone with the next call of any function here. Connection
 * matters are dealt with inside. */
enum port_answer wire_next(struct wire *wire, struct frame *frame, struct error *error);

/* Whether a whole frame is here already, so that nobody waits for the socket. */
bool wire_has_frame(const struct wire *wire);

/* Where to write frames to. What was written is sent by wire_flush. */
struct frames *wire_output(struct wire *wire, size_t room);

/* Sends what can be sent now. False: some is left. A connection found to be lost is told of by the
 * next call that reads: why, the broker may have said before. */
bool wire_flush(struct wire *wire);

/* To be called at least as often as wire_deadline says: sends, beats, and notices that the broker
 * is silent. */
bool wire_turn(struct wire *wire, struct error *error) MUST_CHECK;

/* Receives what there is room for, once. */
bool wire_fill(struct wire *wire, struct error *error) MUST_CHECK;

/* What to wait for; the descriptor is -1 if for nothing. */
struct pollfd wire_interest(const struct wire *wire);

/* Until when wire_turn must have been called again, by the same clock. */
int64_t wire_deadline(const struct wire *wire);

/* A clock that only goes forward. */
int64_t wire_now_ms(void);
