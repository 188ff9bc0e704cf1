/* SPDX-License-Identifier: Apache-2.0
 *
 * Drives the real broker port as a lane's thread does: a call, and while it has to wait, poll and a
 * turn. Nothing waits longer than a bound; then the test fails. */
#pragma once

#include "worker/rabbit/broker.h"

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
