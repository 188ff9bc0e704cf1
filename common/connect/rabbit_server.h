/* SPDX-License-Identifier: Apache-2.0
 *
 * What the broker says of itself when a connection begins. */
#pragma once

#include "common/connect/rabbit.h"

/* Records product, version, cluster and capabilities from the table that came with
 * connection.start. Refuses what is not RabbitMQ, or too old. */
bool rabbit_server_read(struct rabbit *rabbit, const amqp_table_t *properties,
                        struct error *error) MUST_CHECK;
