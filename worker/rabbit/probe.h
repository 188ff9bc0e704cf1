/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds out where jobs really go.
 *
 * AMQP has no request that lists bindings. So a small message is sent after each slot, and those
 * lanes that nobody uses just now are watched for what arrives: none, one, or more than one copy. A
 * lane that has a consumer or jobs is left alone. A job that comes meanwhile is given back in
 * order, by closing the channel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/limits.h"
#include "worker/rabbit/topology.h"

struct probe {
    uint32_t slots_watched;
    bool watched[SLOTS];       /* its lane was watched */
    uint8_t arrivals[SLOTS];   /* copies of each slot's probe in the lane it belongs to */
    uint8_t strays[SLOTS];     /* copies elsewhere, the sorter's queue included */
    bool jobs_lead_to_lanes;   /* from the entry exchange NS.jobs */
    bool stock_leads_to_lanes; /* from NS.stock */
    bool sort_watched;         /* the sorter's queue was empty and without a consumer */
    bool sort_reached;         /* a job without a slot would come there */
    bool dead_watched;         /* so was that of dead letters */
    bool dead_reached;
    uint32_t jobs_waiting;  /* ready, over all lanes without a consumer */
    uint32_t lanes_waiting; /* lanes without a consumer in which jobs wait */
    uint32_t first_lane_waiting;
};

/* The topology must be complete. Takes a bounded time, some hundredths of a second as a rule. */
bool probe_run(struct rabbit *rabbit, const struct topology *topology, struct probe *probe,
               struct error *error) MUST_CHECK;
