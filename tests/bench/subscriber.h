/* SPDX-License-Identifier: Apache-2.0
 *
 * A subscriber of all events, with the cheapest queue there is: of its own connection, and without
 * acknowledgements. What a dearer queue costs, it costs whoever publishes into it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"
#include "common/connect/rabbit.h"

/* Called during a turn; what it is given is valid during the call. */
struct subscriber_sink {
    void (*event)(void *self, struct span id, struct span routing_key, uint64_t size);
    void *self;
};

struct subscriber {
    struct rabbit rabbit;
    struct subscriber_sink sink;
    char key[256]; /* of the message that is coming in */
    char id[256];
    uint32_t key_size;
    uint32_t id_size;
    uint64_t size;
    uint64_t left;
    bool more; /* has come than the last turn has taken in */
};

/* What fails here ends the program. */
void subscriber_open(struct subscriber *subscriber, const struct amqp_url *url,
                     const char *namespace, const struct subscriber_sink *sink);
void subscriber_close(struct subscriber *subscriber);

/* Takes in what has come, up to a bound. */
void subscriber_turn(struct subscriber *subscriber);
