/* SPDX-License-Identifier: Apache-2.0
 *
 * The changer: a worker's thread that goes on with a change of the number of lanes whose driver has
 * gone, and sees to it that generations go that are not needed any more. Each worker runs one; the
 * database gives one at a time the lease. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/prng.h"
#include "worker/crew/aide.h"
#include "worker/crew/changing.h"

struct changer {
    struct aide aide;
    struct changing changing;
    struct prng prng;
    uint32_t said; /* the generation of the last change that a log line was about */
};

/* Starts the thread; servers that are not there are waited for. The struct must not be moved. */
bool changer_open(struct changer *changer, const struct lane_duty *duty,
                  struct error *error) MUST_CHECK;

/* Asks it to begin nothing new. */
void changer_drain(struct changer *changer);

/* Waits until it has ended. Only after changer_drain. */
void changer_close(struct changer *changer);
