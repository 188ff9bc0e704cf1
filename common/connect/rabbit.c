/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens, watches and closes a connection to RabbitMQ. */
#include "common/connect/rabbit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif

#include "common/connect/rabbit_error.h"
#include "common/connect/rabbit_login.h"
#include "common/connect/rabbit_probe.h"
#include "common/connect/rabbit_tls.h"

#define ROUNDING_MS 10 /* so much early, at most, librabbitmq gives up */

static struct timeval interval(uint32_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

/* For messages: user and vhost may have any bytes. */
static void copy_visible(char *target, const char *source)
{
    size_t i = 0;
    for (; source[i] != '\0'; i++) {
        const unsigned char byte = (unsigned char)source[i];
        target[i] = byte < ' ' || byte == 0x7f ? '?' : source[i];
    }
    target[i] = '\0';
}

static void write_address(char *memory, size_t capacity, const struct amqp_host *host)
{
    const bool literal = strchr(host->name, ':') != NULL;
    (void)snprintf(memory, capacity, literal ? "[%s]:%u" : "%s:%u", host->name, host->port);
}

static bool set_option(int file, int level, int option, int value, struct error *error)
{
    if (setsockopt(file, level, option, &value, sizeof value) != 0) {
        return error_set(error, ERROR_FATAL, "socket option %d: %m", option);
    }
    return true;
}

/* Heartbeats notice a silent broker while something waits for it; the kernel's time-outs do so
 * while bytes wait to be sent, for librabbitmq's sends have none. */
static bool set_socket(int file, uint32_t heartbeat_seconds, struct error *error)
{
    const int seconds = (int)(heartbeat_seconds * AMQP_HEARTBEATS_MISSED);
    if (fcntl(file, F_SETFD, FD_CLOEXEC) != 0) {
        return error_set(error, ERROR_FATAL, "close-on-exec: %m");
    }
    return set_option(file, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000, error) &&
           set_option(file, IPPROTO_TCP, TCP_NODELAY, 1, error) &&
           set_option(file, SOL_SOCKET, SO_KEEPALIVE, 1, error) &&
           set_option(file, IPPROTO_TCP, TCP_KEEPIDLE, seconds, error) &&
           set_option(file, IPPROTO_TCP, TCP_KEEPINTVL, (int)heartbeat_seconds, error) &&
           set_option(file, IPPROTO_TCP, TCP_KEEPCNT, (int)AMQP_HEARTBEATS_MISSED, error);
}

static bool refuse_socket(const struct amqp_url *url, const struct amqp_host *host, int status,
                          struct error *error)
{
    char reason[256] = "";
    if (status == AMQP_STATUS_TIMEOUT) {
        error_set(error, ERROR_RETRY, "no connection within %u ms", url->connect_timeout_ms);
        return error_advise(error, "Check host and port in the URL, and firewalls between.");
    }
    if (status == AMQP_STATUS_SOCKET_ERROR || status == AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED) {
        rabbit_probe(host, url->connect_timeout_ms, reason, sizeof reason);
    }
    rabbit_error_status(error, status);
    if (reason[0] == '\0') {
        return false;
    }
    (void)snprintf(error->text, sizeof error->text, "%s", reason);
    return false;
}

static bool open_tls(struct rabbit *rabbit, const struct amqp_url *url,
                     const struct amqp_host *host, struct error *error)
{
    const struct timeval timeout = interval(url->connect_timeout_ms);
    struct rabbit_tls tls;
    amqp_socket_t *socket = NULL;
    if (!rabbit_tls_prepare(&tls, rabbit->connection, url, host, &socket, error)) {
        return false;
    }
    const int status = amqp_socket_open_noblock(socket, host->name, host->port, &timeout);
    rabbit_tls_release(&tls);
    if (status == AMQP_STATUS_OK) {
        return rabbit_stream_secure(&rabbit->stream, tls.session, error);
    }
    return rabbit_tls_explain(&tls, status, error) ? false
                                                   : refuse_socket(url, host, status, error);
}

static bool open_tcp(struct rabbit *rabbit, const struct amqp_url *url,
                     const struct amqp_host *host, struct error *error)
{
    const struct timeval timeout = interval(url->connect_timeout_ms);
    amqp_socket_t *socket = amqp_tcp_socket_new(rabbit->connection);
    if (socket == NULL) {
        return rabbit_error_status(error, AMQP_STATUS_NO_MEMORY);
    }
    const int status = amqp_socket_open_noblock(socket, host->name, host->port, &timeout);
    return status == AMQP_STATUS_OK || refuse_socket(url, host, status, error);
}

static bool set_timeouts(struct rabbit *rabbit, const struct amqp_url *url, struct error *error)
{
    const struct timeval handshake = interval(url->connect_timeout_ms);
    const struct timeval request = interval(RABBIT_RPC_TIMEOUT_MS);
    int status = amqp_set_handshake_timeout(rabbit->connection, &handshake);
    if (status == AMQP_STATUS_OK) {
        status = amqp_set_rpc_timeout(rabbit->connection, &request);
    }
    return status == AMQP_STATUS_OK || rabbit_error_status(error, status);
}

static int64_t now_ms(void)
{
    struct timespec now;
    ENSURE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Who takes the whole time-out and says nothing is dialled last for a while. */
static void note_silence(const struct amqp_url *url, uint32_t number, int64_t began_ms)
{
    const int64_t now = now_ms();
    if (now - began_ms + ROUNDING_MS >= (int64_t)url->connect_timeout_ms) {
        silence_note(url->silence, number, now);
    }
}

/* On failure nothing stays open, and only address and reply_code are of interest. */
static bool open_host(struct rabbit *rabbit, const struct amqp_url *url,
                      const struct amqp_host *host, const char *name, struct error *error)
{
    *rabbit = (struct rabbit){.connection = amqp_new_connection()};
    write_address(rabbit->address, sizeof rabbit->address, host);
    copy_visible(rabbit->user, url->user);
    copy_visible(rabbit->vhost, url->vhost);
    if (rabbit->connection == NULL) {
        return rabbit_error_status(error, AMQP_STATUS_NO_MEMORY);
    }
    if (set_timeouts(rabbit, url, error) &&
        (url->tls ? open_tls(rabbit, url, host, error) : open_tcp(rabbit, url, host, error)) &&
        set_socket(amqp_get_sockfd(rabbit->connection), url->heartbeat_seconds, error) &&
        rabbit_login(rabbit, url, name, error)) {
        return true;
    }
    (void)amqp_destroy_connection(rabbit->connection); /* it was none yet */
    rabbit->connection = NULL;
    return false;
}

/* Adds one host's failure to those before: the kind of the most hopeful, with its remedy. */
static void add_failure(struct error *all, const char *address, const struct error *failure)
{
    if (all->kind == ERROR_NONE) {
        error_set(all, failure->kind, "broker %s: %s", address, failure->text);
        error_advise(all, "%s", failure->remedy);
        return;
    }
    const size_t size = strlen(all->text);
    (void)snprintf(all->text + size, sizeof all->text - size, "; %s: %s", address, failure->text);
    if (failure->kind == ERROR_RETRY && all->kind != ERROR_RETRY) {
        all->kind = ERROR_RETRY;
        memcpy(all->remedy, failure->remedy, sizeof all->remedy);
    }
}

bool rabbit_open(struct rabbit *rabbit, const struct amqp_url *url, const char *name,
                 struct error *error)
{
    return rabbit_open_from(rabbit, url, url->host_first, name, error);
}

bool rabbit_open_from(struct rabbit *rabbit, const struct amqp_url *url, uint32_t first,
                      const char *name, struct error *error)
{
    ENSURE(url->host_count >= 1);
    ENSURE(url->host_count <= AMQP_HOSTS_MAX);
    struct rabbit opened;
    struct error all = {0};
    uint32_t order[AMQP_HOSTS_MAX];
    silence_order(url->silence, url->host_count, first, now_ms(), order);
    for (uint32_t i = 0; i < url->host_count; i++) {
        const uint32_t number = order[i];
        const int64_t began_ms = now_ms();
        struct error failure = {0};
        if (open_host(&opened, url, &url->hosts[number], name, &failure)) {
            silence_end(url->silence, number);
            *rabbit = opened;
            rabbit->host = number;
            return true;
        }
        note_silence(url, number, began_ms);
        if (opened.reply_code == AMQP_ACCESS_REFUSED || opened.reply_code == AMQP_NOT_ALLOWED) {
            all = (struct error){0}; /* what the others said does not matter any more */
            add_failure(&all, opened.address, &failure);
            break;
        }
        add_failure(&all, opened.address, &failure);
    }
    *rabbit = (struct rabbit){0};
    *error = all;
    return false;
}

/* Asks the broker to close only if that can be sent at once: a send would wait for the kernel's
 * time-out on a broker that does not read. */
void rabbit_close(struct rabbit *rabbit)
{
    if (rabbit == NULL || rabbit->connection == NULL) {
        return;
    }
    struct pollfd file = {.fd = amqp_get_sockfd(rabbit->connection), .events = POLLOUT};
    const struct timeval timeout = interval(RABBIT_CLOSE_TIMEOUT_MS);
    if (!rabbit->broken && poll(&file, 1, 0) == 1 && file.revents == POLLOUT &&
        amqp_set_rpc_timeout(rabbit->connection, &timeout) == AMQP_STATUS_OK) {
        /* Politeness only: whatever the answer, the socket is closed next. */
        (void)amqp_connection_close(rabbit->connection, AMQP_REPLY_SUCCESS);
    }
    (void)amqp_destroy_connection(rabbit->connection);
    *rabbit = (struct rabbit){0};
}

bool rabbit_channel_open(struct rabbit *rabbit, uint16_t channel, struct error *error)
{
    ENSURE(channel >= 1);
    char what[sizeof "open channel 65535"];
    (void)snprintf(what, sizeof what, "open channel %u", channel);
    (void)amqp_channel_open(rabbit->connection, channel);
    return rabbit_reply(rabbit, channel, amqp_get_rpc_reply(rabbit->connection), what, error);
}

static bool refuse_channel(struct rabbit *rabbit, uint16_t channel,
                           const amqp_channel_close_t *close, struct error *error)
{
    amqp_channel_close_ok_t answer = {0};
    rabbit->reply_code = close->reply_code;
    rabbit_error_reply(error, close->reply_code, close->class_id, close->reply_text);
    if (amqp_send_method(rabbit->connection, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &answer) !=
        AMQP_STATUS_OK) {
        rabbit->broken = true;
    }
    return false;
}

static bool refuse_connection(struct rabbit *rabbit, const amqp_connection_close_t *close,
                              struct error *error)
{
    amqp_connection_close_ok_t answer = {0};
    rabbit->broken = true;
    rabbit->reply_code = close->reply_code;
    rabbit_error_reply(error, close->reply_code, close->class_id, close->reply_text);
    /* Politeness only: nothing more is read from this connection. */
    (void)amqp_send_method(rabbit->connection, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &answer);
    return error_wrap(error, "connection closed by the broker");
}

static bool refuse(struct rabbit *rabbit, uint16_t channel, const amqp_method_t *method,
                   struct error *error)
{
    if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
        return refuse_channel(rabbit, channel, method->decoded, error);
    }
    if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
        return refuse_connection(rabbit, method->decoded, error);
    }
    rabbit->broken = true;
    return error_set(error, ERROR_FATAL, "an unexpected answer: %s", amqp_method_name(method->id));
}

