/* SPDX-License-Identifier: Apache-2.0
 *
 * Logs in, and says what exactly was refused. */
#include "common/connect/rabbit_login.h"

#include <string.h>

#include <till/version.h>

#include "common/connect/rabbit_error.h"
#include "common/connect/rabbit_server.h"

enum refused {
    REFUSED_OTHER,
    REFUSED_LOGIN,
    REFUSED_REMOTE_LOGIN,
    REFUSED_LIMIT,
    REFUSED_NO_VHOST,
    REFUSED_VHOST,
};

/* AMQP has one code for all refusals of a vhost; RabbitMQ's text tells them apart (3.10 to 4.1).
 * The first row that fits counts. */
static const struct {
    uint16_t code;
    const char *text; /* part of the broker's */
    enum refused refused;
} refusals[] = {
    {AMQP_ACCESS_REFUSED, "via localhost", REFUSED_REMOTE_LOGIN},
    {AMQP_ACCESS_REFUSED, "", REFUSED_LOGIN},
    {AMQP_NOT_ALLOWED, "limit (", REFUSED_LIMIT},
    {AMQP_NOT_ALLOWED, " not found", REFUSED_NO_VHOST},
    {AMQP_NOT_ALLOWED, "access to vhost", REFUSED_VHOST},
};

static enum refused classify(uint16_t code, amqp_bytes_t text)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const char *wanted = refusals[i].text;
        if (refusals[i].code == code &&
            (wanted[0] == '\0' || memmem(text.bytes, text.len, wanted, strlen(wanted)) != NULL)) {
            return refusals[i].refused;
        }
    }
    return REFUSED_OTHER;
}

static bool refuse_login(struct rabbit *rabbit, const amqp_connection_close_t *close,
                         struct error *error)
{
    rabbit->reply_code = close->reply_code;
    switch (classify(close->reply_code, close->reply_text)) {
    case REFUSED_LOGIN:
        error_set(error, ERROR_CONFIG, "login as \"%s\" refused", rabbit->user);
        return error_advise(error, "Check user and password in TILL_AMQP_URL and "
                                   "TILL_AMQP_PASSWORD_FILE: rabbitmqctl authenticate_user USER.");
    case REFUSED_REMOTE_LOGIN:
        error_set(error, ERROR_CONFIG,
                  "login as \"%s\" refused: this user may only connect from "
                  "the broker's own machine",
                  rabbit->user);
        return error_advise(error, "Make a user of its own: rabbitmqctl add_user USER.");
    case REFUSED_NO_VHOST:
        error_set(error, ERROR_CONFIG, "there is no vhost \"%s\"", rabbit->vhost);
        return error_advise(error, "Create it (rabbitmqctl add_vhost NAME), or name another one in "
                                   "the URL; the vhost / is written %%2F.");
    case REFUSED_VHOST:
        error_set(error, ERROR_CONFIG, "vhost \"%s\": user \"%s\" has no access to it",
                  rabbit->vhost, rabbit->user);
        return error_advise(error, "Give it some: rabbitmqctl set_permissions -p VHOST USER "
                                   "CONFIGURE WRITE READ.");
    case REFUSED_LIMIT:
    case REFUSED_OTHER:
        break;
    }
    rabbit_error_reply(error, close->reply_code, 0, close->reply_text);
    if (classify(close->reply_code, close->reply_text) == REFUSED_LIMIT) {
        error->kind = ERROR_RETRY; /* connections end */
        error->remedy[0] = '\0';
        return error_advise(error, "Raise the limit (rabbitmqctl set_vhost_limits or "
                                   "set_user_limits), or run fewer workers.");
    }
    return false;
}

