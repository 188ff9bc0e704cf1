/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of the database port as steps of a script. */
#pragma once

#include "tests/conformance/plays.h"

/* The argument of those that take jobs: bodies, a line each. */
enum database_call {
    CLAIM,
    READY,
    COUNT_LONELY, /* of this id */
    LOOK,         /* for what these jobs name */
    LOAD,         /* these jobs; without: those that were looked for. Decides, if it can */
    LOAD_CRAMPED, /* the same with hardly any memory */
    LOAD_MORE,    /* abandons, demands what was found meanwhile, loads again */
    SAVE,
    SAVE_CUT, /* a save that fails, of which the server may have said that it did nothing */
    ABANDON,
    GO_ON,  /* what waited is asked again */
    STRIKE, /* an accident, by its name */
};
