/* SPDX-License-Identifier: Apache-2.0
 *
 * The two tables of what RabbitMQ and librabbitmq say, with the reaction to each. */
#include "common/connect/rabbit_error.h"

#include <stddef.h>
#include <string.h>

#include "common/base/text.h"

#define CLASS_ANY  UINT16_MAX
#define CLASS_NONE 0u

/* The first row that fits counts. */
static const struct {
    uint16_t code;
    uint16_t class_id;
    enum error_kind kind;
    const char *name;
    const char *remedy;
} replies[] = {
    {AMQP_CONTENT_TOO_LARGE, CLASS_ANY, ERROR_FATAL, "CONTENT_TOO_LARGE",
     "Raise max_message_size in the broker's configuration, or send less."},
    {AMQP_CONNECTION_FORCED, CLASS_ANY, ERROR_RETRY, "CONNECTION_FORCED",
     "The broker is stopping, or an operator closed the connection."},
    {AMQP_INVALID_PATH, CLASS_ANY, ERROR_CONFIG, "INVALID_PATH",
     "Create the vhost (rabbitmqctl add_vhost NAME), or name one that exists in the URL."},
    {AMQP_ACCESS_REFUSED, CLASS_ANY, ERROR_CONFIG, "ACCESS_REFUSED",
     "Give the user the permissions of its duty: rabbitmqctl set_permissions -p VHOST USER "
     "CONFIGURE WRITE READ."},
    {AMQP_NOT_FOUND, CLASS_ANY, ERROR_CONFIG, "NOT_FOUND", "Run till setup."},
    {AMQP_RESOURCE_LOCKED, CLASS_ANY, ERROR_CONFIG, "RESOURCE_LOCKED",
     "Another connection holds the queue for itself, or it cannot be read this way: see "
     "rabbitmqctl list_queues name type exclusive."},
    {AMQP_PRECONDITION_FAILED, AMQP_EXCHANGE_CLASS, ERROR_CONFIG, "PRECONDITION_FAILED",
     "An exchange of this name exists with other properties: rename the namespace, or remove that "
     "exchange once nobody needs it."},
    {AMQP_PRECONDITION_FAILED, AMQP_QUEUE_CLASS, ERROR_CONFIG, "PRECONDITION_FAILED",
     "A queue of this name exists with other arguments: rename the namespace, or remove that queue "
     "once it is empty and nobody needs it."},
    /* An acknowledgement that took longer than consumer_timeout (3.10: 30 minutes). */
    {AMQP_PRECONDITION_FAILED, CLASS_NONE, ERROR_RETRY, "PRECONDITION_FAILED",
     "If this comes again, look what held up the consumer for so long (consumer_timeout)."},
    {AMQP_RESOURCE_ERROR, CLASS_ANY, ERROR_RETRY, "RESOURCE_ERROR",
     "Look for alarms and limits: rabbitmq-diagnostics status."},
    {AMQP_NOT_ALLOWED, CLASS_ANY, ERROR_CONFIG, "NOT_ALLOWED",
     "See which vhosts there are and what the user may do: rabbitmqctl list_vhosts, rabbitmqctl "
     "list_user_permissions USER."},
    {AMQP_NOT_IMPLEMENTED, CLASS_ANY, ERROR_FATAL, "NOT_IMPLEMENTED",
     "Compare the broker's version with the supported ones: till doctor."},
    {AMQP_INTERNAL_ERROR, CLASS_ANY, ERROR_RETRY, "INTERNAL_ERROR",
     "The reason is in the broker's log."},
};

