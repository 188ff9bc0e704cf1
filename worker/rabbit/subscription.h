/* SPDX-License-Identifier: Apache-2.0
 *
 * A command's own queue of events: bounded, the oldest make way, and gone with the connection. */
#pragma once

#include <stdbool.h>

#include "common/base/span.h"
#include "worker/rabbit/letter.h"
#include "worker/rabbit/session.h"

#define SUBSCRIPTION_EVENTS_MAX 100000 /* in the queue, for a reader that is slow */

struct subscription {
    struct session session;
    struct letters letters;
};

/* From now on events whose routing keys match the pattern are kept for us. The name makes the
 * queue's: NS.sub.name; no other connection may have it. Wakers that are set in the session are
 * kept; all else must be zero. */
bool subscription_open(struct subscription *subscription, const struct amqp_url *url,
                       const char *namespace, const char *name, struct span pattern,
                       struct error *error) MUST_CHECK;

/* Accepts all zeros, and what is broken. */
void subscription_close(struct subscription *subscription);

/* The next event, until the next call. PORT_WAIT: none until then, or a waker has something. */
enum port_answer subscription_next(struct subscription *subscription, int64_t until_ms,
                                   const struct letter **event, struct error *error);
