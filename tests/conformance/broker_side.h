/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker behind its port, simulated or real: one lane's queue, actors that serve it, publishers,
 * a subscriber, time, and accidents. */
#pragma once

#include <stdbool.h>

#include "tests/conformance/script.h"
#include "worker/lane/ports.h"

#define BODY_MAX 8u /* bytes of a job's or a message's body, with the NUL */

enum broker_accident {
    CONSUMER_LOST,    /* the connection, for the next take */
    CONSUMER_CLOSED,  /* the same, in order, by the broker */
    PUBLISHER_LOST,   /* the connection, now */
    CONFIRMS_HELD,    /* of the next publishing connection, until it is lost */
    SOMEBODY_LISTENS, /* from now on a subscriber has a queue */
    SUBSCRIBER_FULL,  /* another one's queue refuses all events */
    SUBSCRIBER_GONE,  /* that one */
    DEAD_QUEUE_GONE,
    DEAD_QUEUE_BACK,
};

struct broker_side {
    const char *name;
    void (*begin)(uint16_t prefetch); /* empty queues, nobody connected, nobody listens */
    void (*end)(void);
    struct broker (*port)(enum actor actor);

    /* After PORT_WAIT: until it may be otherwise. False: nothing will ever happen. */
    bool (*pass)(enum actor actor);

    /* All that may come has come. */
    void (*settle)(enum actor actor);

    /* A job comes to the lane, with a key of that number among the lane's slots. */
    void (*send)(bool stock, uint32_t key, const char *body);
    uint32_t (*key_of)(struct span routing_key);

    /* Jobs in the queue that nobody has in hand; dead letters. A real one may take some time until
     * there are as many as expected. */
    uint32_t (*ready)(uint32_t expected);
    uint32_t (*dead)(uint32_t expected);

    /* The next event that the subscriber has got. False: there is none. */
    bool (*hear)(char body[BODY_MAX]);
    uint64_t (*unheard)(enum actor actor);

    void (*strike)(enum actor actor, enum broker_accident accident);
};

extern const struct broker_side broker_simulated;
extern const struct broker_side broker_real;

/* For setup and teardown of the real one, with a lane for each script. */
void broker_real_open(uint32_t scripts);
void broker_real_close(void);
