/* SPDX-License-Identifier: Apache-2.0
 *
 * The options behind the ? of an AMQP URL. */
#pragma once

#include "common/connect/amqp_url.h"
#include "common/connect/amqp_url_part.h"

/* Sets what the options say in a URL whose other parts and defaults are there. */
bool amqp_url_query(struct part query, struct amqp_url *url, struct error *error) MUST_CHECK;
