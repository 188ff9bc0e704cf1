/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of the broker port as steps of a script. */
#pragma once

#include "tests/conformance/plays.h"

enum broker_call {
    SEND,       /* jobs with these bodies, by a publisher */
    SEND_STOCK, /* the same through the other exchange */
    SUBSCRIBE,
    TAKE,       /* so many; each is told as its tag, body and count */
    TAKE_WHOLE, /* one, with all that it carries */
    NOTHING,    /* whatever may come, nothing does */
    ACKNOWLEDGE,
    GIVE_BACK,
    PUBLISH, /* "e:x d:y r:z": an event, a dead letter and a reply with these bodies */
    CONFIRM,
    HEARD, /* what the subscriber has got, and how often */
    READY_JOBS,
    UNHEARD, /* events that no queue has taken, or that were refused for ever */
    DEAD_LETTERS,
    STRIKE, /* an accident, by its name */
};
