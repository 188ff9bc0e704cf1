/* SPDX-License-Identifier: Apache-2.0
 *
 * Drives the real broker port as a lane's thread does: a call, and while it has to wait, poll and a
 * turn. Nothing waits longer than a bound; then the test fails. */
#pragma once

#include "worker/rabbit/broker.h"

/* On the heap, for it is large. A failure fails the test. */
struct rabbit_broker *drive_open(const struct rabbit_lane *lane);
void drive_close(struct rabbit_broker *broker);

/* An event of a reserve that was held, under this key; the key's bytes must stay. */
struct message drive_event(const char *routing_key);

/* Ends a connection without a word. */
void drive_cut(const struct wire *wire);

/* What the port answered was this; for what can be tried again the error says so. */
void drive_expect_done(enum port_answer answer, const struct error *error);
void drive_expect_retry(enum port_answer answer, const struct error *error, const char *text);

/* Each returns the port's last answer: PORT_DONE or PORT_FAILED. */
enum port_answer drive_subscribe(struct rabbit_broker *broker, struct error *error);
enum port_answer drive_take(struct rabbit_broker *broker, struct arena *arena,
                            struct delivery *delivery, struct error *error);
enum port_answer drive_publish(struct rabbit_broker *broker, const struct message *messages,
                               uint32_t count, struct error *error); /* and confirm */
enum port_answer drive_acknowledge(struct rabbit_broker *broker, uint64_t tag, struct error *error);

/* Turns for so long, and calls nothing else. */
void drive_turns(struct rabbit_broker *broker, int64_t duration_ms);

/* One wait for whatever comes first, and a turn. */
void drive_wait(struct rabbit_broker *broker);
