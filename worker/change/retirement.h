/* SPDX-License-Identifier: Apache-2.0
 *
 * How a generation of lanes goes whose jobs are all decided: when a change asks for it, or an hour
 * after its last job.
 *
 * Jobs may still be on their way to it, and deleting a queue loses what is in it. So first its
 * lanes are forbidden to decide; what they had in hand returns to the queues when its consumers
 * have left; then what is in the queues is all there is. If there is something, the generation
 * comes back to life, its lanes decide it, and it is retired another time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

enum retirement_state {
    RETIREMENT_DRAINING, /* it may go */
    RETIREMENT_RETIRED,  /* its lanes decide nothing; its queues are there, or some of them */
};

/* As the database has it. */
struct retirement {
    uint32_t generation; /* 0: none is to go, or somebody else sees to it */
    uint32_t lanes;
    enum retirement_state state;
};

/* What lanes' queues have, one with the other; a queue that is not there has nothing. */
struct retirement_look {
    uint64_t ready;
    uint32_t consumers; /* one a queue at most: those that stand by are not counted */
};

struct retirement_ops {
    /* The next generation that is to go. Takes a lease on it, or renews it. */
    bool (*find)(void *self, struct retirement *retirement, struct error *error);

    bool (*look)(void *self, const struct retirement *retirement, uint32_t first, uint32_t count,
                 struct retirement_look *look, struct error *error);

    /* In one transaction: it is retired, and its lanes' epochs rise. */
    bool (*retire)(void *self, const struct retirement *retirement, struct error *error);

    /* Looks at each of these queues once more and deletes it. One that has a job or a consumer
     * stays, with those behind it: *left. */
    bool (*remove)(void *self, const struct retirement *retirement, uint32_t first, uint32_t count,
                   bool *left, struct error *error);

    /* Declares these queues again. */
    bool (*restore)(void *self, const struct retirement *retirement, uint32_t first, uint32_t count,
                    struct error *error);

    /* It is draining again. */
    bool (*revive)(void *self, const struct retirement *retirement, struct error *error);

    /* Deletes its exchange, then records that nothing of it is left. */
    bool (*forget)(void *self, const struct retirement *retirement, struct error *error);
};

enum retirement_phase {
    RETIREMENT_FINDS,
    RETIREMENT_LOOKS,
    RETIREMENT_RETIRES,
    RETIREMENT_REMOVES,
    RETIREMENT_RESTORES,
    RETIREMENT_REVIVES,
    RETIREMENT_FORGETS,
};

/* Whoever sees to it, between two turns. */
struct retirement_driver {
    const struct retirement_ops *ops;
    void *self;
    enum retirement_phase phase;
    struct retirement retirement;
    struct retirement_look looked; /* at the queues before position */
    uint32_t position;
    uint32_t failures; /* in a row: finding it does not count */
};

enum retirement_progress {
    RETIREMENT_NONE,   /* nothing is to go */
    RETIREMENT_WAITS,  /* for jobs to be decided, or for consumers to leave */
    RETIREMENT_AGAIN,  /* call again at once */
    RETIREMENT_FAILED, /* call again after a pause */
};

void retirement_driver_init(struct retirement_driver *driver, const struct retirement_ops *ops,
                            void *self);

/* One call to a port at most. */
enum retirement_progress retirement_turn(struct retirement_driver *driver,
                                         struct error *error) MUST_CHECK;

/* How long to wait at least after RETIREMENT_FAILED, in ms: as change_failed_ms. */
uint32_t retirement_failed_ms(const struct retirement_driver *driver);
