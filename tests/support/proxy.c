/* SPDX-License-Identifier: Apache-2.0
 *
 * Relays bytes between two sockets. */
#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/test.h"

#define BUFFER_SIZE 65536u
#define PATIENCE_MS 20 /* how long the beginning of an occurrence is kept back for its rest */

/* What came one way and has not gone on yet. */
struct way {
    int source;
    int target;
    const struct proxy_rule *rule; /* NULL: none in this direction */
    _Atomic unsigned *replaced;
    char bytes[BUFFER_SIZE];
    size_t size;
};

static bool write_all(int target, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t written = send(target, bytes, size, MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Sends all but the last bytes. */
static bool forward(struct way *way, size_t kept)
{
    const size_t size = way->size - kept;
    if (!write_all(way->target, way->bytes, size)) {
        return false;
    }
    memmove(way->bytes, way->bytes + size, kept);
    way->size = kept;
    return true;
}

static void replace(struct way *way)
{
    char *at = way->bytes;
    size_t left = way->size;
    while ((at = memmem(at, left, way->rule->before, way->rule->size)) != NULL) {
        memcpy(at, way->rule->after, way->rule->size);
        at += way->rule->size;
        left = way->size - (size_t)(at - way->bytes);
        atomic_fetch_add(way->replaced, 1);
    }
}

/* How many bytes at the end may be the beginning of an occurrence. */
static size_t unfinished(const struct way *way)
{
    size_t size = way->rule->size - 1 < way->size ? way->rule->size - 1 : way->size;
    while (size > 0 && memcmp(way->bytes + way->size - size, way->rule->before, size) != 0) {
        size--;
    }
    return size;
}

static bool pump(struct way *way)
{
    const ssize_t got = recv(way->source, way->bytes + way->size, BUFFER_SIZE - way->size, 0);
    if (got <= 0) {
        return false;
    }
    way->size += (size_t)got;
    if (way->rule == NULL) {
        return forward(way, 0);
    }
    replace(way);
    return forward(way, unfinished(way));
}

static void relay(const struct proxy *proxy, struct way *up, struct way *down)
{
    struct pollfd sockets[] = {
        {.fd = up->source, .events = POLLIN},
        {.fd = down->source, .events = POLLIN},
        {.fd = proxy->stop[0], .events = POLLIN},
    };
    bool open = true;
    while (open) {
        const bool waiting = up->size > 0 || down->size > 0;
        const int ready = poll(sockets, 3, waiting ? PATIENCE_MS : -1);
        if (ready == 0) {
            open = forward(up, 0) && forward(down, 0);
        } else if (ready < 0 || sockets[2].revents != 0) {
            return;
        } else {
            open = (sockets[0].revents == 0 || pump(up)) && (sockets[1].revents == 0 || pump(down));
        }
    }
}

static int connect_server(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server != -1 && connect(server, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(server); /* the client sees its own connection end */
        return -1;
    }
    return server;
}

static void serve(struct proxy *proxy, int client)
{
    const struct proxy_rule *rule = &proxy->rule;
    struct way up = {.source = client, .replaced = &proxy->replaced};
    struct way down = {.target = client, .replaced = &proxy->replaced};
    const int server = connect_server(proxy->server_port);
    if (server == -1) {
        return;
    }
    up.target = down.source = server;
    up.rule = rule->direction == PROXY_TO_SERVER ? rule : NULL;
    down.rule = rule->direction == PROXY_TO_CLIENT ? rule : NULL;
    relay(proxy, &up, &down);
    (void)close(server); /* nothing to be done about it */
}

static void *work(void *self)
{
    struct proxy *proxy = self;
    for (;;) {
        struct pollfd sockets[] = {
            {.fd = proxy->listener, .events = POLLIN},
            {.fd = proxy->stop[0], .events = POLLIN},
        };
        if (poll(sockets, 2, -1) < 0 || sockets[1].revents != 0) {
            return NULL;
        }
        const int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
        if (client != -1) {
            serve(proxy, client);
            (void)close(client); /* nothing to be done about it */
        }
    }
}

int proxy_listen(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_not_equal(listener, -1);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return listener;
}

void proxy_open(struct proxy *proxy, uint16_t server_port, const struct proxy_rule *rule)
{
    assert_in_range(rule->size, 1, PROXY_RULE_MAX);
    *proxy = (struct proxy){.rule = *rule, .server_port = server_port};
    proxy->listener = proxy_listen(&proxy->port);
    assert_int_equal(pipe(proxy->stop), 0);
    assert_int_equal(pthread_create(&proxy->thread, NULL, work, proxy), 0);
}

void proxy_close(struct proxy *proxy)
{
    assert_int_equal(close(proxy->stop[1]), 0);
    assert_int_equal(pthread_join(proxy->thread, NULL), 0);
    assert_int_equal(close(proxy->stop[0]), 0);
    assert_int_equal(close(proxy->listener), 0);
}
