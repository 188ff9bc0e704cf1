/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishes for a command: confirmed, and returned where no queue takes it; over a connection of
 * its own, for under an alarm the broker does not read one that publishes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/lane/message.h"
#include "worker/rabbit/confirms.h"
#include "worker/rabbit/session.h"

#define POSTER_WINDOW 512u /* messages without their confirm at one time */

struct poster {
    struct session session;
    struct confirms confirms;
    uint64_t sent;
    uint64_t returned;   /* no queue took them; they are confirmed too */
    int64_t progress_ms; /* when the broker last confirmed */
};

/* All zeros before; some 100 KiB, so keep it static. */
bool poster_open(struct poster *poster, const struct amqp_url *url, const char *name,
                 struct error *error) MUST_CHECK;

/* Accepts what was never opened, or is broken. */
void poster_close(struct poster *poster);

/* Whether there is such a queue; also one that belongs to another connection. */
bool poster_find_queue(struct poster *poster, const char *queue, bool *found,
                       struct error *error) MUST_CHECK;

/* Sends it to the exchange; the empty name is the one that has every queue's name as a key. Not
 * with POSTER_WINDOW messages under way. What points into the message may go afterwards. */
bool poster_send(struct poster *poster, struct span exchange, const struct message *message,
                 struct error *error) MUST_CHECK;

/* Waits until at most so many messages are without their confirm, but not longer than until then,
 * by wire_now_ms. False also when a message is refused, or none is confirmed for long. */
bool poster_settle(struct poster *poster, uint32_t waiting_max, int64_t until_ms,
                   struct error *error) MUST_CHECK;

/* Takes in what comes, until then. */
bool poster_wait(struct poster *poster, int64_t until_ms, struct error *error) MUST_CHECK;

/* How many are without their confirm. */
uint32_t poster_waiting(const struct poster *poster);
