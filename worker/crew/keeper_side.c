/* SPDX-License-Identifier: Apache-2.0
 *
 * Joins what keeping lanes needs of the database and of the lanes' threads. */
#include "worker/crew/keeper_side.h"

#include "worker/crew/line.h"

#define FORGET_MS      60000u
#define FROZEN_MORE_MS 5000u /* until the broker has surely closed a silent connection */

static uint64_t now_ms(void *self)
{
    (void)self;
    return trouble_now_ms();
}

/* A name that another live worker has taken while we were frozen is no reason to look away. */
static bool announce(struct keeper *keeper, struct error *error)
{
    struct postgres *postgres = &keeper->aide.postgres;
    const uint64_t at_ms = trouble_now_ms();
    if (!roster_announce(keeper->roster, postgres, error)) {
        if (error->kind != ERROR_REFUSED) {
            return false;
        }
        trouble_note(&keeper->aide.trouble, error, at_ms);
    }
    if (keeper->forgot_ms != 0 && at_ms - keeper->forgot_ms < FORGET_MS) {
        return true;
    }
    keeper->forgot_ms = at_ms;
    return roster_forget(postgres, error);
}

static bool look(void *self, struct generations *generations, struct living_list *list,
                 struct error *error)
{
    struct keeper *keeper = self;
    struct postgres *postgres = &keeper->aide.postgres;
    if (!announce(keeper, error) || !generation_served(postgres, generations, error) ||
        !roster_read(postgres, list, error)) {
        return false;
    }
    atomic_store(keeper->current, generations->current);
    return true;
}

static uint32_t frozen_ms(const struct lane_duty *duty)
{
    return duty->url->heartbeat_seconds * AMQP_HEARTBEATS_MISSED * 1000 + FROZEN_MORE_MS;
}

static bool read_lines(void *self, struct keep *keep, struct error *error)
{
    struct keeper *keeper = self;
    PGresult *result;
    if (!line_read(&keeper->aide.postgres, &keeper->servings, frozen_ms(keeper->aide.duty), &result,
                   error)) {
        return false;
    }
    for (int i = 0; i < PQntuples(result); i++) {
        uint32_t place;
        const struct keep_row row = line_row(result, i, &place);
        keep_see_row(keep, &keeper->servings.items[place]->kept, &row);
    }
    PQclear(result);
    return true;
}

static uint32_t places(void *self)
{
    const struct keeper *keeper = self;
    return keeper->servings.count;
}

static struct kept *at(void *self, uint32_t place)
{
    struct keeper *keeper = self;
    return &keeper->servings.items[place]->kept;
}

static struct kept *find(void *self, uint32_t generation, uint32_t lane)
{
    struct keeper *keeper = self;
    struct serving *serving = servings_find(&keeper->servings, generation, lane);
    return serving == NULL ? NULL : &serving->kept;
}

static bool begin(void *self, uint32_t generation, uint32_t lane, struct error *error)
{
    struct keeper *keeper = self;
    return servings_start(&keeper->servings, keeper->aide.duty, generation, lane, error);
}

static void subscription(void *self, uint32_t place, uint64_t *subscribed_ms, bool *in_hand)
{
    struct keeper *keeper = self;
    const struct lane_thread *thread = &keeper->servings.items[place]->thread;
    *subscribed_ms = atomic_load(&thread->subscribed_ms);
    *in_hand = atomic_load(&thread->in_hand) > 0;
}

static void step_aside(void *self, uint32_t place)
{
    struct keeper *keeper = self;
    lane_thread_step_aside(&keeper->servings.items[place]->thread);
}

static void end(void *self, uint32_t place)
{
    struct keeper *keeper = self;
    lane_thread_drain(&keeper->servings.items[place]->thread);
}

const struct keep_ops keeper_ops = {
    .now_ms = now_ms,
    .look = look,
    .read_lines = read_lines,
    .places = places,
    .at = at,
    .find = find,
    .begin = begin,
    .subscription = subscription,
    .step_aside = step_aside,
    .end = end,
};
