/* SPDX-License-Identifier: Apache-2.0
 *
 * A change of the number of lanes: from the generation that is current, the source, to the one that
 * is coming. Where it stands is in the database; whoever drives it takes the next step there.
 *
 * A driver holds a lease, so that not everybody drives at once; it is for quiet, not for safety.
 * Calls of the ports may wait for a server, within bounds; each is made again after a failure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

enum change_step {
    CHANGE_RETIRE,
    CHANGE_DECLARE,
    CHANGE_BIND,
    CHANGE_UNBIND,
    CHANGE_MARK,
    CHANGE_DRAIN,
};

#define CHANGE_STEPS (CHANGE_DRAIN + 1u)

#define CHANGE_LEASE_MS    2000u /* a driver not seen for so long is followed by another, */
#define CHANGE_GIVE_WAY_MS 1000u /* who looks once in this time at least */

/* As the database has it. */
struct lanes_change {
    uint32_t generation; /* the one that is coming; 0: no change is open */
    uint32_t lanes;
    uint32_t source; /* the current one */
    uint32_t source_lanes;
    uint32_t drained; /* lanes of the source whose marker is recorded */
    uint64_t decided; /* jobs that the source's lanes have decided in all */
    uint32_t older;   /* generations before the source that still have consumers */
    enum change_step step;
    uint64_t step_ms; /* since it is the next step, by the database's clock */
    bool ours;        /* the lease was given to us */
};

/* What has to be declared of a generation with so many lanes, as one numbered list: its exchange,
 * its queues, its slots' bindings. */
#define CHANGE_PARTS(lanes) ((lanes) + 2u)

struct change_ops {
    /* What there is to do; takes the lease if it is free, or renews it. */
    bool (*look)(void *self, struct lanes_change *change, struct error *error);

    /* Declares these parts of the coming generation. */
    bool (*declare)(void *self, const struct lanes_change *change, uint32_t first, uint32_t count,
                    struct error *error);

    /* Binds the entry exchanges to the coming generation. */
    bool (*bind)(void *self, const struct lanes_change *change, struct error *error);

    /* Whether jobs may be led there: it is coming, or has come and was not followed yet. */
    bool (*leads)(void *self, const struct lanes_change *change, bool *leads, struct error *error);

    /* Unbinds them from it. */
    bool (*take_back)(void *self, const struct lanes_change *change, struct error *error);

    /* Unbinds them from all older ones. */
    bool (*unbind)(void *self, const struct lanes_change *change, struct error *error);

    /* Publishes a marker straight into these lanes' queues of the source, and has it confirmed. */
    bool (*mark)(void *self, const struct lanes_change *change, uint32_t first, uint32_t count,
                 struct error *error);

    /* The change's step is done: records the next one, unless somebody else has. */
    bool (*record)(void *self, const struct lanes_change *change, enum change_step next,
                   struct error *error);

    /* In one transaction, unless somebody else has: the source becomes draining, the coming
     * generation current. Not before each of the source's lanes is drained. */
    bool (*finish)(void *self, const struct lanes_change *change, struct error *error);
};

enum change_phase {
    CHANGE_LOOKS,
    CHANGE_ACTS,
    CHANGE_CHECKS,     /* whether it may lead jobs to what it has bound */
    CHANGE_TAKES_BACK, /* what it has bound: it may not */
    CHANGE_RECORDS,
};

/* Whoever drives, between two turns. */
struct change_driver {
    const struct change_ops *ops;
    void *self;
    enum change_phase phase;
    struct lanes_change change; /* as last looked at */
    uint32_t generation;        /* position is within this step of this change */
    enum change_step step;
    uint32_t position;
    bool bound;        /* at CHANGE_CHECKS: the broker has said so */
    uint32_t failures; /* of steps, in a row: looks do not count */
};

enum change_progress {
    CHANGE_NOTHING, /* there is no change */
    CHANGE_OTHERS,  /* somebody else drives it */
    CHANGE_WAITS,   /* for time, for lanes, for what is older: call again in a moment */
    CHANGE_AGAIN,   /* call again at once */
    CHANGE_FAILED,  /* call again after a pause */
};

void change_driver_init(struct change_driver *driver, const struct change_ops *ops, void *self);

/* One call to a port at most. */
enum change_progress change_turn(struct change_driver *driver, struct error *error) MUST_CHECK;

/* False: it has led jobs to a generation, and does not know yet if it may. That comes first. */
bool change_is_settled(const struct change_driver *driver);

/* How long to wait at least after CHANGE_FAILED, in ms. When a step fails again the lease is left
 * to run out, or it would be renewed for ever by one who sees the database only: another driver may
 * see both servers. */
uint32_t change_failed_ms(const struct change_driver *driver);

/* "declare", as tables have it. */
const char *change_step_name(enum change_step step);

/* False: there is no such step. */
bool change_step_find(const char *name, enum change_step *step) MUST_CHECK;