bool rabbit_channel_close(struct rabbit *rabbit, uint16_t channel, struct error *error)
{
    return rabbit_reply(rabbit, channel,
                        amqp_channel_close(rabbit->connection, channel, AMQP_REPLY_SUCCESS),
                        "close channel", error);
}

bool rabbit_reply(struct rabbit *rabbit, uint16_t channel, amqp_rpc_reply_t reply, const char *what,
                  struct error *error)
{
    rabbit->reply_code = 0;
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        return true;
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        (void)refuse(rabbit, channel, &reply.reply, error); /* false, as all that set an error */
        break;
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
        return rabbit_status(rabbit, reply.library_error, what, error);
    case AMQP_RESPONSE_NONE:
        rabbit->broken = true;
        error_set(error, ERROR_RETRY, "connection ended before the answer");
        break;
    }
    error_wrap(error, "%s", what);
    return error_wrap(error, "broker %s", rabbit->address);
}

bool rabbit_status(struct rabbit *rabbit, int status, const char *what, struct error *error)
{
    if (status == AMQP_STATUS_OK) {
        return true;
    }
    rabbit->broken = true;
    rabbit->reply_code = 0;
    rabbit_error_status(error, status);
    error_wrap(error, "%s", what);
    return error_wrap(error, "broker %s", rabbit->address);
}

