/* SPDX-License-Identifier: Apache-2.0
 *
 * A TCP proxy on loopback, in a thread of its own, that may replace bytes on their way: for a
 * server that says something that no server here would say. One connection after the other. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stdatomic.h>

enum proxy_direction {
    PROXY_TO_CLIENT,
    PROXY_TO_SERVER,
};

/* Replaces every occurrence of a run of bytes by one of the same size. */
struct proxy_rule {
    enum proxy_direction direction;
    const char *before;
    const char *after;
    size_t size; /* of both, from 1 to PROXY_RULE_MAX */
};

#define PROXY_RULE_MAX 256u

struct proxy {
    struct proxy_rule rule;
    uint16_t server_port;
    uint16_t port; /* where it listens, on 127.0.0.1 */
    int listener;
    int stop[2]; /* a pipe: its end tells the thread to leave */
    _Atomic unsigned replaced;
    pthread_t thread;
};

/* Relays to 127.0.0.1:server_port. The rule's strings must outlive the proxy. A failure fails the
 * test. */
void proxy_open(struct proxy *proxy, uint16_t server_port, const struct proxy_rule *rule);

/* Cuts what is connected; "replaced" says how often the rule has worked. */
void proxy_close(struct proxy *proxy);

/* Listens on loopback and never answers; close(2) ends it. Writes the port. */
int proxy_listen(uint16_t *port);
