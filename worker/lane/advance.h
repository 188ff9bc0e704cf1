/* SPDX-License-Identifier: Apache-2.0
 *
 * One step of a batch: what its phase asks for. */
#pragma once

#include "worker/lane/lane.h"

/* How a step ended. */
enum step {
    STEP_DONE,   /* the batch is in its next phase */
    STEP_AGAIN,  /* part of the way; go on at once */
    STEP_WAIT,   /* a port has nothing yet */
    STEP_FULL,   /* the part is too large for the batch's memory, and so says the error */
    STEP_FAILED, /* the error says how */
};

/* Does what the batch's phase asks for; the next phase is the caller's to enter. */
enum step advance(struct lane *lane, struct batch *batch, struct error *error) MUST_CHECK;
