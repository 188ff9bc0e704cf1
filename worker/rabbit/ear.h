/* SPDX-License-Identifier: Apache-2.0
 *
 * Hears a namespace's events by a queue that nobody else can use and that ends with the connection:
 * whatever becomes of the program, nothing is left of it. For commands that need each event while
 * they run, and none afterwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"
#include "common/connect/rabbit.h"
#include "common/contract/address.h"

/* Zeroed before it is opened. */
struct ear {
    struct rabbit rabbit;
    struct address queue;
    uint64_t marks_sent;
    uint64_t marks_heard;
};

/* Called for each event, during ear_turn; the body is valid during the call. A repeat says of
 * itself that it may have been published before. */
typedef void ear_hear(void *self, struct span body, bool repeat);

/* Takes the queue NS.sub.<name>. ERROR_REFUSED: another program has it. If the broker refuses it
 * for another reason, which one is in ear->rabbit.reply_code afterwards. */
bool ear_open(struct ear *ear, const struct amqp_url *url, const char *namespace, const char *name,
              struct error *error) MUST_CHECK;

/* Accepts what was never opened (all zeros). */
void ear_close(struct ear *ear);

/* From now on events whose routing keys match are kept for ear_turn. The exchange NS.events must be
 * there. */
bool ear_bind(struct ear *ear, const char *namespace, const char *pattern,
              struct error *error) MUST_CHECK;

/* Begins to take in what is kept. Once, after the first ear_bind. */
bool ear_listen(struct ear *ear, struct error *error) MUST_CHECK;

/* Hears what has come, but not so much that the caller waits long for it; waits at most timeout_ms
 * if nothing has. To be called every few seconds: it keeps the connection alive. */
bool ear_turn(struct ear *ear, int timeout_ms, ear_hear *hear, void *self,
              struct error *error) MUST_CHECK;

/* Puts a mark behind everything that is in the queue by now. */
bool ear_mark(struct ear *ear, struct error *error) MUST_CHECK;

/* Whether ear_turn has come to the last mark. */
bool ear_caught_up(const struct ear *ear);
