/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells addresses of this machine from others. */
#include "common/connect/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool is_loopback(in_addr_t address)
{
    return ntohl(address) >> 24 == IN_LOOPBACKNET;
}

static bool is_loopback6(const struct in6_addr *address)
{
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        in_addr_t mapped;
        memcpy(&mapped, address->s6_addr + 12, sizeof mapped);
        return is_loopback(mapped);
    }
    return IN6_IS_ADDR_LOOPBACK(address);
}

bool address_is_local(const struct sockaddr *address)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    switch (address->sa_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        memcpy(&in, address, sizeof in);
        return is_loopback(in.sin_addr.s_addr);
    case AF_INET6:
        memcpy(&in6, address, sizeof in6);
        return is_loopback6(&in6.sin6_addr);
    default:
        return false;
    }
}

bool peer_is_local(int socket)
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    return getpeername(socket, (struct sockaddr *)&peer, &size) == 0 &&
           address_is_local((const struct sockaddr *)&peer);
}
