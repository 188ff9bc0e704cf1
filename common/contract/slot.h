/* SPDX-License-Identifier: Apache-2.0
 *
 * Which lane serves a slot. */
#pragma once

#include <stdint.h>

#include "common/contract/job.h"
#include "till/slot.h"

/* Lanes share the slots evenly, in order: lane = slot * lanes / 1024, rounded down. */
uint32_t slot_lane(uint32_t slot, uint32_t lanes);

/* Of its first item; of a job on a hold or sale, whatever items it names, the slot of that one's
 * id, which is where it goes while nobody knows that hold or sale. */
uint32_t slot_of_job(const struct job *job);
