/* SPDX-License-Identifier: Apache-2.0
 *
 * A look: who is alive, which lanes are ours, and what is to be done about each. */
#include "worker/duty/keep.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_SOON_MS   500u  /* while lanes are shared out anew */
#define LOOK_CHANGE_MS 100u  /* while the number of lanes is being changed */
#define SETTLE_MS      1000u /* until others have shared out by the same list */

static const struct living_worker *worker_at(const struct keep *keep, uint32_t place)
{
    const struct living_list *adopted = &keep->living.adopted;
    return place < adopted->count ? &adopted->workers[place] : NULL;
}

static bool is_he(const struct living_worker *worker, const char *name, const char *run)
{
    return worker != NULL && strcmp(worker->name, name) == 0 && strcmp(worker->run, run) == 0;
}

/* ---- Which lanes are ours ---- */

/* SHARE_NONE: our name is another's. */
static uint32_t my_place(const struct keep *keep)
{
    for (uint32_t i = 0; i < keep->living.adopted.count; i++) {
        if (is_he(worker_at(keep, i), keep->name, keep->run)) {
            return i;
        }
    }
    return SHARE_NONE;
}

static bool serve(struct keep *keep, uint32_t generation, uint32_t lane, struct share share,
                  struct error *error)
{
    struct kept *kept = keep->ops->find(keep->self, generation, lane);
    const bool ours =
        keep->me != SHARE_NONE && (share.owner == keep->me || share.standby == keep->me);
    if (kept == NULL && ours) {
        if (!keep->ops->begin(keep->self, generation, lane, error)) {
            return false;
        }
        kept = keep->ops->find(keep->self, generation, lane);
    }
    if (kept != NULL) {
        kept->wanted = true;
        kept->share = share;
    }
    return true;
}

static bool serve_generation(struct keep *keep, const struct generation *generation,
                             const uint32_t *lanes_max, uint32_t *taken, struct error *error)
{
    struct share shares[LANES_MAX];
    const uint32_t me = keep->me;
    uint32_t owned = 0;
    uint32_t standby = 0;
    const uint32_t unowned =
        share_out(lanes_max, keep->living.adopted.count, generation->lanes, taken, shares);
    for (uint32_t lane = 0; lane < generation->lanes; lane++) {
        if (!serve(keep, generation->number, lane, shares[lane], error)) {
            return false;
        }
        owned += me != SHARE_NONE && shares[lane].owner == me;
        standby += me != SHARE_NONE && shares[lane].standby == me;
    }
    if (generation->number == keep->generations.current) {
        keep->owned = owned;
        keep->standby = standby;
        keep->unowned = unowned;
    }
    return true;
}

static void want_none(struct keep *keep)
{
    const uint32_t places = keep->ops->places(keep->self);
    for (uint32_t place = 0; place < places; place++) {
        struct kept *kept = keep->ops->at(keep->self, place);
        if (kept != NULL) {
            kept->wanted = false;
        }
    }
}

/* The bound of a worker counts in each generation: else the new one could wait for the old. */
static bool share_all(struct keep *keep, struct error *error)
{
    const struct living_list *adopted = &keep->living.adopted;
    uint32_t *numbers = calloc(2 * (size_t)adopted->count + 1, sizeof numbers[0]);
    bool served = numbers != NULL;
    if (!served) {
        return error_set(error, ERROR_FATAL, "no memory for a list of %u workers", adopted->count);
    }
    for (uint32_t i = 0; i < adopted->count; i++) {
        numbers[i] = adopted->workers[i].lanes_max;
    }
    keep->me = my_place(keep);
    want_none(keep);
    for (uint32_t i = 0; served && i < keep->generations.count; i++) {
        served = serve_generation(keep, &keep->generations.served[i], numbers,
                                  numbers + adopted->count, error);
    }
    free(numbers);
    return served;
}

/* ---- Handing over ---- */

/* What follows from the shares; the line adds what others have recorded. */
static void begin_view(const struct keep *keep, struct kept *kept)
{
    const struct share *share = &kept->share;
    const uint32_t me = keep->me;
    kept->view = (struct handover_view){
        .owned = share->owner != SHARE_NONE,
        .is_owner = me != SHARE_NONE && share->owner == me,
        .is_standby = me != SHARE_NONE && share->standby == me,
        .owner_run = "",
        .claimer_age_ms = UINT64_MAX,
        .standby_there = share->standby == SHARE_NONE,
    };
}

