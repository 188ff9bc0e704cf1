/* SPDX-License-Identifier: Apache-2.0
 *
 * Which worker serves which lane, and who stands by: shared out fairly, and by each worker for
 * itself to the same result.
 *
 * Workers, sorted by name, take lanes in turn: lane i's owner is worker i mod W, its standby the
 * next one. A worker that has its most lanes, as owner and standby together, is passed over; owners
 * are found before standbys. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"

#define SHARE_NONE UINT32_MAX

/* A lane's two workers, by their places in the sorted list. */
struct share {
    uint32_t owner;   /* SHARE_NONE: all have their most lanes */
    uint32_t standby; /* never the owner; SHARE_NONE: nobody else may */
};

/* Shares out the lanes, of which there are LANES_MAX at most. lanes_max[i] is worker i's bound;
 * taken, as long, is the caller's and is overwritten. Returns how many lanes have no owner. */
uint32_t share_out(const uint32_t *lanes_max, uint32_t worker_count, uint32_t lane_count,
                   uint32_t *taken, struct share *shares);
