/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS for a connection to RabbitMQ: version 1.2 or later, the server's certificate verified for the
 * name that was asked for, and the reason told when it is refused. */
#pragma once

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

#include "common/connect/amqp_url.h"

/* What the handshake needs and finds. Must stay in place until rabbit_tls_release. */
struct rabbit_tls {
    const struct amqp_url *url;
    const struct amqp_host *host;
    void *context; /* OpenSSL's SSL_CTX, the socket's own */
    void *session; /* OpenSSL's SSL, the socket's own; NULL before the handshake */
    int verified;  /* OpenSSL's X509_V_... of the server's certificate; 0: none or fine */
};

/* Makes the connection's TLS socket, not yet opened. */
bool rabbit_tls_prepare(struct rabbit_tls *tls, amqp_connection_state_t connection,
                        const struct amqp_url *url, const struct amqp_host *host,
                        amqp_socket_t **socket, struct error *error) MUST_CHECK;

/* After the socket was opened with success: the connection no longer refers to tls. */
void rabbit_tls_release(struct rabbit_tls *tls);

/* After the socket could not be opened: says why, if it was a matter of TLS. False: it was not, and
 * the error is untouched. */
bool rabbit_tls_explain(const struct rabbit_tls *tls, int status, struct error *error) MUST_CHECK;
