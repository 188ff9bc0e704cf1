/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the broker takes messages just now. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"

struct rabbit;

/* Publishes a message that no queue wants, for under a memory or disk alarm the broker says so only
 * to who publishes, and reads nothing more from that connection: when *alarm is true, it is of no
 * use any more but to be closed. A broker that refuses the message takes messages. */
bool alarm_check(struct rabbit *rabbit, bool *alarm, struct error *error) MUST_CHECK;
