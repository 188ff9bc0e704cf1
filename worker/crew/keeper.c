/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks, again and again, and records what came of it. */
#include "worker/crew/keeper.h"

#include <stdio.h>

#include "common/connect/log.h"
#include "worker/crew/keeper_parts.h"
#include "worker/crew/line.h"

#define NAME_SHOWN_MAX 32 /* bytes, of 63: the run stands behind it */
#define LOOK_MS        ((uint64_t)ROSTER_SEEN_MS)
#define LOOK_SOON_MS   500u /* while lanes are shared out anew */
#define LOOK_CHANGE_MS 100u /* while the number of lanes is being changed */
#define RECORD_MS      50u  /* between two records of subscriptions, of which many may come */
#define FORGET_MS      60000u

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
        trouble_note(&keeper->aide.trouble, error, now_ms);
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
    keeper_agree(keeper, &list, now_ms);
    return keeper_share(keeper, error) && keeper_hand_over(keeper, error);
}

/* All that the database is needed for. */
static bool turn(struct keeper *keeper, struct error *error)
{
    const uint64_t now_ms = trouble_now_ms();
    servings_reap(&keeper->servings);
    if (!aide_database_kept(&keeper->aide, error) || !look(keeper, now_ms, error)) {
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

static uint64_t look_interval_ms(const struct keeper *keeper, uint64_t now_ms)
{
    if (keeper->generations.change_open) { /* the new lanes are to begin as soon as they may */
        return LOOK_CHANGE_MS;
    }
    const bool settled = now_ms - keeper->adopted_ms >= SETTLE_MS + LOOK_SOON_MS;
    return settled && roster_same(&keeper->seen, &keeper->adopted) ? LOOK_MS : LOOK_SOON_MS;
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
        aide_wait_until(&keeper->aide, now_ms + RECORD_MS);
    }
}

static void fail(struct keeper *keeper, const struct error *error, uint64_t now_ms)
{
    if (!aide_draining(&keeper->aide)) {
        trouble_note(&keeper->aide.trouble, error, now_ms);
        postgres_close(&keeper->aide.postgres);
        aide_wait_until(&keeper->aide, now_ms + LOOK_MS);
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
        if (!rest(keeper, now_ms + look_interval_ms(keeper, now_ms), &error)) {
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
    (void)snprintf(keeper->aide.name, sizeof keeper->aide.name, "%.*s keeper %s", NAME_SHOWN_MAX,
                   roster->name, roster->run); /* others look for the run: line.c */
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

/* The keeper's thread closes the servings when it ends, so they are told first. */
void keeper_drain(struct keeper *keeper)
{
    servings_drain(&keeper->servings);
    aide_drain(&keeper->aide);
}

void keeper_close(struct keeper *keeper)
{
    aide_join(&keeper->aide);
    aide_close(&keeper->aide);
    roster_free(&keeper->seen);
    roster_free(&keeper->adopted);
}
