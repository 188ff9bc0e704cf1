/* SPDX-License-Identifier: Apache-2.0
 *
 * One generation of lanes on the broker: its exchange, its queues, what leads to them.
 *
 * All of these work on the channel CHANNEL_LANES, which the caller has opened. After a failure it
 * is closed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/contract/address.h"
#include "worker/rabbit/topology.h"

#define CHANNEL_LANES 1u

/* Whether the request before succeeded; if not, what it was about stands in front. */
bool lanes_answered(struct rabbit *rabbit, const char *noun, const char *name,
                    struct error *error) MUST_CHECK;

/* Declaring again changes nothing; what exists with other properties is an error. */
bool lanes_declare_exchange(struct rabbit *rabbit, const struct topology *topology,
                            struct error *error) MUST_CHECK;
bool lanes_declare_queue(struct rabbit *rabbit, const char *namespace, struct address queue,
                         struct error *error) MUST_CHECK;

/* Each slot to its lane. */
bool lanes_bind_slots(struct rabbit *rabbit, const struct topology *topology,
                      struct error *error) MUST_CHECK;

/* Publishers' jobs lead here, or do no longer; what leads nowhere already is no error. */
bool lanes_bind_entries(struct rabbit *rabbit, const struct topology *topology,
                        struct error *error) MUST_CHECK;
bool lanes_unbind_entries(struct rabbit *rabbit, const char *namespace, uint32_t generation,
                          struct error *error) MUST_CHECK;

/* What a queue has: ready jobs, and 1 if it has an active consumer. One that is not there has
 * neither. */
struct lanes_queue {
    bool there;
    uint32_t ready;
    uint32_t consumers;
};

bool lanes_look(struct rabbit *rabbit, struct address queue, struct lanes_queue *found,
                struct error *error) MUST_CHECK;

/* With all that is in it; what is not there is no error. */
bool lanes_delete_queue(struct rabbit *rabbit, struct address queue,
                        struct error *error) MUST_CHECK;
bool lanes_delete_exchange(struct rabbit *rabbit, struct address exchange,
                           struct error *error) MUST_CHECK;
