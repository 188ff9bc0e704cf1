/* SPDX-License-Identifier: Apache-2.0
 *
 * Which lane serves a slot. */
#pragma once

#include <stdint.h>

#include "till/slot.h"

/* Lanes share the slots evenly, in order: lane = slot * lanes / 1024, rounded down. */
uint32_t slot_lane(uint32_t slot, uint32_t lanes);
