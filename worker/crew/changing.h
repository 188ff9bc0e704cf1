/* SPDX-License-Identifier: Apache-2.0
 *
 * The real sides of a change of the number of lanes: the database and the broker, to which it
 * connects when there is something to do there. A turn waits for them, within the bounds of their
 * connections. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/amqp_url.h"
#include "common/connect/config.h"
#include "common/connect/postgres.h"
#include "common/connect/rabbit.h"
#include "worker/change/driver.h"
#include "worker/postgres/change.h"

/* The pointers are the caller's. Not to be moved. */
struct changing {
    const struct config *config;
    const struct amqp_url *url;
    struct postgres *postgres; /* open while turns are made */
    char name[CHANGE_DRIVER_MAX];
    struct rabbit rabbit;
    struct driver driver; /* whose turns are to be made, with these sides */
};

/* Connects to nothing. The name tells drivers apart. */
void changing_init(struct changing *changing, const struct config *config,
                   const struct amqp_url *url, struct postgres *postgres, const char *name);

void changing_close(struct changing *changing);
