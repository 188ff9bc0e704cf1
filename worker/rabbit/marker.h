/* SPDX-License-Identifier: Apache-2.0
 *
 * Markers: the last message of a generation in each of its lanes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "worker/rabbit/topology.h"

struct rabbit;

/* Publishes one straight into each of these lanes' queues, saying which generation comes, and waits
 * until the broker has them all. Opens and closes a channel. */
bool marker_publish(struct rabbit *rabbit, const struct topology *source, uint32_t coming,
                    uint32_t first, uint32_t count, struct error *error) MUST_CHECK;
