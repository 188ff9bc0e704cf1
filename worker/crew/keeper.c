/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks, shares out, and does what follows. */
#include "worker/crew/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "common/connect/log.h"
#include "worker/crew/line.h"

#define LOOK_MS        ((uint64_t)ROSTER_SEEN_MS)
#define LOOK_CHANGE_MS 100u            /* while the number of lanes is being changed */
#define AGREE_MS       (LOOK_MS - 100) /* between two looks that agree on who is alive */
#define RECORD_MS      50u /* between two records of subscriptions, of which many may come */
#define FORGET_MS      60000u
#define FROZEN_MORE_MS 5000u /* until the broker has surely closed a silent connection */

/* ---- Who is alive ---- */

static void adopt(struct keeper *keeper)
{
    const size_t size = keeper->seen.count * sizeof keeper->seen.entries[0];
    struct roster_list list = {malloc(size + 1), keeper->seen.count};
    if (list.entries == NULL) {
        return; /* the list of before is as good as one of before */
    }
    memcpy(list.entries, keeper->seen.entries, size);
    roster_free(&keeper->adopted);
    keeper->adopted = list;
    keeper->sharing = true;
    for (uint32_t i = 0; i < keeper->servings.count; i++) {
        keeper->servings.items[i]->past = (struct handover_past){.stepped_ms = 0};
    }
}

/* Two looks must agree, but for the first one: who was slow once is not gone. After an outage, ours
 * or everybody's, others need some time to come back. */
static void agree(struct keeper *keeper, struct roster_list *list, uint64_t now_ms)
{
    const bool again = roster_same(&keeper->seen, list);
    if (keeper->looked_ms != 0 && now_ms - keeper->looked_ms > ROSTER_LIVE_MS) {
        keeper->steady_ms = now_ms + ROSTER_LIVE_MS;
    }
    roster_free(&keeper->seen);
    keeper->seen = *list;
    keeper->seen_since_ms = again ? keeper->seen_since_ms : now_ms;
    const bool agreed =
        again && now_ms - keeper->seen_since_ms >= AGREE_MS && now_ms >= keeper->steady_ms;
    if (!keeper->sharing || (agreed && !roster_same(&keeper->seen, &keeper->adopted))) {
        adopt(keeper);
    }
}

/* ---- Which lanes are ours ---- */

static bool is_me(const struct keeper *keeper, uint32_t worker)
{
    const struct roster_entry *entry = &keeper->adopted.entries[worker];
    return strcmp(entry->name, keeper->roster->name) == 0 &&
           strcmp(entry->run, keeper->roster->run) == 0;
}

/* SHARE_NONE: our name is another's. */
static uint32_t my_place(const struct keeper *keeper)
{
    for (uint32_t i = 0; i < keeper->adopted.count; i++) {
        if (is_me(keeper, i)) {
            return i;
        }
    }
    return SHARE_NONE;
}

static bool serve(struct keeper *keeper, uint32_t generation, uint32_t lane, struct share share,
                  uint32_t me, struct error *error)
{
    struct serving *serving = servings_find(&keeper->servings, generation, lane);
    const bool ours = me != SHARE_NONE && (share.owner == me || share.standby == me);
    if (serving == NULL && ours) {
        if (!servings_start(&keeper->servings, keeper->aide.duty, generation, lane, error)) {
            return false;
        }
        serving = servings_find(&keeper->servings, generation, lane);
    }
    if (serving != NULL) {
        serving->wanted = true;
        serving->share = share;
    }
    return true;
}

/* What of the current generation is ours is said when it changes. */
static void say_shares(struct keeper *keeper, uint32_t owned, uint32_t standby, uint32_t unowned)
{
    const uint32_t generation = keeper->generations.current;
    if (owned != keeper->said_owned || standby != keeper->said_standby ||
        generation != keeper->said_generation) {
        log_write(LOG_LEVEL_INFO, "worker: serving name=%s generation=%u lanes=%u standby=%u",
                  keeper->roster->name, generation, owned, standby);
    }
    if (unowned != keeper->said_unowned && unowned > 0) {
        log_write(LOG_LEVEL_WARN,
                  "worker: %u lanes have no worker: all have their --lanes MAX -> Start more "
                  "workers, or with a larger MAX.",
                  unowned);
    }
    keeper->said_owned = owned;
    keeper->said_standby = standby;
    keeper->said_generation = generation;
    keeper->said_unowned = unowned;
}

