/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is at the other end of a socket. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* A Unix socket, or a loopback address: what is sent there never leaves the machine. */
bool address_is_local(const struct sockaddr *address);

/* The same of a connected socket's peer; one that cannot be asked is not local. */
bool peer_is_local(int socket);
