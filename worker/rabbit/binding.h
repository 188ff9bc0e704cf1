/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a slot leads to a lane just now. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/amqp_url.h"

/* Opens a connection and closes it: waits as long as rabbit_open may take, and some hundredths of a
 * second as a rule. What it sends to find out is a probe, which lanes and the sorter drop. */
bool binding_exists(const struct amqp_url *url, const char *namespace, uint32_t generation,
                    uint32_t slot, bool *exists, struct error *error) MUST_CHECK;
