/* SPDX-License-Identifier: Apache-2.0
 *
 * The two things outside that a lane needs: a broker and a database, each a table of functions and
 * whoever stands behind it. The real ones are worker/rabbit/broker.c and
 * worker/postgres/database.c; the simulator has its own.
 *
 * No call blocks. One that answers PORT_WAIT has begun, or found nothing to do yet: call it again,
 * with the same arguments, when there is something to read or write. The lane has no time-outs of
 * its own: a port that waits for a server too long fails. After PORT_FAILED the error's kind says
 * what to do next; a full arena is ERROR_JOB. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "worker/lane/decide.h"
#include "worker/lane/delivery.h"
#include "worker/lane/demand.h"
#include "worker/lane/message.h"
#include "worker/lane/state.h"

enum port_answer {
    PORT_DONE,
    PORT_WAIT,
    PORT_FAILED,
};

struct broker_ops {
    /* A new channel and a new consumer of the lane's queue, with nothing in hand. */
    enum port_answer (*subscribe)(void *self, struct error *error);

    /* The next delivery, copied into the arena, which has DELIVERY_MEMORY_MAX bytes of room. */
    enum port_answer (*take)(void *self, struct arena *arena, struct delivery *delivery,
                             struct error *error);

    /* Hands messages over. They must stay as they are until confirm is done; until then nothing
     * else may be published. Replies are sent on their way and forgotten. */
    enum port_answer (*publish)(void *self, const struct message *messages, uint32_t count,
                                struct error *error);

    /* All that was published has been confirmed, or is not wanted by any queue. */
    enum port_answer (*confirm)(void *self, struct error *error);

    /* Everything up to this tag is done with. */
    enum port_answer (*acknowledge)(void *self, uint64_t tag, struct error *error);

    /* Closes the channel: what was not acknowledged returns to the queue, in order. What was being
     * published is forgotten. */
    void (*give_back)(void *self);
};

struct broker {
    const struct broker_ops *ops;
    void *self;
};

/* Holds and sales that jobs name, found before their SKUs are locked. In the batch's arena. */
struct found {
    struct hold *holds;
    uint32_t hold_count;
    struct sale *sales;
    uint32_t sale_count;
};

/* What is to be written, all of it in one transaction. */
struct record {
    const struct entry *entries;
    const struct result *results;
    uint32_t count;
    const struct state *state; /* after decide(): what is marked is written */
    bool marker; /* instead of entries: the lane's generation has ended, and that is written */
    struct span lonely; /* the name under which the only job's beginnings were counted, if so */
};

struct database_ops {
    /* Whether the database can be reached and written: it is tried. */
    enum port_answer (*ready)(void *self, struct error *error);

    /* Takes the lane over: raises its epoch, and whoever had it can no longer save. */
    enum port_answer (*claim)(void *self, struct error *error);

    /* How often this job was begun alone, this time included; counted in a transaction of its own.
     * A lane asks once for a job, as long as it lives. */
    enum port_answer (*count_lonely)(void *self, struct span job, uint32_t *begun,
                                     struct error *error);

    /* What the demand names of holds and sales; locks nothing. */
    enum port_answer (*look)(void *self, const struct demand *demand, struct arena *arena,
                             struct found *found, struct error *error);

    /* Begins the batch's transaction: locks the lane, and fails with ERROR_FENCED if its epoch is
     * another's; locks the stock rows; then reads the rest, and the time. The transaction is open
     * when it is done. */
    enum port_answer (*load)(void *self, const struct demand *demand, struct arena *arena,
                             struct state *state, struct error *error);

    /* Writes and commits. */
    enum port_answer (*save)(void *self, const struct record *record, struct error *error);

    /* Leaves whatever is under way without committing it. */
    void (*abandon)(void *self);
};

struct database {
    const struct database_ops *ops;
    void *self;
};
