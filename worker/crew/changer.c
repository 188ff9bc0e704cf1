/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks whether there is something to change, and takes turns. */
#include "worker/crew/changer.h"

#include <stdio.h>

#include "common/connect/log.h"
#include "worker/lane/backoff.h"

#define SETTLE_FAILURES_MAX 3u

/* What fails again and again is left to another worker, who may see both servers. */
static uint64_t failed(struct changer *changer, const struct error *error)
{
    const struct driver *driver = &changer->changing.driver;
    trouble_note(&changer->aide.trouble, error, trouble_now_ms());
    postgres_close(&changer->aide.postgres);
    changing_close(&changer->changing);
    return driver_pause_ms(driver, CHANGE_FAILED) + backoff_ms(driver->failures, &changer->prng);
}

/* Once for each change. */
static void say_driving(struct changer *changer)
{
    const struct lanes_change *change = &changer->changing.driver.change.change;
    if (change->ours && change->generation != changer->said) {
        log_write(LOG_LEVEL_INFO, "changer: goes on with the change from %u to %u lanes step=%s",
                  change->source_lanes, change->lanes, change_step_name(change->step));
        changer->said = change->generation;
    }
}

static uint64_t turn(struct changer *changer)
{
    struct error error = {0};
    struct driver *driver = &changer->changing.driver;
    enum change_progress progress = CHANGE_FAILED;
    if (aide_database(&changer->aide, &error)) {
        progress = driver_turn(driver, &error);
        say_driving(changer);
    } else {
        driver_failed(driver);
    }
    if (progress != CHANGE_FAILED) {
        trouble_over(&changer->aide.trouble);
        return driver_pause_ms(driver, progress);
    }
    return aide_draining(&changer->aide) ? 0 : failed(changer, &error);
}

static bool settle_turn(struct changer *changer, struct error *error)
{
    struct aide *aide = &changer->aide;
    return (aide->postgres.connection != NULL ||
            postgres_open(&aide->postgres, aide->duty->config, POSTGRES_LANE, aide->name, error)) &&
           driver_turn(&changer->changing.driver, error) != CHANGE_FAILED;
}

/* What it has led jobs to may be over: a worker that leaves looks, and takes it back. What fails is
 * tried again, on new connections. */
static void settle(struct changer *changer)
{
    struct error error = {0};
    uint32_t failures = 0;
    while (!change_is_settled(&changer->changing.driver.change) && failures < SETTLE_FAILURES_MAX) {
        if (!settle_turn(changer, &error)) {
            failures++;
            postgres_close(&changer->aide.postgres);
            changing_close(&changer->changing);
        }
    }
}

static void *run(void *self)
{
    struct changer *changer = self;
    while (!aide_draining(&changer->aide)) {
        const uint64_t pause_ms = turn(changer);
        aide_wait_until(&changer->aide, trouble_now_ms() + pause_ms);
    }
    settle(changer);
    changing_close(&changer->changing);
    aide_disconnect(&changer->aide);
    return NULL;
}

bool changer_open(struct changer *changer, const struct lane_duty *duty, struct error *error)
{
    char name[CHANGE_DRIVER_MAX];
    changer->said = 0;
    prng_init(&changer->prng, trouble_seed());
    if (!aide_open(&changer->aide, duty, "changer", "changer", 1, error)) {
        return false;
    }
    (void)snprintf(name, sizeof name, "worker %s %s", duty->worker, duty->run);
    changing_init(&changer->changing, duty->config, duty->url, &changer->aide.postgres, name);
    if (!aide_start(&changer->aide, run, changer, error)) {
        aide_close(&changer->aide);
        return false;
    }
    return true;
}

void changer_drain(struct changer *changer)
{
    aide_drain(&changer->aide);
}

void changer_close(struct changer *changer)
{
    aide_join(&changer->aide);
    aide_close(&changer->aide);
}
