/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether somebody on the way could read or answer in a server's place. */
#pragma once

#include <stdbool.h>

#include "worker/commands/findings.h"

/* How a connection was made. */
struct transport {
    bool local;         /* it does not leave the machine */
    const char *tls;    /* which version; NULL: none */
    bool verified;      /* the server's certificate and its name */
    const char *remedy; /* how to have it verified */
};

void doctor_transport(struct findings *findings, const char *check,
                      const struct transport *transport);