/* What the library says of a handshake that did not come to its end. */
static bool explain_status(int status, const struct amqp_url *url, struct error *error)
{
    switch (status) {
    case AMQP_STATUS_TIMEOUT:
        error_set(error, ERROR_RETRY, "no answer to the login within %u ms",
                  url->connect_timeout_ms);
        return error_advise(error, "Check that the broker is not frozen or overloaded, and that "
                                   "the port is its AMQP port: rabbitmq-diagnostics listeners.");
    case AMQP_STATUS_BAD_AMQP_DATA:
    case AMQP_STATUS_WRONG_METHOD:
    case AMQP_STATUS_UNKNOWN_METHOD:
    case AMQP_STATUS_UNKNOWN_CLASS:
    case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION:
        error_set(error, ERROR_CONFIG, "the server does not speak AMQP 0-9-1");
        return error_advise(error,
                            "Name RabbitMQ's AMQP port in the URL: rabbitmq-diagnostics "
                            "listeners shows it (%u, with TLS %u, unless changed).",
                            AMQP_PORT_DEFAULT, AMQP_PORT_TLS_DEFAULT);
    case AMQP_STATUS_CONNECTION_CLOSED:
    case AMQP_STATUS_SOCKET_CLOSED:
    case AMQP_STATUS_SOCKET_ERROR:
    case AMQP_STATUS_SSL_ERROR:
        error_set(error, ERROR_RETRY, "connection closed during the login");
        return error_advise(error,
                            "If it stays so, check that the port is RabbitMQ's AMQP port "
                            "and %s TLS port, and read the broker's log.",
                            url->tls ? "its" : "not its");
    default:
        return rabbit_error_status(error, status);
    }
}

static amqp_table_entry_t text_entry(const char *name, const char *value)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(name),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value)}};
}

static amqp_table_entry_t capability(const char *name)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
                                .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

/* The broker tells of a cancelled consumer and of blocking only those who say that they listen. */
static amqp_rpc_reply_t send_login(struct rabbit *rabbit, const struct amqp_url *url,
                                   const char *name)
{
    amqp_table_entry_t capabilities[] = {
        capability("authentication_failure_close"), capability("basic.nack"),
        capability("connection.blocked"),           capability("consumer_cancel_notify"),
        capability("exchange_exchange_bindings"),   capability("publisher_confirms"),
    };
    const amqp_table_t capability_table = {sizeof capabilities / sizeof capabilities[0],
                                           capabilities};
    amqp_table_entry_t entries[] = {
        text_entry("product", "till"),
        text_entry("version", TILL_VERSION),
        text_entry("connection_name", name),
        {.key = amqp_cstring_bytes("capabilities"),
         .value = {.kind = AMQP_FIELD_KIND_TABLE, .value.table = capability_table}},
    };
    const amqp_table_t properties = {sizeof entries / sizeof entries[0], entries};
    return amqp_login_with_properties(rabbit->connection, url->vhost, (int)url->channel_max,
                                      (int)url->frame_max, (int)url->heartbeat_seconds, &properties,
                                      AMQP_SASL_METHOD_PLAIN, url->user, url->password);
}

static bool read_agreement(struct rabbit *rabbit, struct error *error)
{
    const int heartbeat = amqp_get_heartbeat(rabbit->connection);
    const int frame = amqp_get_frame_max(rabbit->connection);
    const int channels = amqp_get_channel_max(rabbit->connection);
    if (heartbeat <= 0 || frame <= 0 || channels <= 0) {
        error_set(error, ERROR_CONFIG,
                  "the broker agrees to heartbeat %d, frame_max %d, channel_max %d only", heartbeat,
                  frame, channels);
        return error_advise(error, "Give the broker's configuration other values than 0.");
    }
    rabbit->heartbeat_seconds = (uint32_t)heartbeat;
    rabbit->frame_max = (uint32_t)frame;
    rabbit->channel_max = (uint32_t)channels;
    return true;
}

bool rabbit_login(struct rabbit *rabbit, const struct amqp_url *url, const char *name,
                  struct error *error)
{
    const amqp_rpc_reply_t reply = send_login(rabbit, url, name);

    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) {
        return explain_status(reply.library_error, url, error);
    }
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        return refuse_login(rabbit, reply.reply.decoded, error);
    }
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
        return explain_status(AMQP_STATUS_WRONG_METHOD, url, error);
    }
    return rabbit_server_read(rabbit, amqp_get_server_properties(rabbit->connection), error) &&
           read_agreement(rabbit, error);
}
