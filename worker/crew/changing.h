/* SPDX-License-Identifier: Apache-2.0
 *
 * The real sides of a change of the number of lanes: the database and the broker, to which it
 * connects when there is something to do there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/amqp_url.h"
#include "common/connect/config.h"
#include "common/connect/postgres.h"
#include "common/connect/rabbit.h"
#include "worker/change/change.h"
#include "worker/change/retirement.h"
#include "worker/postgres/change.h"

/* The pointers are the caller's. Not to be moved. */
struct changing {
    const struct config *config;
    const struct amqp_url *url;
    struct postgres *postgres; /* open while turns are made */
    char name[CHANGE_DRIVER_MAX];
    struct rabbit rabbit;
    uint32_t bound; /* the generation that we led jobs to, not knowing yet if we may; 0: none */
    struct change_driver change;
    struct retirement_driver retirement;
};

/* Connects to nothing. The name tells drivers apart. */
void changing_init(struct changing *changing, const struct config *config,
                   const struct amqp_url *url, struct postgres *postgres, const char *name);

/* One turn of each. Waits for servers, within the bounds of their connections. After a failure of
 * either, what the other one did is done. */
enum change_progress changing_turn(struct changing *changing, struct error *error) MUST_CHECK;

/* How long to wait at least after a turn that has failed, in ms. */
uint32_t changing_failed_ms(const struct changing *changing);

void changing_close(struct changing *changing);
