/* SPDX-License-Identifier: Apache-2.0
 *
 * What can go wrong, and how often it does in this run. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/prng.h"

enum sim_fault {
    /* Of workers. */
    FAULT_CRASH,        /* a step */
    FAULT_MACHINE_LOST, /* of a crash: nobody is told, silence has to be noticed */
    FAULT_FREEZE,       /* a step */
    FAULT_DRAIN,        /* a step */
    FAULT_CUT_BROKER,   /* of a worker, for a while */
    FAULT_CUT_DATABASE,
    /* Of the database. */
    FAULT_DATABASE_LOST,      /* an errand that is no commit: the connection goes */
    FAULT_LOST_BEFORE_COMMIT, /* and the transaction with it */
    FAULT_LOST_IN_COMMIT,     /* done, perhaps later, and the answer is lost */
    FAULT_LOST_IDLE,          /* the connection goes between two errands */
    FAULT_SERIALIZATION,
    FAULT_DEADLOCK,
    FAULT_DATABASE_SLOW,
    FAULT_READ_ONLY, /* for a while */
    FAULT_DATABASE_DOWN,
    FAULT_CLOCK_JUMP, /* of the database's clock */
    FAULT_PAUSE,      /* between two statements: others' commits come in between */
    /* Of the broker. */
    FAULT_CONSUMER_LOST,
    FAULT_PUBLISHER_LOST,
    FAULT_CHANNEL_CLOSED,
    FAULT_HANDED_ON, /* the next consumer is activated, the first one does not know */
    FAULT_CONFIRM_LATE,
    FAULT_CONFIRM_LOST,
    FAULT_CONFIRM_REORDERED,
    FAULT_CONFIRM_MULTIPLE,
    FAULT_CONFIRM_NEGATIVE,
    FAULT_RETURNED, /* an event that no queue wants */
    FAULT_DEAD_UNROUTABLE,
    FAULT_BLOCKED,
    FAULT_SORTER_REFUSED, /* what it asks for */
    FAULT_SLOTS_UNBOUND,  /* as far as the sorter sees */
    FAULT_OFFICE_LOST,    /* the sweeper's */
    /* Of changes of the number of lanes. */
    FAULT_DRIVER_FAILS,  /* before, in or after what it does */
    FAULT_DRIVER_FROZEN, /* between two turns */
    FAULT_DRIVER_DIES,   /* a command, after a turn */
    FAULT_OLD_LIST,      /* a keeper does not see who lives */
    FAULT_SLOW_DELIVERY,
    /* These stay in the calm phase. */
    FAULT_NACKING_SUBSCRIBER, /* for ever: every event is refused */
    FAULT_HELD_BACK,          /* a job in its publisher's channel, while the lanes change */
    /* Of publishers. */
    FAULT_NO_KEY,
    FAULT_REPEAT_NEAR,
    FAULT_REPEAT_FAR,
    FAULT_ID_REUSED,
    FAULT_MISROUTED,
    FAULT_WRONG_EXCHANGE,
    FAULT_MALFORMED,
    FAULT_POISON,
    FAULT_CRASHING,
    FAULT_GARBAGE_REPLY,
    FAULTS,
};

struct sim_faults {
    struct prng prng;
    uint32_t rates[FAULTS]; /* in a million */
    uint64_t odds[FAULTS];  /* of not striking, as a logarithm */
    uint64_t left[FAULTS];  /* how many times it is asked for until it strikes */
};

const char *sim_fault_name(enum sim_fault fault);

/* Draws which faults there are in this run, and how often they strike. */
void sim_faults_draw(struct sim_faults *faults, struct prng *prng);

/* From now on there are only those of publishers. */
void sim_faults_calm(struct sim_faults *faults);

/* From now on it strikes each time, or never. */
void sim_fault_force(struct sim_faults *faults, enum sim_fault fault, bool strikes);

/* How many times it will be asked for until it strikes again. */
void sim_fault_draw(struct sim_faults *faults, enum sim_fault fault);

/* Whether it strikes now. Asked for at every step, so it only counts. */
static inline bool sim_fault_strikes(struct sim_faults *faults, enum sim_fault fault)
{
    if (--faults->left[fault] > 0) {
        return false;
    }
    sim_fault_draw(faults, fault);
    return true;
}
