/* SPDX-License-Identifier: Apache-2.0
 *
 * Where RabbitMQ is and how to log in there, as one URL:
 *
 *     amqps://user:password@one.example,two.example:5671/vhost?heartbeat=5&cacertfile=/etc/ca.pem
 *
 * The AMQP URI specification's grammar, and of RabbitMQ's query parameters those of the table in
 * amqp_url_query.c. Two deviations: a path of "/" alone means the vhost "/" (the contract says so),
 * and an "@" in vhost or options must be written %40, because a password with an unescaped "/" or
 * "?" could not be told from them and would end up in messages.
 *
 * No message quotes any of the text: in a broken URL nobody can tell which part is the password.
 * Faults are named by their position instead. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/connect/config.h"
#include "common/connect/silence.h"

struct amqp_host {
    char name[AMQP_HOST_MAX + 1]; /* a name or an address; IPv6 without brackets */
    uint16_t port;
};

/* Can be copied: copies share what is remembered of the hosts. Strings are decoded and end in a
 * NUL; an empty one means that it was not given, but for user, password and vhost. */
struct amqp_url {
    struct amqp_host hosts[AMQP_HOSTS_MAX];
    uint32_t host_count;     /* at least 1 */
    uint32_t host_first;     /* tried first; 0 after parsing, callers may spread themselves */
    struct silence *silence; /* of the hosts; NULL after parsing: nobody remembers */
    char user[AMQP_USER_MAX + 1];
    char password[AMQP_PASSWORD_MAX + 1];
    bool password_given; /* false: password is the default */
    char vhost[AMQP_VHOST_MAX + 1];
    uint32_t heartbeat_seconds;
    uint32_t connect_timeout_ms; /* for the connection with TLS, and again for the login */
    uint32_t channel_max;
    uint32_t frame_max;
    bool tls;
    bool verify; /* the server's certificate and name */
    char ca_file[AMQP_PATH_MAX + 1];
    char certificate_file[AMQP_PATH_MAX + 1];
    char key_file[AMQP_PATH_MAX + 1];
    char server_name[AMQP_HOST_MAX + 1]; /* ask for and verify this name, not the host's */
};

/* Fails with ERROR_CONFIG. */
bool amqp_url_parse(const char *text, struct amqp_url *url, struct error *error) MUST_CHECK;

/* Appends the URL without password and options. */
void amqp_url_write(const struct amqp_url *url, struct text *text);

/* Parses the configured URL and takes the password from the configured file, if there is one; it
 * outranks the URL's. Fails with ERROR_CONFIG, or with ERROR_USAGE when the flag is at fault. */
bool amqp_url_load(const struct config *config, struct amqp_url *url,
                   struct error *error) MUST_CHECK;
