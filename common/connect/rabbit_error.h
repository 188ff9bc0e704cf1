/* SPDX-License-Identifier: Apache-2.0
 *
 * What to do about what RabbitMQ and librabbitmq say: one table for AMQP's reply codes, one for
 * librabbitmq's statuses. What is in neither is fatal. */
#pragma once

#include <stdint.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

#include "common/base/error.h"

/* Fills the error for a refusal by the broker. The class is that of the request at fault (AMQP's
 * class id), 0 when the broker closed on its own account. Its text may have any bytes. */
bool rabbit_error_reply(struct error *error, uint16_t code, uint16_t class_id, amqp_bytes_t text);

/* Fills the error for a status of librabbitmq (not AMQP_STATUS_OK). */
bool rabbit_error_status(struct error *error, int status);
