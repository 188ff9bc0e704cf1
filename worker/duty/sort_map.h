/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sorter asks of others than its queue: where holds and sales belong, and which slots lead
 * to a lane. As with the ports of a lane, a call that answers PORT_WAIT has begun. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"
#include "common/base/span.h"
#include "worker/lane/ports.h"

#define SORT_SLOT_UNKNOWN UINT32_MAX

struct sort_map_ops {
    /* The slot recorded for each hold or sale, or SORT_SLOT_UNKNOWN. Of none: whether the database
     * answers. */
    enum port_answer (*find)(void *self, const struct span *ids, uint32_t count, uint32_t *slots,
                             struct error *error);

    /* Which of count slots lead to a lane just now; writes only theirs. Also how long the call has
     * waited for that, in ms: a step's time is that of its beginning. */
    enum port_answer (*look)(void *self, uint32_t first, uint32_t count, bool bound[SLOTS],
                             uint64_t *waited_ms, struct error *error);
};

struct sort_map {
    const struct sort_map_ops *ops;
    void *self;
};
