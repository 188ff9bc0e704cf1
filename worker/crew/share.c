/* SPDX-License-Identifier: Apache-2.0
 *
 * Two rounds over the lanes: for owners, then for standbys. */
#include "worker/crew/share.h"

#include "common/base/ensure.h"

/* The first worker from this place on, round the list, that may have one more lane. */
static uint32_t next_free(const uint32_t *lanes_max, const uint32_t *taken, uint32_t worker_count,
                          uint32_t from, uint32_t except)
{
    for (uint32_t i = 0; i < worker_count; i++) {
        const uint32_t worker = (from + i) % worker_count;
        if (worker != except && taken[worker] < lanes_max[worker]) {
            return worker;
        }
    }
    return SHARE_NONE;
}

/* Whoever is passed over leaves a turn to the next one, so the others stay equal. */
static uint32_t share_owners(const uint32_t *lanes_max, uint32_t worker_count, uint32_t lane_count,
                             uint32_t *taken, struct share *shares)
{
    uint32_t turn = 0;
    uint32_t unowned = 0;
    for (uint32_t lane = 0; lane < lane_count; lane++) {
        const uint32_t owner = next_free(lanes_max, taken, worker_count, turn, SHARE_NONE);
        shares[lane] = (struct share){owner, SHARE_NONE};
        if (owner == SHARE_NONE) {
            unowned++;
        } else {
            taken[owner]++;
            turn = owner + 1;
        }
    }
    return unowned;
}

uint32_t share_out(const uint32_t *lanes_max, uint32_t worker_count, uint32_t lane_count,
                   uint32_t *taken, struct share *shares)
{
    ENSURE(lane_count <= LANES_MAX);
    for (uint32_t i = 0; i < worker_count; i++) {
        taken[i] = 0;
    }
    const uint32_t unowned = share_owners(lanes_max, worker_count, lane_count, taken, shares);
    for (uint32_t lane = 0; lane < lane_count; lane++) {
        struct share *share = &shares[lane];
        if (share->owner == SHARE_NONE) {
            continue;
        }
        share->standby = next_free(lanes_max, taken, worker_count, share->owner + 1, share->owner);
        if (share->standby != SHARE_NONE) {
            taken[share->standby]++;
        }
    }
    return unowned;
}
