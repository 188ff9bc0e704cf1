/* SPDX-License-Identifier: Apache-2.0
 *
 * The sale itself: workers come, units are delivered, all buyers come at once, a worker is killed
 * in the middle, and when all is decided the account is drawn up. One thread turns everything but
 * the front ends, and each step waits for a state. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "worker/commands/demo.h"
#include "worker/commands/rows.h"
#include "worker/rabbit/backlog.h"

#define TURN_MS 25

static void show(struct demo *demo)
{
    const struct demo_account *account = &demo->account;
    const struct demo_progress progress = {
        .buyers = demo->buyers,
        .sent = atomic_load(&demo->fronts.sent),
        .told = account->told,
        .confirmed = account->confirmed,
        .sold_out = account->sold_out,
    };
    if (progress.sent > 0 && progress.told < progress.buyers) {
        demo_screen_show(&demo->screen, &progress);
    }
}

static bool turn(struct demo *demo, struct error *error)
{
    const struct timespec at_once = {0};
    if (sigtimedwait(&demo->signals, NULL, &at_once) > 0) {
        return error_set(error, ERROR_REFUSED, "interrupted");
    }
    if (!ear_turn(&demo->place.ear, TURN_MS, demo_account_hear, &demo->account, error)) {
        return false;
    }
    show(demo);
    return demo_crew_watch(&demo->crew, error) && demo_fronts_check(&demo->fronts, error);
}

/* Until it is reached; not in time if nothing new is heard for as long as is allowed. */
static bool turn_until(struct demo *demo, bool (*reached)(const struct demo *demo), bool *in_time,
                       struct error *error)
{
    const int64_t began_us = demo_now_us();
    while (!reached(demo)) {
        const int64_t last_us = demo->account.last_us > began_us ? demo->account.last_us : began_us;
        if (demo_now_us() - last_us > (int64_t)demo->wait_seconds * 1000000) {
            *in_time = false;
            return true;
        }
        if (!turn(demo, error)) {
            return false;
        }
    }
    *in_time = true;
    return true;
}

static bool is_delivered(const struct demo *demo)
{
    return demo->account.delivered;
}

static bool is_served(const struct demo *demo)
{
    return demo_crew_serves(&demo->crew);
}

static bool is_under_way(const struct demo *demo)
{
    return demo->account.told >= demo->buyers / 3;
}

static bool is_taken_over(const struct demo *demo)
{
    return demo->account.first_since_us != 0 || demo->account.told == demo->buyers;
}

static bool is_decided(const struct demo *demo)
{
    return demo->account.told == demo->buyers;
}

static bool is_gone(const struct demo *demo)
{
    return demo_crew_is_gone(&demo->crew);
}

static bool is_caught_up(const struct demo *demo)
{
    return ear_caught_up(&demo->place.ear);
}

static bool late(const struct demo *demo, const char *what, struct error *error)
{
    error_set(error, ERROR_FATAL, "%s within %u s", what, demo->wait_seconds);
    return error_advise(error, "See whether all is well with the servers (till doctor); on a very "
                               "slow machine, wait longer: --wait SECONDS.");
}

/* The first worker decides the delivery before the others come: so it has the lane. */
static bool open_shop(struct demo *demo, struct error *error)
{
    char units[32];
    bool in_time = false;
    if (!demo_crew_start(&demo->crew, error) ||
        !demo_fronts_deliver(&demo->place.url, demo->place.namespace, demo->units, error) ||
        !turn_until(demo, is_delivered, &in_time, error)) {
        return false;
    }
    if (!in_time) {
        return late(demo, "the worker has not decided its first job", error);
    }
    for (uint32_t i = 1; i < demo->workers; i++) {
        if (!demo_crew_start(&demo->crew, error)) {
            return false;
        }
    }
    if (!turn_until(demo, is_served, &in_time, error)) {
        return false;
    }
    if (!in_time) {
        return late(demo, "the workers were not ready", error);
    }
    demo_screen_say(&demo->screen, "%s units of %s are for sale; a worker serves their lane, %s by",
                    demo_grouped(demo->units, units), DEMO_SKU,
                    demo->workers == 1   ? "none stands"
                    : demo->workers == 2 ? "another stands"
                                         : "others stand");
    return true;
}

/* What the database's clock says, which decisions are dated by. */
static bool ask_time(struct demo *demo, instant *time, struct error *error)
{
    PGresult *result;
    if (!postgres_query(
            &demo->place.postgres,
            "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint", 0, NULL,
            &result, error)) {
        return false;
    }
    *time = rows_integer(result, 0, 0);
    PQclear(result);
    return true;
}

