/* SPDX-License-Identifier: Apache-2.0
 *
 * A database behind its port, simulated or real: actors' links to it, time, and accidents. */
#pragma once

#include <stdbool.h>

#include "tests/conformance/script.h"
#include "worker/lane/ports.h"

/* SKUs that may be named: A, B, C, N in the pools main and second. A job with this ref is refused.
 */
#define REF_POISON "poison"

enum database_accident {
    LOST_NOW,           /* the server ends the connection */
    LOST_BEFORE_COMMIT, /* of the next save: it does not reach the server */
    LOST_AFTER_COMMIT,  /* of the next save: its answer does not come */
    IDLE_TOO_LONG,      /* in a transaction, until the server ends it */
    LEFT_BEHIND_DONE,   /* no accident: what the actor has abandoned is done, or is not */
    SESSION_READ_ONLY,
    SESSION_WRITABLE,
};

struct database_side {
    const char *name;
    void (*begin)(void); /* empty tables, nobody connected */
    void (*end)(void);
    struct database (*port)(enum actor actor);

    /* What is asked waits for somebody's lock. */
    bool (*waits)(enum actor actor);

    /* After PORT_WAIT: until it may be otherwise. False: nothing will ever happen. */
    bool (*pass)(enum actor actor);

    void (*strike)(enum actor actor, enum database_accident accident);
};

extern const struct database_side database_simulated;
extern const struct database_side database_real;

/* For setup and teardown of the real one. */
void database_real_open(void);
void database_real_close(void);

/* For those of the simulated one. */
void database_simulated_open(void);
void database_simulated_close(void);
