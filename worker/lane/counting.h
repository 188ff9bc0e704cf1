/* SPDX-License-Identifier: Apache-2.0
 *
 * What is counted at each station of a part's life. Times are lane_step's. */
#pragma once

#include <stdint.h>

#include "worker/lane/batch.h"
#include "worker/lane/counters.h"

void count_taken(struct lane_counters *counters, const struct delivery *delivery);

/* The database has done its share of the part. */
void count_saved(struct lane_counters *counters, const struct batch *batch);

/* All that is told of the part is confirmed. Needs no clock of the world: the database's time, read
 * when the part was loaded, and what has passed since. */
void count_confirmed(struct lane_counters *counters, const struct batch *batch, uint64_t now_ms);

void count_acknowledged(struct lane_counters *counters, const struct batch *batch);
