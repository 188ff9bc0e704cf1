/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks, again and again, and records what came of it. */
#include "worker/crew/keeper.h"

#include <stdio.h>

#include "common/connect/log.h"
#include "worker/crew/keeper_side.h"
#include "worker/crew/line.h"

#define NAME_SHOWN_MAX 32  /* bytes, of 63: the run stands behind it */
#define RECORD_MS      50u /* between two records of subscriptions, of which many may come */

static void rate(struct keeper *keeper, uint64_t now_ms)
{
    const uint64_t passed_ms = now_ms - keeper->rated_ms;
    for (uint32_t i = 0; i < keeper->servings.count; i++) {
        struct serving *serving = keeper->servings.items[i];
        const uint64_t jobs = atomic_load(&serving->thread.jobs);
        serving->jobs_per_second = keeper->rated_ms == 0 || passed_ms == 0
                                       ? 0
                                       : (float)(jobs - serving->jobs) * 1000 / (float)passed_ms;
        serving->jobs = jobs;
    }
    keeper->rated_ms = now_ms;
}

/* What of the current generation is ours is said when it changes. */
static void say_shares(struct keeper *keeper)
{
    const struct keep *keep = &keeper->keep;
    const uint32_t generation = keep->generations.current;
    if (keep->owned != keeper->said_owned || keep->standby != keeper->said_standby ||
        generation != keeper->said_generation) {
        log_write(LOG_LEVEL_INFO, "worker: serving name=%s generation=%u lanes=%u standby=%u",
                  keeper->roster->name, generation, keep->owned, keep->standby);
    }
    if (keep->unowned != keeper->said_unowned && keep->unowned > 0) {
        log_write(LOG_LEVEL_WARN,
                  "worker: %u lanes have no worker: all have their --lanes MAX -> Start more "
                  "workers, or with a larger MAX.",
                  keep->unowned);
    }
    keeper->said_owned = keep->owned;
    keeper->said_standby = keep->standby;
    keeper->said_generation = generation;
    keeper->said_unowned = keep->unowned;
}

/* All that the database is needed for. */
static bool turn(struct keeper *keeper, struct error *error)
{
    const uint64_t now_ms = trouble_now_ms();
    servings_reap(&keeper->servings);
    if (!aide_database_kept(&keeper->aide, error) || !keep_look(&keeper->keep, error)) {
        return false;
    }
    say_shares(keeper);
    rate(keeper, now_ms);
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
        aide_wait_until(&keeper->aide, now_ms + LIVING_SEEN_MS);
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
        if (!rest(keeper, now_ms + keep_interval_ms(&keeper->keep), &error)) {
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
    keep_init(&keeper->keep, &keeper_ops, keeper, roster->name, roster->run);
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
    keep_deinit(&keeper->keep);
}
