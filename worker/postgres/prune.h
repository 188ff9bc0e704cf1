/* SPDX-License-Identifier: Apache-2.0
 *
 * Forgets what the contract lets be forgotten: refusals, and holds that were released or have
 * expired. What moved stock, and every other grant, stays for ever.
 *
 * It works in small transactions of its own, so that no lane waits for it. Stopped in the middle it
 * has forgotten a part, and recorded exactly that part. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

#define PRUNE_HOURS_MIN 24u
#define PRUNE_HOURS_MAX (24u * 36500u)

struct postgres;

struct prune {
    int64_t refusals; /* decisions that were forgotten */
    int64_t holds;
};

/* What was decided, or ended, more than so many hours ago by the database's clock. On failure
 * *prune says what was forgotten until then. */
bool prune_apply(struct postgres *postgres, uint32_t hours, struct prune *prune,
                 struct error *error) MUST_CHECK;
