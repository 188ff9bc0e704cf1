/* SPDX-License-Identifier: Apache-2.0
 *
 * Which slots lead to a lane just now. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/amqp_url.h"

/* Looks at count slots and writes only theirs. Opens a connection and closes it: waits as long as
 * rabbit_open may take, and some hundredths of a second as a rule. What it sends to find out are
 * probes, which lanes and the sorter drop. */
bool binding_look(const struct amqp_url *url, const char *namespace, uint32_t generation,
                  uint32_t first, uint32_t count, bool bound[SLOTS],
                  struct error *error) MUST_CHECK;
