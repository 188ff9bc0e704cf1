/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the broker lets this user do what a worker does. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"

struct rabbit;

/* Puts the command that grants a worker's permissions into the error of a refused request
 * (AMQP_ACCESS_REFUSED); returns false. */
bool permission_advise(const struct rabbit *rabbit, const char *namespace, struct error *error);

/* Tries each permission of a worker on something harmless: a queue of its own, a binding that no
 * message matches. The exchanges NS.events and amq.default are tried too, if they are there. */
bool permission_check(struct rabbit *rabbit, const char *namespace, struct error *error) MUST_CHECK;
