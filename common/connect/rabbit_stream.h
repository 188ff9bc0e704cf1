/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of an open connection, for whoever reads and writes the frames himself: without
 * waiting, and without librabbitmq, which has no send that does not wait. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/error.h"

/* With TLS, OpenSSL's session below librabbitmq, and the functions to use it. */
struct rabbit_stream {
    void *session; /* NULL: no TLS */
    int (*read)(void *session, void *bytes, int size);
    int (*write)(void *session, const void *bytes, int size);
    int (*reason)(const void *session, int result);
    void (*clear)(void);
};

struct rabbit;

/* Finds the functions in the OpenSSL that librabbitmq has loaded. */
bool rabbit_stream_secure(struct rabbit_stream *stream, void *session,
                          struct error *error) MUST_CHECK;

/* How many bytes were sent or received, at least 1, or a negative errno: -EAGAIN when it would have
 * to wait. Receiving, 0 is the end. Once any of them was used on a connection, librabbitmq may not
 * speak on it any more: close it with rabbit->broken set. What was refused with -EAGAIN must be
 * offered again, and may have grown. */
ssize_t rabbit_send(struct rabbit *rabbit, const char *bytes, size_t size) MUST_CHECK;
ssize_t rabbit_receive(struct rabbit *rabbit, char *bytes, size_t size) MUST_CHECK;