static const struct {
    int status;
    enum error_kind kind;
    const char *text;
    const char *remedy;
} statuses[] = {
    {AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED, ERROR_RETRY, "the name cannot be resolved",
     "Check the host in the URL, and the machine's resolver: getent hosts NAME."},
    {AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION, ERROR_CONFIG,
     "the server speaks another version of AMQP", "Name a RabbitMQ port of AMQP 0-9-1."},
    {AMQP_STATUS_CONNECTION_CLOSED, ERROR_RETRY, "connection closed by the broker",
     "The reason is in the broker's log."},
    {AMQP_STATUS_SOCKET_CLOSED, ERROR_RETRY, "connection closed",
     "The reason is in the broker's log."},
    {AMQP_STATUS_SOCKET_ERROR, ERROR_RETRY, "connection lost", "Check that the broker runs."},
    {AMQP_STATUS_TCP_ERROR, ERROR_RETRY, "connection lost", "Check that the broker runs."},
    {AMQP_STATUS_SSL_ERROR, ERROR_RETRY, "TLS connection lost", "Check that the broker runs."},
    {AMQP_STATUS_TIMEOUT, ERROR_RETRY, "no answer in time",
     "Check that the broker runs and is not overloaded: rabbitmq-diagnostics ping."},
    {AMQP_STATUS_HEARTBEAT_TIMEOUT, ERROR_RETRY, "no heartbeat from the broker in time",
     "Check that the broker runs and is not overloaded: rabbitmq-diagnostics ping."},
    {AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD, ERROR_CONFIG,
     "the broker does not accept logins with user and password (PLAIN)",
     "Add PLAIN to auth_mechanisms in the broker's configuration."},
    {AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED, ERROR_CONFIG, "the certificate is for another name",
     "Name the host as in its certificate, or give server_name_indication in the URL."},
    {AMQP_STATUS_SSL_PEER_VERIFY_FAILED, ERROR_CONFIG, "the certificate was refused",
     "Check its issuer, its names and its dates: openssl s_client -connect HOST:PORT."},
    {AMQP_STATUS_SSL_CONNECTION_FAILED, ERROR_CONFIG, "the TLS handshake failed",
     "Check that the port is the broker's TLS port and that it offers TLS 1.2 or later: openssl "
     "s_client -connect HOST:PORT."},
    {AMQP_STATUS_NO_MEMORY, ERROR_FATAL, "out of memory", "Give the program more memory."},
    {AMQP_STATUS_BAD_AMQP_DATA, ERROR_FATAL, "what came is no AMQP",
     "Check that nothing between program and broker changes the data."},
};

/* A broker's text goes to terminals and logs: no control characters, nothing beyond ASCII. */
static void put_visible(struct text *text, amqp_bytes_t bytes)
{
    const char *byte = bytes.bytes;
    for (size_t i = 0; i < bytes.len; i++) {
        text_put_bytes(text, byte[i] >= ' ' && byte[i] <= '~' ? &byte[i] : "?", 1);
    }
}

/* RabbitMQ begins its text with the code's name: "ACCESS_REFUSED - access to ...". */
bool rabbit_error_reply(struct error *error, uint16_t code, uint16_t class_id, amqp_bytes_t text)
{
    char memory[ERROR_TEXT_MAX / 2];
    struct text visible;
    text_init(&visible, memory, sizeof memory);
    put_visible(&visible, text);

    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        if (replies[i].code != code ||
            (replies[i].class_id != CLASS_ANY && replies[i].class_id != class_id)) {
            continue;
        }
        const char *name = replies[i].name;
        const bool named = strncmp(memory, name, strlen(name)) == 0;
        error_set(error, replies[i].kind, "refused with %u %s%s%s", code, named ? "" : name,
                  named || memory[0] == '\0' ? "" : ": ", memory);
        return error_advise(error, "%s", replies[i].remedy);
    }
    return error_set(error, ERROR_FATAL, "refused with %u: %s", code, memory);
}

bool rabbit_error_status(struct error *error, int status)
{
    ENSURE(status != AMQP_STATUS_OK);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].status == status) {
            error_set(error, statuses[i].kind, "%s", statuses[i].text);
            return error_advise(error, "%s", statuses[i].remedy);
        }
    }
    return error_set(error, ERROR_FATAL, "librabbitmq: %s", amqp_error_string2(status));
}