bool rabbit_notice(struct rabbit *rabbit, const amqp_frame_t *frame)
{
    if (frame->frame_type != AMQP_FRAME_METHOD || frame->channel != 0) {
        return false;
    }
    const amqp_method_number_t method = frame->payload.method.id;
    if (method != AMQP_CONNECTION_BLOCKED_METHOD && method != AMQP_CONNECTION_UNBLOCKED_METHOD) {
        return false;
    }
    rabbit->blocked = method == AMQP_CONNECTION_BLOCKED_METHOD;
    return true;
}

static bool take_frame(struct rabbit *rabbit, const amqp_frame_t *frame, struct error *error)
{
    if (rabbit_notice(rabbit, frame) || frame->frame_type != AMQP_FRAME_METHOD) {
        return true;
    }
    const amqp_method_t method = frame->payload.method;
    if (method.id != AMQP_CHANNEL_CLOSE_METHOD && method.id != AMQP_CONNECTION_CLOSE_METHOD) {
        return true;
    }
    const amqp_rpc_reply_t reply = {.reply_type = AMQP_RESPONSE_SERVER_EXCEPTION, .reply = method};
    return rabbit_reply(rabbit, frame->channel, reply, "listen", error);
}

bool rabbit_pump(struct rabbit *rabbit, struct error *error)
{
    const struct timeval at_once = {0};
    for (;;) {
        amqp_frame_t frame;
        amqp_maybe_release_buffers(rabbit->connection);
        const int status = amqp_simple_wait_frame_noblock(rabbit->connection, &frame, &at_once);
        if (status == AMQP_STATUS_TIMEOUT) {
            return true;
        }
        if (!rabbit_status(rabbit, status, "listen", error) || !take_frame(rabbit, &frame, error)) {
            return false;
        }
    }
}
