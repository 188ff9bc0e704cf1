/* SPDX-License-Identifier: Apache-2.0
 *
 * Scripts of port calls, played on a simulated and on a real side. */
#pragma once

#include <stdint.h>

#include "common/base/text.h"

enum {
    STEPS_MAX = 32,
    ANSWER_MAX = 640,
};

/* Who calls. On the database A and B have a lane each, and C is another worker with A's; on the
 * broker all serve the same one. */
enum actor {
    A,
    B,
    C,
    ACTOR_COUNT,
};

/* One call, or an accident; what it is called with, and what both sides answer. */
struct step {
    enum actor who;
    unsigned call; /* of enum database_call or enum broker_call */
    const char *argument;
    const char *answer;
};

struct script {
    const char *name;
    const struct step *steps;
    uint32_t count;
    uint16_t prefetch; /* of the broker's consumers */
};

#define SCRIPT(title, table)                                                                    \
    {                                                                                           \
        .name = title, .steps = table, .count = sizeof(table) / sizeof(table)[0], .prefetch = 8 \
    }

/* One side of a port with all around it. */
struct side {
    const char *name;
    void (*begin)(const struct script *script); /* nothing is there yet */
    void (*step)(const struct step *step, struct text *answer);
    void (*end)(void);
};

/* Fails the test at the first step to which the sides do not both give the script's answer. */
void script_compare(const struct script *script, const struct side *simulated,
                    const struct side *real);
