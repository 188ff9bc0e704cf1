/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks the libraries for their versions. */
#include "common/connect/libraries.h"

#include <libpq-fe.h>

#include "common/connect/rabbit.h"

void libraries_write(struct text *text)
{
    const int pq = PQlibVersion();
    text_format(text, "librabbitmq %s\n", amqp_version());
    text_format(text, "libpq %d.%d\n", pq / 10000, pq % 10000);
}