/* Later than the line was read: of two that are as old, this worker is the older one. */
static void see_myself(struct keep *keep, uint32_t place, struct kept *kept, uint64_t now_ms)
{
    struct handover_view *view = &kept->view;
    uint64_t subscribed_ms = 0;
    keep->ops->subscription(keep->self, place, &subscribed_ms, &view->in_hand);
    view->settled = now_ms - keep->living.adopted_ms >= SETTLE_MS;
    view->subscribed = subscribed_ms != 0;
    view->age_ms = subscribed_ms < now_ms ? now_ms - subscribed_ms : 0;
}

void keep_see_row(const struct keep *keep, struct kept *kept, const struct keep_row *row)
{
    struct handover_view *view = &kept->view;
    const struct living_worker *owner = worker_at(keep, kept->share.owner);
    view->claimed = row->claim_age_ms != UINT64_MAX && strcmp(row->claimed_run, keep->run) != 0;
    view->claim_age_ms = row->claim_age_ms;
    if (strcmp(row->run, row->claimed_run) == 0) {
        view->claimer_age_ms = row->age_ms;
    }
    view->silent_in_line |= row->frozen;
    view->standby_there |= is_he(worker_at(keep, kept->share.standby), row->worker, row->run);
    if (is_he(owner, row->worker, row->run)) {
        view->owner_there = true;
        view->owner_age_ms = row->age_ms;
        view->owner_run = owner->run;
    }
}

static void end(struct keep *keep, uint32_t place, struct kept *kept)
{
    kept->ending = true;
    keep->ops->end(keep->self, place);
}

static void hand_over_one(struct keep *keep, uint32_t place, struct kept *kept, uint64_t now_ms)
{
    if (kept->ending) {
        return;
    }
    if (!kept->wanted) {
        end(keep, place, kept); /* its generation is no more */
        return;
    }
    switch (handover_next(&kept->view, &kept->past, now_ms)) {
    case HANDOVER_STAY:
        break;
    case HANDOVER_STEP_ASIDE:
        keep->ops->step_aside(keep->self, place);
        break;
    case HANDOVER_LEAVE:
        end(keep, place, kept);
        break;
    }
}

static bool hand_over(struct keep *keep, struct error *error)
{
    const uint32_t places = keep->ops->places(keep->self);
    for (uint32_t place = 0; place < places; place++) {
        struct kept *kept = keep->ops->at(keep->self, place);
        if (kept != NULL) {
            begin_view(keep, kept);
        }
    }
    if (!keep->ops->read_lines(keep->self, keep, error)) {
        return false;
    }
    const uint64_t now_ms = keep->ops->now_ms(keep->self);
    for (uint32_t place = 0; place < places; place++) {
        struct kept *kept = keep->ops->at(keep->self, place);
        if (kept != NULL) {
            see_myself(keep, place, kept, now_ms);
            hand_over_one(keep, place, kept, now_ms);
        }
    }
    return true;
}

/* ---- Looks ---- */

static void forget_pasts(struct keep *keep)
{
    const uint32_t places = keep->ops->places(keep->self);
    for (uint32_t place = 0; place < places; place++) {
        struct kept *kept = keep->ops->at(keep->self, place);
        if (kept != NULL) {
            kept->past = (struct handover_past){.stepped_ms = 0};
        }
    }
}

void keep_init(struct keep *keep, const struct keep_ops *ops, void *self, const char *name,
               const char *run)
{
    *keep = (struct keep){.ops = ops, .self = self, .name = name, .run = run, .me = SHARE_NONE};
}

bool keep_look(struct keep *keep, struct error *error)
{
    const uint64_t now_ms = keep->ops->now_ms(keep->self);
    struct living_list list;
    if (!keep->ops->look(keep->self, &keep->generations, &list, error)) {
        return false;
    }
    if (living_see(&keep->living, list, now_ms)) {
        forget_pasts(keep);
    }
    if (!share_all(keep, error) || !hand_over(keep, error)) {
        return false;
    }
    keep->living.seen_ms = now_ms;
    return true;
}

uint32_t keep_interval_ms(const struct keep *keep)
{
    if (keep->generations.change_open) { /* the new lanes are to begin as soon as they may */
        return LOOK_CHANGE_MS;
    }
    const uint64_t shared_ms = keep->living.seen_ms - keep->living.adopted_ms;
    const bool settled = shared_ms >= SETTLE_MS + LOOK_SOON_MS;
    return settled && living_is_steady(&keep->living) ? LIVING_SEEN_MS : LOOK_SOON_MS;
}

void keep_deinit(struct keep *keep)
{
    living_deinit(&keep->living);
}
