/* SPDX-License-Identifier: Apache-2.0
 *
 * A channel's beginning and end. Requests are written and their answers not waited for: what
 * follows them comes after them, and a refusal closes the channel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "worker/rabbit/wire.h"

#define CHANNEL_REQUEST_SIZE 512u /* what any request here, or a consumer's, takes at most */

void channel_open(uint16_t channel, struct frames *frames);
void channel_select_confirms(uint16_t channel, struct frames *frames);
void channel_close(uint16_t channel, struct frames *frames);

/* The broker has closed the channel: agrees, and turns its reason into an error. That something is
 * not there is one to retry: the number of lanes may be changing, or somebody setting up. */
bool channel_refused(struct wire *wire, const struct frame *close, struct error *error);
