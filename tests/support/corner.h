/* SPDX-License-Identifier: Apache-2.0
 *
 * A test's own corner of a real broker: a namespace with its exchanges and lanes, and a connection
 * to play shop and subscriber with. What fails here fails the test. */
#pragma once

#include <stdint.h>

#include "common/base/span.h"
#include "common/connect/rabbit.h"
#include "common/contract/address.h"

struct corner {
    struct amqp_url url;
    char namespace[NAMESPACE_MAX + 1];
    uint32_t lanes;
    struct rabbit rabbit;
    uint64_t published;
};

/* A message that was got from a queue; of texts, the beginning. */
struct got {
    char body[1024];
    size_t size;
    char message_id[256];
    bool repeat;         /* header till-repeat */
    char reason[64];     /* header till-reason */
    char error_text[64]; /* header till-error */
    int64_t till_size;   /* header till-size; 0: none */
};

/* The broker is that of TILL_AMQP_URL. */
void corner_open(struct corner *corner, uint32_t lanes);

/* Removes all of it; queues declared by corner_queue go with the connection. */
void corner_close(struct corner *corner);

/* Publishes to an exchange ("": to a queue), and returns when the broker has confirmed all. */
void corner_publish(struct corner *corner, const char *exchange, const char *key,
                    const amqp_basic_properties_t *properties, struct span body);

/* Numbered jobs, {"n":0,...} of the given size, to the queue of a lane. */
void corner_fill(struct corner *corner, uint32_t lane, uint32_t count, uint32_t size);

/* A queue of the test's connection; limit 0: without, else more messages are refused. Its name. */
struct address corner_queue(struct corner *corner, const char *what, int32_t limit);
void corner_bind(struct corner *corner, struct address queue, const char *exchange,
                 const char *key);

/* How many messages are ready. */
uint32_t corner_count(struct corner *corner, const char *queue);

/* Returns as soon as so many are ready, and fails the test if they do not come. */
void corner_await_count(struct corner *corner, const char *queue, uint32_t count);

/* Takes the next message. False: there is none. */
bool corner_get(struct corner *corner, const char *queue, struct got *got);

void corner_delete_queue(struct corner *corner, const char *queue);
