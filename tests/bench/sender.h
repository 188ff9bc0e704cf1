/* SPDX-License-Identifier: Apache-2.0
 *
 * A front end's connection: publishes jobs with confirms, as many at one time as there is room
 * for, and many in one system call. Never waits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/amqp_url.h"
#include "common/contract/address.h"
#include "tests/bench/drawn.h"
#include "worker/rabbit/confirms.h"
#include "worker/rabbit/wire.h"

struct sender {
    struct wire wire;
    struct address jobs; /* the exchange */
    struct confirms confirms;
    char *memory;
};

/* What fails here ends the program. */
void sender_open(struct sender *sender, const struct amqp_url *url, const char *namespace);
void sender_close(struct sender *sender);

/* False: there is no room just now. What is taken goes out with the next turn. */
bool sender_send(struct sender *sender, const struct drawn *drawn);

/* Sends, and takes in confirms. */
void sender_turn(struct sender *sender);

/* Jobs whose confirm has not come. */
uint32_t sender_pending(const struct sender *sender);
