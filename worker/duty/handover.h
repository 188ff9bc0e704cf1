/* SPDX-License-Identifier: Apache-2.0
 *
 * When a worker lets go of a lane that is another's.
 *
 * The broker's line of consumers is first come, first served, so a lane comes to its owner when
 * those in front of it step aside: they finish what they have taken and go to the end of the line.
 * Nobody does before the owner has said that it stands in the line behind him, nobody twice for the
 * same subscription of the owner: one that is cut off from the broker, but not from the database,
 * would be handed the lane for ever. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"

#define HANDOVER_AGAIN_MS     60000u
#define HANDOVER_RECONNECT_MS 5000u

enum handover {
    HANDOVER_STAY,
    HANDOVER_STEP_ASIDE, /* and subscribe again, at the end of the line */
    HANDOVER_LEAVE,      /* for good */
};

/* A lane that this worker serves, as it saw it last. Ages are what had passed then, in ms. */
struct handover_view {
    bool settled;     /* lanes were shared out some time ago: others know of it, too */
    bool owned;       /* it has an owner */
    bool is_owner;    /* this worker is that */
    bool is_standby;  /* this worker is to stand by */
    bool subscribed;  /* this worker, */
    uint64_t age_ms;  /* for so long */
    bool in_hand;     /* it has jobs of the lane */
    bool owner_there; /* the owner, another worker, says that it is subscribed */
    uint64_t owner_age_ms;
    const char *owner_run;
    bool standby_there;  /* so does the standby, or there is none */
    bool silent_in_line; /* somebody may stand in the line who would do nothing: it is frozen */
    bool claimed;        /* by another worker, */
    uint64_t claim_age_ms;
    uint64_t claimer_age_ms; /* who is subscribed for so long; UINT64_MAX: not any more */
};

/* What a worker remembers of a lane. All zeros at first, and again when other workers are alive
 * than before. */
struct handover_past {
    char owner_run[WORKER_RUN_MAX]; /* for whom it stepped aside */
    uint64_t stepped_ms;
    uint64_t reconnected_ms; /* as the owner; 0: never */
};

/* What is to be done now, and remembers it. Time is monotonic, in ms, and not 0. */
enum handover handover_next(const struct handover_view *view, struct handover_past *past,
                            uint64_t now_ms);
