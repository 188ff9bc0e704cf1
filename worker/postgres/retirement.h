/* SPDX-License-Identifier: Apache-2.0
 *
 * What the database knows of generations that go: see retirement_ops. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "worker/change/retirement.h"

struct postgres;

/* Takes a lease on it, or renews it. Draining ones may go while a change asks for it, once they
 * were quiet for a second, and an hour after their last job in any case. */
bool retirement_find(struct postgres *postgres, const char *driver, struct retirement *retirement,
                     struct error *error) MUST_CHECK;

bool retirement_retire(struct postgres *postgres, uint32_t generation,
                       struct error *error) MUST_CHECK;
bool retirement_revive(struct postgres *postgres, uint32_t generation,
                       struct error *error) MUST_CHECK;

/* Whether it is retired, and the lease on it is ours. */
bool retirement_goes_on(struct postgres *postgres, const char *driver, uint32_t generation,
                        bool *goes_on, struct error *error) MUST_CHECK;

/* Nothing of it is left on the broker. */
bool retirement_record(struct postgres *postgres, uint32_t generation,
                       struct error *error) MUST_CHECK;
