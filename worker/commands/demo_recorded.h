/* SPDX-License-Identifier: Apache-2.0
 *
 * What the database has recorded of a demonstration, compared with what was told. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "worker/commands/demo_account.h"

struct demo_recorded {
    int64_t decisions; /* on buyers */
    int64_t unlike; /* that say other than the events, that were not told, or on nobody we know */
    int64_t unsold;
    int64_t held;
};

bool demo_recorded_read(struct postgres *postgres, const struct demo_account *account,
                        struct demo_recorded *recorded, struct error *error) MUST_CHECK;
