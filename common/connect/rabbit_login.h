/* SPDX-License-Identifier: Apache-2.0
 *
 * The AMQP handshake: login, vhost, and what client and broker agree on. */
#pragma once

#include "common/connect/rabbit.h"

/* On a connection with an open socket. Sets rabbit->reply_code when the broker refuses. */
bool rabbit_login(struct rabbit *rabbit, const struct amqp_url *url, const char *name,
                  struct error *error) MUST_CHECK;
