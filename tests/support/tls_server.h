/* SPDX-License-Identifier: Apache-2.0
 *
 * A TLS server, openssl's own, on a free port of 127.0.0.1. Its certificate has expired; to those
 * who ask for broker.example (SNI) it shows another one, that is valid for this name. It speaks no
 * AMQP: after the handshake it waits. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct tls_server {
    pid_t pid;
    uint16_t port;
    int output;           /* the server's: it ends when this is closed */
    char folder[32];      /* of the files */
    char authorities[64]; /* both certificates, as a file for cacertfile */
};

void tls_server_open(struct tls_server *server);
void tls_server_close(struct tls_server *server);
