/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated broker's exchanges: which generations the entries lead to, and where a job goes by
 * its key. In the moment of both, a job goes to two generations; a publisher's channel may hold one
 * back, so that it comes late; without a key, it goes to the sorter. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_account.h"

struct sim_broker;
struct sim_tables;

#define SIM_LATE_MAX 256u

/* A copy that a channel holds back. */
struct sim_late {
    int64_t at;
    uint32_t copy;
};

struct sim_exchanges {
    bool led_to[SIM_GENERATIONS_MAX];      /* the entries are bound to its exchange */
    bool slots_bound[SIM_GENERATIONS_MAX]; /* and that to its queues */
    bool unbound[SIM_GENERATIONS_MAX];     /* they once were: what binds them again is late */
    uint32_t sequence;                     /* of what was published */
    uint32_t late_count;
    struct sim_late late[SIM_LATE_MAX]; /* by when they come */
};

void sim_exchanges_init(struct sim_broker *broker);

/* The entries from the first so many generations. */
void sim_exchanges_unbind(struct sim_exchanges *exchanges, uint32_t count);

/* What the copy says, but for where it goes, is the caller's; so many lead nowhere. */
void sim_exchange_publish(struct sim_broker *broker, const struct sim_copy *copy);

/* What was held back, comes; of a queue, at once. */
void sim_exchange_late_turn(struct sim_broker *broker);
void sim_exchange_flush(struct sim_broker *broker, uint32_t queue);
bool sim_exchange_is_late(const struct sim_broker *broker);

/* A generation's marker into one of its lanes' queues; it says which one comes. */
void sim_exchange_mark(struct sim_broker *broker, uint32_t queue, uint32_t coming);

/* Whether a slot leads to a lane. */
bool sim_exchange_leads(const struct sim_broker *broker);
