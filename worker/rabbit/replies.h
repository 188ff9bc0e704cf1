/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's replies: one connection in a thread of its own, fed by all lanes through a ring.
 *
 * At most once, and never at a lane's cost: a full ring drops the reply and says so once a minute,
 * and what was under way when the connection ended is not sent again. The name of a reply's queue
 * is a stranger's word, and one that only looks like a direct reply-to name makes the broker close
 * the whole connection (RabbitMQ 3.10.8): so a name that the broker has not confirmed before is
 * sent alone, and whatever it does, no other reply is lost by it. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/hash.h"
#include "common/connect/amqp_url.h"
#include "worker/lane/message.h"
#include "worker/rabbit/confirms.h"
#include "worker/rabbit/publisher.h"
#include "worker/rabbit/wire.h"

/* Four front ends that each wait for 2,048 events of 1 KiB, while the connection is still coming
 * up. Only what was needed at one time is ever touched. */
#define REPLIES_RING_SIZE (8u * 1024u * 1024u)
#define REPLY_NAMES_MAX   1024u

struct replies {
    const struct amqp_url *url;                   /* the caller's */
    const char *namespace;                        /* the caller's, too */
    char name[NAMESPACE_MAX + sizeof " replies"]; /* of the connection */
    pthread_t thread;
    int wake; /* an eventfd: there is something in the ring, or it is time to leave */
    _Atomic uint64_t sent;
    _Atomic uint64_t dropped; /* for want of room */

    pthread_mutex_t mutex; /* guards the ring and stop */
    bool stop;
    size_t head; /* where the next entry is written */
    size_t tail; /* where the next entry is read; equal to head: the ring is empty */
    char *ring;

    /* The thread's own. */
    struct wire wire;
    struct confirms confirms;
    struct hash_key key;             /* of the names' hashes */
    uint64_t names[REPLY_NAMES_MAX]; /* hashes of names that the broker has confirmed */
    uint64_t suspect;                /* the name that is under way alone; 0: none */
    int64_t suspect_ms;              /* since when */
    int64_t progress_ms;             /* when the broker last confirmed one, or owed none */
    int64_t confirm_timeout_ms;
    int64_t retry_ms;  /* no connection is tried before */
    uint32_t failures; /* in a row */
    int64_t warned_ms; /* of a lost connection; 0: never */
    uint64_t told;     /* of those dropped, as far as that was said */
    int64_t told_ms;   /* when; 0: never */
    char *memory;
};

/* Connects when there is a first reply. URL and namespace must stay. */
bool replies_open(struct replies *replies, const struct amqp_url *url, const char *namespace,
                  struct error *error) MUST_CHECK;

/* Sends what is there, for a second at most, and ends the thread; one that is connecting just then
 * is waited for as long as rabbit_open may take. */
void replies_close(struct replies *replies);

/* From any thread. A name that replies may not go to is passed over, silently. */
void replies_offer(struct replies *replies, const struct message *message);
