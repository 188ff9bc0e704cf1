/* SPDX-License-Identifier: Apache-2.0
 *
 * Moves units: the only place that changes a stock's unsold, held and version, and what is counted
 * to a customer. */
#pragma once

#include "worker/lane/deciding.h"

/* Units counted to the decision's customer, or taken off. */
struct counting {
    int64_t delta; /* 0: nothing counted */
    struct span round;
};

#define COUNTING_NONE ((struct counting){0, SPAN_NONE})

/* Before the first move of a job that may move so many SKUs. */
void movements_begin(struct deciding *deciding, uint32_t skus);

/* One SKU's net change, on a line of the decision; with nothing to change it is no movement. If
 * units moved, the line says so. To be called at most once a line, and to move units at most once a
 * SKU. */
void stock_move(struct deciding *deciding, struct stock *stock, int64_t unsold_delta,
                int64_t held_delta, struct counting counting, struct decision_item *item);
