/* SPDX-License-Identifier: Apache-2.0
 *
 * How many jobs wait in a queue. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/contract/address.h"

struct rabbit;

#define BACKLOG_NO_QUEUE UINT32_MAX

/* Messages that are ready, those in a consumer's hands not counted, or BACKLOG_NO_QUEUE. Uses a
 * channel of its own for the time of the call. */
bool backlog_look(struct rabbit *rabbit, const struct address *queues, uint32_t count,
                  uint32_t *ready, struct error *error) MUST_CHECK;
