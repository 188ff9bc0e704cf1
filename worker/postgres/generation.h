/* SPDX-License-Identifier: Apache-2.0
 *
 * Which generation of lanes publishers' jobs lead to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "worker/duty/generations.h"

struct postgres;

/* Fails with ERROR_CONFIG when there is none yet. */
bool generation_current(struct postgres *postgres, struct generation *generation,
                        struct error *error) MUST_CHECK;

/* By their numbers. Fails with ERROR_CONFIG when there is no current one yet. */
bool generation_served(struct postgres *postgres, struct generations *generations,
                       struct error *error) MUST_CHECK;

/* Makes the first generation, with this many lanes, unless there is one; gives the current one. */
bool generation_begin(struct postgres *postgres, uint32_t lanes, struct generation *generation,
                      struct error *error) MUST_CHECK;

/* The number of the newest, whatever its state; 0 when there is none, or no schema. */
bool generation_newest(struct postgres *postgres, uint32_t *number, struct error *error) MUST_CHECK;
