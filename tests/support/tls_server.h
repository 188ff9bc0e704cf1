/* SPDX-License-Identifier: Apache-2.0
 *
 * A TLS server with a certificate that has expired: openssl's own, on a free port of 127.0.0.1. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct tls_server {
    pid_t pid;
    uint16_t port;
    int output;           /* the server's: it ends when this is closed */
    char folder[32];      /* of the files */
    char certificate[64]; /* its own authority, too */
};

void tls_server_open(struct tls_server *server);
void tls_server_close(struct tls_server *server);
