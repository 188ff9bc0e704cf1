/* SPDX-License-Identifier: Apache-2.0
 *
 * Handing lanes over: what is seen of each lane, and what follows. */
#include "worker/crew/keeper_parts.h"

#include <string.h>

#include "worker/crew/line.h"

#define FROZEN_MORE_MS 5000u /* until the broker has surely closed a silent connection */

static const struct roster_entry *entry_of(const struct keeper *keeper, uint32_t worker)
{
    return worker < keeper->adopted.count ? &keeper->adopted.entries[worker] : NULL;
}

static bool stands_here(const struct line_row *row, const struct roster_entry *entry)
{
    return entry != NULL && strcmp(row->worker, entry->name) == 0 &&
           strcmp(row->run, entry->run) == 0;
}

/* What this worker knows of itself; the line adds what it knows of others. */
static void begin_view(const struct keeper *keeper, struct serving *serving, uint64_t now_ms)
{
    const struct lane_thread *thread = &serving->thread;
    const struct share *share = &serving->share;
    const uint64_t subscribed_ms = atomic_load(&thread->subscribed_ms);
    const uint32_t me = keeper->me;
    serving->view = (struct handover_view){
        .settled = now_ms - keeper->adopted_ms >= SETTLE_MS,
        .owned = share->owner != SHARE_NONE,
        .is_owner = me != SHARE_NONE && share->owner == me,
        .is_standby = me != SHARE_NONE && share->standby == me,
        .subscribed = subscribed_ms != 0,
        .age_ms = subscribed_ms < now_ms ? now_ms - subscribed_ms : 0,
        .in_hand = atomic_load(&thread->in_hand) > 0,
        .owner_run = "",
        .claimer_age_ms = UINT64_MAX,
        .standby_there = share->standby == SHARE_NONE,
    };
}

static void add_to_view(const struct keeper *keeper, struct serving *serving,
                        const struct line_row *row)
{
    struct handover_view *view = &serving->view;
    const struct roster_entry *owner = entry_of(keeper, serving->share.owner);
    view->claimed =
        row->claim_age_ms != UINT64_MAX && strcmp(row->claimed_run, keeper->roster->run) != 0;
    view->claim_age_ms = row->claim_age_ms;
    if (strcmp(row->run, row->claimed_run) == 0) {
        view->claimer_age_ms = row->age_ms;
    }
    view->silent_in_line |= row->frozen;
    view->standby_there |= stands_here(row, entry_of(keeper, serving->share.standby));
    if (stands_here(row, owner)) {
        view->owner_there = true;
        view->owner_age_ms = row->age_ms;
        view->owner_run = owner->run;
    }
}

static void hand_over(struct serving *serving, uint64_t now_ms)
{
    if (serving->ending) {
        return;
    }
    if (!serving->wanted) {
        servings_end(serving); /* its generation is no more */
        return;
    }
    switch (handover_next(&serving->view, &serving->past, now_ms)) {
    case HANDOVER_STAY:
        break;
    case HANDOVER_STEP_ASIDE:
        lane_thread_step_aside(&serving->thread);
        break;
    case HANDOVER_LEAVE:
        servings_end(serving);
        break;
    }
}

static uint32_t frozen_ms(const struct lane_duty *duty)
{
    return duty->url->heartbeat_seconds * AMQP_HEARTBEATS_MISSED * 1000 + FROZEN_MORE_MS;
}

bool keeper_hand_over(struct keeper *keeper, struct error *error)
{
    const struct servings *servings = &keeper->servings;
    PGresult *result;
    if (!line_read(&keeper->aide.postgres, servings, frozen_ms(keeper->aide.duty), &result,
                   error)) {
        return false;
    }
    const uint64_t now_ms = trouble_now_ms();
    for (uint32_t i = 0; i < servings->count; i++) {
        begin_view(keeper, servings->items[i], now_ms);
    }
    for (int i = 0; i < PQntuples(result); i++) {
        const struct line_row row = line_row(result, i);
        add_to_view(keeper, servings->items[row.place], &row);
    }
    for (uint32_t i = 0; i < servings->count; i++) {
        hand_over(servings->items[i], now_ms);
    }
    PQclear(result);
    return true;
}
