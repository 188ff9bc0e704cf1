/* SPDX-License-Identifier: Apache-2.0
 *
 * Whoever drives: a change of the number of lanes, and beside it what goes of older generations. */
#pragma once

#include <stdint.h>

#include "worker/change/change.h"
#include "worker/change/retirement.h"

struct driver {
    struct change_driver change;
    struct retirement_driver retirement;
    uint32_t failures; /* of turns, in a row */
};

/* Both have the same sides. */
void driver_init(struct driver *driver, const struct change_ops *change_ops,
                 const struct retirement_ops *retirement_ops, void *self);

/* One turn of each. After a failure of either, what the other one did is done. */
enum change_progress driver_turn(struct driver *driver, struct error *error) MUST_CHECK;

/* The turn could not even begin: what it needs is not there. */
void driver_failed(struct driver *driver);

/* How long to wait at least after such a turn, in ms. */
uint32_t driver_pause_ms(const struct driver *driver, enum change_progress progress);
