/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules, one a function. */
#include "worker/duty/handover.h"

#include <stdio.h>
#include <string.h>

/* Somebody else stands in the line for each who should, and none of them is frozen. */
static bool may_leave(const struct handover_view *view)
{
    return !view->subscribed || !view->owned ||
           (view->owner_there && view->standby_there && !view->silent_in_line);
}

/* Its owner stands behind us. */
static bool may_step_aside(const struct handover_view *view, const struct handover_past *past,
                           uint64_t now_ms)
{
    const bool again = past->stepped_ms != 0 && now_ms - past->stepped_ms < HANDOVER_AGAIN_MS &&
                       strncmp(past->owner_run, view->owner_run, WORKER_RUN_MAX - 1) == 0;
    return view->owner_there && view->owner_age_ms < view->age_ms && !view->silent_in_line &&
           !again;
}

/* Somebody who stood behind us has the lane: the broker took it from us, whether we have noticed or
 * not. If we can subscribe again, he will see that, and hand it over. Whoever stood in front of us,
 * or does not stand there any more, is no sign of that. */
static bool must_reconnect(const struct handover_view *view, const struct handover_past *past,
                           uint64_t now_ms)
{
    const bool lately =
        past->reconnected_ms != 0 && now_ms - past->reconnected_ms < HANDOVER_RECONNECT_MS;
    return view->claimed && view->claimer_age_ms < view->age_ms &&
           view->claim_age_ms < view->claimer_age_ms && !view->in_hand && !lately;
}

enum handover handover_next(const struct handover_view *view, struct handover_past *past,
                            uint64_t now_ms)
{
    if (!view->settled) {
        return HANDOVER_STAY; /* or two would hand the lane to each other */
    }
    if (!view->is_owner && !view->is_standby) {
        return may_leave(view) ? HANDOVER_LEAVE : HANDOVER_STAY;
    }
    if (!view->subscribed) {
        return HANDOVER_STAY;
    }
    if (view->is_owner && must_reconnect(view, past, now_ms)) {
        past->reconnected_ms = now_ms;
        return HANDOVER_STEP_ASIDE;
    }
    if (view->is_standby && may_step_aside(view, past, now_ms)) {
        (void)snprintf(past->owner_run, sizeof past->owner_run, "%s", view->owner_run);
        past->stepped_ms = now_ms;
        return HANDOVER_STEP_ASIDE;
    }
    return HANDOVER_STAY;
}
