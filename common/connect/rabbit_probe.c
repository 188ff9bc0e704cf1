/* SPDX-License-Identifier: Apache-2.0
 *
 * Connects to a host and hangs up, to learn the system's reason when that fails. */
#include "common/connect/rabbit_probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* The errno of a connection that is being made; 0: made. */
static int wait_connected(int file, uint32_t timeout_ms)
{
    struct pollfd poll_file = {.fd = file, .events = POLLOUT};
    int reason = 0;
    socklen_t size = sizeof reason;
    const int ready = poll(&poll_file, 1, (int)timeout_ms);
    if (ready == 0) {
        return ETIMEDOUT;
    }
    if (ready < 0 || getsockopt(file, SOL_SOCKET, SO_ERROR, &reason, &size) != 0) {
        return errno;
    }
    return reason;
}

static int try_address(const struct addrinfo *address, uint32_t timeout_ms)
{
    const int file = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0) {
        return errno;
    }
    int reason = connect(file, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (reason == EINPROGRESS) {
        reason = wait_connected(file, timeout_ms);
    }
    (void)close(file); /* nothing was sent */
    return reason;
}

static void write_unresolved(int reason, char *memory, size_t capacity)
{
    static const char said[] = "the name cannot be resolved";
    if (reason == EAI_SYSTEM) {
        (void)snprintf(memory, capacity, "%s: %m", said);
    } else {
        (void)snprintf(memory, capacity, "%s: %s", said, gai_strerror(reason));
    }
}

void rabbit_probe(const struct amqp_host *host, uint32_t timeout_ms, char *memory, size_t capacity)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    char port[sizeof "65535"];
    int reason = 0;
    uint32_t count = 0;

    memory[0] = '\0';
    (void)snprintf(port, sizeof port, "%u", host->port);
    const int unresolved = getaddrinfo(host->name, port, &hints, &addresses);
    if (unresolved != 0) {
        write_unresolved(unresolved, memory, capacity);
        return;
    }
    for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next) {
        count++;
    }
    for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next) {
        reason = try_address(a, timeout_ms / count);
        if (reason == 0) {
            break;
        }
    }
    freeaddrinfo(addresses);
    if (reason != 0) {
        errno = reason; /* for %m */
        (void)snprintf(memory, capacity, "%m");
    }
}