/* The dead one has published nothing that was decided after it was gone: what is dated later than
 * that, another one tells. */
static bool kill_worker(struct demo *demo, struct error *error)
{
    char told[32];
    uint32_t ready = 0;
    const struct address lane = address_lane(demo->place.namespace, DEMO_GENERATION, 0);
    const uint32_t victim = demo_crew_busiest(&demo->crew);
    if (!backlog_look(&demo->place.ear.rabbit, &lane, 1, &ready, error)) {
        return false;
    }
    const int64_t in_hand =
        (int64_t)atomic_load(&demo->fronts.accepted) - demo->account.told - ready;
    demo->in_hand = in_hand < 0 ? 0 : (uint32_t)in_hand;
    memcpy(demo->victim, demo->crew.workers[victim].name, sizeof demo->victim);
    demo_crew_kill(&demo->crew, victim);
    demo->killed_us = demo_now_us();
    demo_screen_warn(&demo->screen, "worker %s is killed (kill -9) after %s decisions",
                     demo->victim, demo_grouped(demo->account.told, told));
    return ask_time(demo, &demo->account.since, error) && demo_crew_start(&demo->crew, error);
}

static bool await_takeover(struct demo *demo, struct error *error)
{
    char after[32];
    bool in_time = false;
    if (!turn_until(demo, is_taken_over, &in_time, error)) {
        return false;
    }
    if (!in_time || demo->account.first_since_us == 0) {
        return true; /* the account will say what that has cost */
    }
    demo->takeover_us = demo->account.first_since_us - demo->killed_us;
    demo_screen_say(&demo->screen, "%s has taken over after %s; %s takes its place",
                    demo->workers > 1 ? "the standby" : "a new worker",
                    demo_duration(demo->takeover_us, after),
                    demo->crew.workers[demo->crew.count - 1].name);
    return true;
}

static bool sell(struct demo *demo, struct error *error)
{
    char buyers[32];
    char lost[32];
    bool in_time = false;
    demo_screen_say(&demo->screen, "the sale opens: %s buyers at once, each wants one",
                    demo_grouped(demo->buyers, buyers));
    if (!demo_fronts_open(&demo->fronts, error) ||
        !turn_until(demo, is_under_way, &in_time, error)) {
        return false;
    }
    if (in_time && (!kill_worker(demo, error) || !await_takeover(demo, error))) {
        return false;
    }
    if (!turn_until(demo, is_decided, &in_time, error)) {
        return false;
    }
    demo_screen_clear(&demo->screen);
    if (in_time) {
        demo_screen_say(&demo->screen, "every buyer has an answer");
    } else {
        demo_screen_warn(&demo->screen, "nothing new for %u s: %s buyers have no answer",
                         demo->wait_seconds, demo_grouped(demo->buyers - demo->account.told, lost));
    }
    return true;
}

/* Workers that are gone tell nothing more, so what the ear then has is all there is. */
static bool settle(struct demo *demo, struct error *error)
{
    bool in_time = false;
    demo_crew_drain(&demo->crew);
    if (!turn_until(demo, is_gone, &in_time, error)) {
        return false;
    }
    if (!in_time) {
        return late(demo, "the workers have not finished", error);
    }
    if (!ear_mark(&demo->place.ear, error) || !turn_until(demo, is_caught_up, &in_time, error)) {
        return false;
    }
    if (!in_time) {
        return late(demo, "the broker has not delivered all events", error);
    }
    demo_screen_clear(&demo->screen);
    return demo_account_settle(&demo->account, &demo->place.postgres, demo->fronts.sent_us, error);
}

bool demo_hold(struct demo *demo, const struct config *config, struct error *error)
{
    char buyers[32];
    char units[32];
    (void)fprintf(stderr, "A flash sale: %s buyers, %s units, and a worker that is killed.\n",
                  demo_grouped(demo->buyers, buyers), demo_grouped(demo->units, units));
    if (!demo_account_open(&demo->account, error) ||
        !demo_place_open(&demo->place, config, error)) {
        return false;
    }
    demo_screen_say(&demo->screen, "the namespace \"%s\" is set up, for this sale only",
                    demo->place.namespace);
    demo->crew.config = &demo->place.config;
    demo->fronts.url = &demo->place.url;
    demo->fronts.namespace = demo->place.namespace;
    demo->fronts.buyers = demo->buyers;
    return open_shop(demo, error) && sell(demo, error) && settle(demo, error);
}
