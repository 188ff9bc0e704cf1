/* SPDX-License-Identifier: Apache-2.0
 *
 * What a step of a duty has come to. */
#pragma once

enum duty_progress {
    DUTY_AGAIN,   /* call again at once */
    DUTY_WAIT,    /* call again when a port has something, or it is time */
    DUTY_FAILED,  /* something failed and is being dealt with: say the error, call again */
    DUTY_DRAINED, /* nothing is in hand any more */
};
