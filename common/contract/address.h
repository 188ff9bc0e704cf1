/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of exchanges and queues. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"

#define ADDRESS_MAX    80u  /* bytes, with the NUL */
#define QUEUE_NAME_MAX 255u /* bytes: AMQP's short string */

/* Small enough to be returned and passed around by value. */
struct address {
    char text[ADDRESS_MAX];
};

/* NS.what, for example till.jobs */
struct address address_of(const char *namespace, const char *what);

/* The exchange of a generation of lanes: NS.lanes.g1 */
struct address address_lanes(const char *namespace, uint32_t generation);

/* The queue of one lane: NS.lane.g1.0000 */
struct address address_lane(const char *namespace, uint32_t generation, uint32_t lane);

/* Whether a reply may go to the queue of this name: a direct reply-to name or NS.reply.…, of
 * visible ASCII. A job must not aim the worker at a queue of its choice. */
bool address_takes_replies(const char *namespace, struct span queue);
