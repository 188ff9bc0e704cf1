/* SPDX-License-Identifier: Apache-2.0
 *
 * Which hosts of a URL have been silent lately, remembered for all threads of a program.
 *
 * A host that is frozen or cut off lets each who dials it wait for the whole time-out. So what one
 * has noticed, all make use of: such a host is dialled behind the others. Only the order rests on
 * it, so that a host that was wrongly suspected is lost to nobody. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"

#define SILENCE_LATELY_MS 30000 /* after that the host takes its turn again */

/* All zeros: nothing is known. */
struct silence {
    _Atomic int64_t noted_ms[AMQP_HOSTS_MAX]; /* 0: never, or heard since */
};

/* NULL: nobody remembers. The times are those of a clock that only goes forward. */
void silence_note(struct silence *silence, uint32_t host, int64_t now_ms);
void silence_end(struct silence *silence, uint32_t host);

/* In which order to dial: all hosts from the first on, those silent lately behind the others. */
void silence_order(const struct silence *silence, uint32_t host_count, uint32_t first,
                   int64_t now_ms, uint32_t order[AMQP_HOSTS_MAX]);
