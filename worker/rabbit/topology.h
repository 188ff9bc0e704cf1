/* SPDX-License-Identifier: Apache-2.0
 *
 * The exchanges, queues and bindings of a namespace: declared, looked for, removed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/contract/address.h"

struct rabbit;

/* Which lanes the entry exchanges lead to. */
struct topology {
    const char *namespace;
    uint32_t generation;
    uint32_t lanes;
    bool entries_elsewhere; /* a change of the number of lanes sees to where they lead */
};

/* What a look at the broker found. */
struct topology_state {
    uint32_t parts;               /* exchanges and queues that ought to be there */
    uint32_t missing;             /* of them */
    struct address first_missing; /* empty when none is */
};

/* All of these use a channel of their own for the time of the call. What exists with other
 * properties than ours is an error that names it. */

/* Declaring again changes nothing. */
bool topology_declare(struct rabbit *rabbit, const struct topology *topology,
                      struct error *error) MUST_CHECK;

/* Publishers' jobs lead to this generation no longer. */
bool topology_unbind(struct rabbit *rabbit, const struct topology *topology,
                     struct error *error) MUST_CHECK;

/* Declares nothing. Bindings cannot be looked at by AMQP: see probe.h. */
bool topology_inspect(struct rabbit *rabbit, const struct topology *topology,
                      struct topology_state *state, struct error *error) MUST_CHECK;

/* Removes everything of the namespace, in the generations 1 to generation_last, jobs and dead
 * letters included; what is not there is no error. Subscribers' own queues stay. */
bool topology_remove(struct rabbit *rabbit, const char *namespace, uint32_t generation_last,
                     struct error *error) MUST_CHECK;
