/* SPDX-License-Identifier: Apache-2.0
 *
 * Where holds and sales belong. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"
#include "common/base/text.h"
#include "common/connect/postgres.h"
#include "worker/duty/sort_map.h"

/* What one id takes of the memory, at most. */
#define HOLD_SLOT_MEMORY (2u * JOB_EXPIRE_ID_MAX + sizeof "\"\",")

/* Writes the slot recorded for each hold or sale, or SORT_SLOT_UNKNOWN. The memory is for the
 * request; ids have the form of a job's. */
bool hold_slot_look(struct postgres *postgres, const struct span *ids, uint32_t count,
                    struct text *memory, uint32_t *slots, struct error *error) MUST_CHECK;