static bool serve_generation(struct keeper *keeper, const struct generation *generation,
                             const uint32_t *lanes_max, uint32_t *taken, struct error *error)
{
    struct share shares[LANES_MAX];
    const uint32_t me = my_place(keeper);
    uint32_t owned = 0;
    uint32_t standby = 0;
    const uint32_t unowned =
        share_out(lanes_max, keeper->adopted.count, generation->lanes, taken, shares);
    for (uint32_t lane = 0; lane < generation->lanes; lane++) {
        if (!serve(keeper, generation->number, lane, shares[lane], me, error)) {
            return false;
        }
        owned += me != SHARE_NONE && shares[lane].owner == me;
        standby += me != SHARE_NONE && shares[lane].standby == me;
    }
    if (generation->number == keeper->generations.current) {
        say_shares(keeper, owned, standby, unowned);
    }
    return true;
}

/* The bound of a worker counts in each generation: else the new one could wait for the old. */
static bool serve_shares(struct keeper *keeper, struct error *error)
{
    const uint32_t count = keeper->adopted.count;
    uint32_t *numbers = calloc(2 * (size_t)count + 1, sizeof numbers[0]);
    bool served = numbers != NULL;
    if (!served) {
        return error_set(error, ERROR_FATAL, "no memory for a list of %u workers", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = keeper->adopted.entries[i].lanes_max;
    }
    for (uint32_t i = 0; i < keeper->servings.count; i++) {
        keeper->servings.items[i]->wanted = false;
    }
    for (uint32_t i = 0; served && i < keeper->generations.count; i++) {
        served = serve_generation(keeper, &keeper->generations.served[i], numbers, numbers + count,
                                  error);
    }
    free(numbers);
    return served;
}

/* ---- Handing over ---- */

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
    const uint32_t me = my_place(keeper);
    serving->view = (struct handover_view){
        .owned = share->owner != SHARE_NONE,
        .is_owner = me != SHARE_NONE && share->owner == me,
        .is_standby = me != SHARE_NONE && share->standby == me,
        .subscribed = subscribed_ms != 0,
        .age_ms = subscribed_ms < now_ms ? now_ms - subscribed_ms : 0,
        .in_hand = atomic_load(&thread->in_hand) > 0,
        .owner_run = "",
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

static bool hand_over_all(struct keeper *keeper, struct error *error)
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

/* ---- Looking ---- */

static void rate(struct keeper *keeper, uint64_t now_ms)
{
    const uint64_t passed_ms = now_ms - keeper->looked_ms;
    for (uint32_t i = 0; i < keeper->servings.count; i++) {
        struct serving *serving = keeper->servings.items[i];
        const uint64_t jobs = atomic_load(&serving->thread.jobs);
        serving->jobs_per_second = keeper->looked_ms == 0 || passed_ms == 0
                                       ? 0
                                       : (float)(jobs - serving->jobs) * 1000 / (float)passed_ms;
        serving->jobs = jobs;
    }
}

/* A name that another live worker has taken while we were frozen is no reason to look away. */
static bool announce(struct keeper *keeper, uint64_t now_ms, struct error *error)
{
    struct postgres *postgres = &keeper->aide.postgres;
    if (!roster_announce(keeper->roster, postgres, error)) {
        if (error->kind != ERROR_REFUSED) {
            return false;
        }
        (void)trouble_note(&keeper->aide.trouble, error, now_ms); /* the next look is no sooner */
    }
    if (keeper->forgot_ms != 0 && now_ms - keeper->forgot_ms < FORGET_MS) {
        return true;
    }
    keeper->forgot_ms = now_ms;
    return roster_forget(postgres, error);
}

static bool look(struct keeper *keeper, uint64_t now_ms, struct error *error)
{
    struct postgres *postgres = &keeper->aide.postgres;
    struct roster_list list;
    if (!announce(keeper, now_ms, error) ||
        !generation_served(postgres, &keeper->generations, error) ||
        !roster_read(postgres, &list, error)) {
        return false;
    }
    atomic_store(keeper->current, keeper->generations.current);
    agree(keeper, &list, now_ms);
    return serve_shares(keeper, error) && hand_over_all(keeper, error);
}

/* All of it, with whatever the database is needed for; a change of the number of lanes, too, goes
 * on from here, while keeper->generations.change_open. */
static bool turn(struct keeper *keeper, struct error *error)
{
    const uint64_t now_ms = trouble_now_ms();
    servings_reap(&keeper->servings);
    if (!aide_database(&keeper->aide, error) || !look(keeper, now_ms, error)) {
        return false;
    }
    rate(keeper, now_ms);
    keeper->looked_ms = now_ms;
    return line_record(&keeper->aide.postgres, keeper->roster, &keeper->servings, error);
}

/* Whether what is recorded of our subscriptions is not so any more. */
static bool has_news(const struct keeper *keeper)
{
    for (uint32_t i = 0; i < keeper->servings.count; i++) {
        const struct serving *serving = keeper->servings.items[i];
        if (serving->recorded_ms != atomic_load(&serving->thread.subscribed_ms)) {
            return true;
        }
    }
    return false;
}

static void wait_until(struct keeper *keeper, uint64_t until_ms)
{
    for (;;) {
        const uint64_t now_ms = trouble_now_ms();
        if (now_ms >= until_ms || aide_draining(&keeper->aide)) {
            return;
        }
        aide_wait(&keeper->aide, until_ms - now_ms);
    }
}

/* Until the next look; subscriptions are recorded meanwhile. */
static bool rest(struct keeper *keeper, uint64_t until_ms, struct error *error)
{
    struct aide *aide = &keeper->aide;
    for (;;) {
        const uint64_t now_ms = trouble_now_ms();
        if (now_ms >= until_ms || aide_draining(aide)) {
            return true;
        }
        if (!has_news(keeper)) {
            aide_wait(aide, until_ms - now_ms);
            continue;
        }
        if (!line_record(&aide->postgres, keeper->roster, &keeper->servings, error)) {
            return false;
        }
        wait_until(keeper, now_ms + RECORD_MS);
    }
}

static void fail(struct keeper *keeper, const struct error *error, uint64_t now_ms)
{
    if (!aide_draining(&keeper->aide)) {
        (void)trouble_note(&keeper->aide.trouble, error, now_ms); /* the next look is no sooner */
        postgres_close(&keeper->aide.postgres);
        wait_until(keeper, now_ms + LOOK_MS);
    }
}

/* Others serve our lanes as soon as they know, and we are soon done with what is in hand. */
static void leave(struct keeper *keeper)
{
    struct error error = {0};
    struct postgres *postgres = &keeper->aide.postgres;
    if (postgres->connection != NULL && !roster_leave(keeper->roster, postgres, &error)) {
        log_write(LOG_LEVEL_WARN, "keeper: %s", error.text);
    }
    aide_disconnect(&keeper->aide);
    servings_drain(&keeper->servings);
    servings_close(&keeper->servings);
}

static void *run(void *self)
{
    struct keeper *keeper = self;
    while (!aide_draining(&keeper->aide)) {
        struct error error = {0};
        const uint64_t now_ms = trouble_now_ms();
        if (!turn(keeper, &error)) {
            fail(keeper, &error, now_ms);
            continue;
        }
        if (error.kind == ERROR_NONE) {
            trouble_over(&keeper->aide.trouble);
        }
        const uint64_t next_ms = keeper->generations.change_open ? LOOK_CHANGE_MS : LOOK_MS;
        if (!rest(keeper, now_ms + next_ms, &error)) {
            fail(keeper, &error, now_ms);
        }
    }
    leave(keeper);
    return NULL;
}

bool keeper_open(struct keeper *keeper, struct lane_duty *duty, const struct roster *roster,
                 _Atomic uint32_t *current, struct error *error)
{
    *keeper = (struct keeper){.roster = roster, .current = current};
    if (!aide_open(&keeper->aide, duty, "keeper", "keeper", 1, error)) {
        return false;
    }
    duty->keeper_wake = keeper->aide.wake;
    servings_init(&keeper->servings);
    if (!aide_start(&keeper->aide, run, keeper, error)) {
        servings_drain(&keeper->servings);
        servings_close(&keeper->servings);
        aide_close(&keeper->aide);
        return false;
    }
    return true;
}

void keeper_drain(struct keeper *keeper)
{
    aide_drain(&keeper->aide);
    servings_drain(&keeper->servings);
}

void keeper_close(struct keeper *keeper)
{
    aide_join(&keeper->aide);
    aide_close(&keeper->aide);
    roster_free(&keeper->seen);
    roster_free(&keeper->adopted);
}
