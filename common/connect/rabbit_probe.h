/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a host cannot be connected to. librabbitmq 0.11 loses the system's reason (it waits for the
 * connection, and does not hand on what the wait found), so it is asked for once more. */
#pragma once

#include <stddef.h>

#include "common/connect/amqp_url.h"

/* Writes a reason into memory: the resolver's or the last address's; "" when the host could be
 * connected to this time. Waits no longer than the time-out, name resolution excepted. */
void rabbit_probe(const struct amqp_host *host, uint32_t timeout_ms, char *memory, size_t capacity);
