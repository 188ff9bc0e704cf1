/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a demonstration takes place: a namespace of its own, named after the one that was asked
 * for, which nothing outlives. It is claimed on both servers, each of which lets go by itself when
 * the program ends, however it ends. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"
#include "common/connect/amqp_url.h"
#include "common/connect/config.h"
#include "common/connect/postgres.h"
#include "worker/rabbit/ear.h"
#include "worker/rabbit/topology.h"

/* One SKU is sold, so one lane does. */
#define DEMO_GENERATION 1u
#define DEMO_LANES      1u

/* Not to be moved while it is open. Zeroed before. */
struct demo_place {
    char namespace[NAMESPACE_MAX + 1];
    struct config config; /* the given one but for the namespace */
    struct amqp_url url;
    struct postgres postgres; /* open, it has the claim in the database */
    struct ear ear;           /* open, it has the claim on the broker */
    bool made;                /* there is something to remove */
};

/* Claims the namespace, removes what an interrupted demonstration has left there, and sets it up;
 * the ear hears decisions and answers from then on. ERROR_REFUSED: somebody else has the name. What
 * was made so far is in place->made also on failure. */
bool demo_place_open(struct demo_place *place, const struct config *config,
                     struct error *error) MUST_CHECK;

/* Removes what was made, if anything was. On connections of its own if the others are lost. */
bool demo_place_remove(struct demo_place *place, struct error *error) MUST_CHECK;

/* Gives the claims back. */
void demo_place_close(struct demo_place *place);
