/* SPDX-License-Identifier: Apache-2.0
 *
 * What is seen of workers and lanes, and what follows. */
#include "tests/sim/sim_keeper.h"

#include <string.h>

#include "tests/sim/sim_worker.h"

#define LOOK_US        (1 * SIM_SECOND)
#define LOOK_SOON_US   (500 * SIM_MS)
#define LOOK_CHANGE_US (150 * SIM_MS)
#define SETTLE_US      (1 * SIM_SECOND)
#define QUIET_US       (1500 * SIM_MS)  /* not seen for so long, and its session gone: it is dead */
#define LIVE_US        (3 * SIM_SECOND) /* not seen for so long: it is not counted */
#define FROZEN_US      (13 * SIM_SECOND) /* by then the broker has closed a silent connection */

static struct sim_tables *tables_of(struct sim_crew *crew)
{
    return &crew->database->tables;
}

static bool reaches_database(const struct sim_crew *crew, uint32_t worker)
{
    const struct sim_database *database = crew->database;
    return !database->cut[worker] && crew->core->now >= database->down_until &&
           crew->core->now >= database->read_only_until;
}

/* ---- Who is alive ---- */

static bool is_alive(struct sim_crew *crew, uint32_t worker, instant now)
{
    const struct sim_announced *row = &tables_of(crew)->workers[worker];
    const bool connected =
        crew->workers[worker].state != WORKER_DOWN && crew->workers[worker].runs == row->run;
    const int64_t age = now - row->seen_at;
    return row->there && age < LIVE_US && (age < QUIET_US || connected);
}

static bool is_same_list(const struct sim_living *living, const struct sim_living *seen)
{
    return living->count == seen->count &&
           memcmp(living->workers, seen->workers, seen->count * sizeof seen->workers[0]) == 0 &&
           memcmp(living->runs, seen->runs, seen->count * sizeof seen->runs[0]) == 0;
}

static void adopt(struct sim_crew *crew, struct sim_keeper *keeper, const struct sim_living *seen)
{
    keeper->adopted_at = crew->core->now;
    keeper->living = *seen;
    for (uint32_t i = 0; i < SIM_QUEUE_SORT; i++) {
        keeper->lanes[i].past.owner_run[0] = '\0';
        keeper->lanes[i].past.stepped_ms = 0;
        keeper->lanes[i].past.reconnected_ms = 0;
    }
}

static void look_who_lives(struct sim_crew *crew, uint32_t worker, instant now)
{
    struct sim_keeper *keeper = &crew->keepers[worker];
    struct sim_living seen = {.me = SHARE_NONE};
    for (uint32_t i = 0; i < crew->world->workers; i++) {
        if (is_alive(crew, i, now)) {
            seen.me = i == worker ? seen.count : seen.me;
            seen.workers[seen.count] = i;
            seen.runs[seen.count++] = tables_of(crew)->workers[i].run;
        }
    }
    if (keeper->adopted_at != SIM_NEVER && is_same_list(&keeper->living, &seen)) {
        return;
    }
    if (keeper->adopted_at != SIM_NEVER && sim_strikes(crew->core, FAULT_OLD_LIST)) {
        SIM_MARK(crew->core->marks, MARK_OLD_LIST);
        return;
    }
    adopt(crew, keeper, &seen);
}

/* ---- Sharing out ---- */

static void share_generation(struct sim_crew *crew, uint32_t worker, uint32_t generation)
{
    struct sim_keeper *keeper = &crew->keepers[worker];
    struct share shares[LANES_MAX];
    uint32_t lanes_max[SIM_WORKERS_MAX];
    uint32_t taken[SIM_WORKERS_MAX];
    const uint32_t lanes = sim_tables_generation(tables_of(crew), generation)->lanes;
    for (uint32_t i = 0; i < SIM_WORKERS_MAX; i++) {
        lanes_max[i] = LANES_MAX;
    }
    (void)share_out(lanes_max, keeper->living.count, lanes, taken, shares); /* there is no bound */
    for (uint32_t lane = 0; lane < lanes; lane++) {
        struct sim_kept *kept = &keeper->lanes[sim_queue_of(generation, lane)];
        const bool ours =
            keeper->living.me != SHARE_NONE &&
            (shares[lane].owner == keeper->living.me || shares[lane].standby == keeper->living.me);
        kept->wanted = true;
        kept->share = shares[lane];
        if (ours) {
            sim_crew_serve(crew, worker, generation, lane);
        }
    }
}

static void share(struct sim_crew *crew, uint32_t worker)
{
    for (uint32_t i = 0; i < SIM_QUEUE_SORT; i++) {
        crew->keepers[worker].lanes[i].wanted = false;
    }
    for (uint32_t number = 1; number <= SIM_GENERATIONS_MAX; number++) {
        if (sim_tables_is_live(tables_of(crew), number)) {
            share_generation(crew, worker, number);
        }
    }
}

/* ---- Handing over ---- */

static uint64_t age_ms(int64_t since, int64_t now)
{
    return since >= now ? 0 : (uint64_t)(now - since) / 1000;
}

static struct handover_view begin_view(struct sim_crew *crew, uint32_t worker, uint32_t queue)
{
    const struct sim_keeper *keeper = &crew->keepers[worker];
    const struct sim_serving *serving = sim_crew_serving(crew, worker, queue);
    const struct share *share = &keeper->lanes[queue].share;
    int64_t oldest_ms;
    return (struct handover_view){
        .settled = crew->core->now - keeper->adopted_at >= SETTLE_US,
        .owned = share->owner != SHARE_NONE,
        .is_owner = keeper->living.me != SHARE_NONE && share->owner == keeper->living.me,
        .is_standby = keeper->living.me != SHARE_NONE && share->standby == keeper->living.me,
        .subscribed = serving->subscribed_at != SIM_NEVER,
        .age_ms = age_ms(serving->subscribed_at, crew->core->now),
        .in_hand = lane_in_hand(&serving->work, &oldest_ms) > 0,
        .owner_run = "",
        .claimer_age_ms = UINT64_MAX,
        .standby_there = share->standby == SHARE_NONE,
    };
}

/* A run as text: one of so many that none is met twice in a run of the simulator. */
static const char *run_text(uint32_t worker, uint32_t run, char text[4])
{
    text[0] = (char)('a' + worker);
    text[1] = (char)('0' + run / 64 % 64);
    text[2] = (char)('0' + run % 64);
    text[3] = '\0';
    return text;
}

static void add_row(struct sim_crew *crew, struct handover_view *view, uint32_t other,
                    uint32_t queue, const struct sim_keeper *keeper, char text[4])
{
    const struct sim_tables *tables = tables_of(crew);
    const struct sim_line_row *row = &tables->lines[other][queue];
    const struct sim_lane *lane = &tables->lanes[queue];
    const struct share *share = &keeper->lanes[queue].share;
    const instant now = sim_database_now(crew->database);
    const struct sim_announced *announced = &tables->workers[other];
    const uint64_t age = age_ms(row->subscribed_at, now);
    if (!row->there) {
        return;
    }
    if (lane->claimed && lane->claimer == other && lane->claimer_run == row->run) {
        view->claimer_age_ms = age;
    }
    view->silent_in_line |=
        announced->there && announced->run == row->run && now - announced->seen_at > LIVE_US &&
        now - announced->seen_at < FROZEN_US && crew->workers[other].state != WORKER_DOWN;
    for (uint32_t i = 0; i < keeper->living.count; i++) {
        const bool is_he = keeper->living.workers[i] == other && keeper->living.runs[i] == row->run;
        view->standby_there |= is_he && share->standby == i;
        if (is_he && share->owner == i) {
            view->owner_there = true;
            view->owner_age_ms = age;
            view->owner_run = run_text(other, row->run, text);
        }
    }
}

static void hand_over_one(struct sim_crew *crew, uint32_t worker, uint32_t queue)
{
    struct sim_keeper *keeper = &crew->keepers[worker];
    const struct sim_lane *lane = &tables_of(crew)->lanes[queue];
    struct handover_view view = begin_view(crew, worker, queue);
    char text[4];
    if (lane->claimed) {
        view.claimed = lane->claimer != worker || lane->claimer_run != crew->workers[worker].runs;
        view.claim_age_ms = age_ms(lane->claimed_at, sim_database_now(crew->database));
    }
    for (uint32_t other = 0; other < crew->world->workers; other++) {
        add_row(crew, &view, other, queue, keeper, text);
    }
    switch (handover_next(&view, &keeper->lanes[queue].past, sim_crew_clock_ms(crew, worker))) {
    case HANDOVER_STAY:
        return;
    case HANDOVER_STEP_ASIDE:
        SIM_MARK(crew->core->marks, MARK_STEPPED_ASIDE);
        sim_crew_step_aside(crew, worker, queue);
        return;
    case HANDOVER_LEAVE:
        SIM_MARK(crew->core->marks, MARK_LEFT);
        sim_crew_end(crew, worker, queue);
        return;
    }
}

static void hand_over(struct sim_crew *crew, uint32_t worker)
{
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        const struct sim_serving *serving = sim_crew_serving(crew, worker, queue);
        if (!serving->there || serving->ending_since != SIM_NEVER) {
            continue;
        }
        if (!crew->keepers[worker].lanes[queue].wanted) {
            sim_crew_end(crew, worker, queue); /* its generation is no more */
        } else {
            hand_over_one(crew, worker, queue);
        }
    }
}

/* ---- Looks ---- */

static void record(struct sim_crew *crew, uint32_t worker, instant now)
{
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        const struct sim_serving *serving = sim_crew_serving(crew, worker, queue);
        const bool subscribed = serving->there && serving->subscribed_at != SIM_NEVER;
        tables_of(crew)->lines[worker][queue] = (struct sim_line_row){
            subscribed, crew->workers[worker].runs,
            subscribed ? now - (crew->core->now - serving->subscribed_at) : 0};
    }
}

static int64_t pause_after_look(struct sim_crew *crew, const struct sim_keeper *keeper)
{
    const bool settled = crew->core->now - keeper->adopted_at >= SETTLE_US + LOOK_SOON_US;
    if (sim_tables_find(tables_of(crew), GENERATION_COMING) != 0) {
        return LOOK_CHANGE_US;
    }
    return settled ? LOOK_US : LOOK_SOON_US;
}

void sim_keeper_turn(struct sim_crew *crew, uint32_t worker)
{
    struct sim_core *core = crew->core;
    struct sim_keeper *keeper = &crew->keepers[worker];
    const instant now = sim_database_now(crew->database);
    if (!reaches_database(crew, worker)) {
        keeper->look_at = core->now + LOOK_US;
    } else if (core->now >= keeper->look_at) {
        tables_of(crew)->workers[worker] =
            (struct sim_announced){true, crew->workers[worker].runs, now};
        look_who_lives(crew, worker, now);
        share(crew, worker);
        hand_over(crew, worker);
        record(crew, worker, now);
        keeper->look_at = core->now + pause_after_look(crew, keeper);
    } else {
        record(crew, worker, now);
    }
    sim_timers_set(&core->timers, ACTOR_KEEPER + worker, keeper->look_at);
}

void sim_keeper_begin(struct sim_crew *crew, uint32_t worker)
{
    struct sim_keeper *keeper = &crew->keepers[worker];
    keeper->adopted_at = SIM_NEVER;
    keeper->look_at = 0;
    keeper->living.count = 0;
    sim_timers_set(&crew->core->timers, ACTOR_KEEPER + worker,
                   crew->core->now + sim_between(crew->core, 1, 5 * SIM_MS));
}

void sim_keeper_leave(struct sim_crew *crew, uint32_t worker)
{
    sim_timers_set(&crew->core->timers, ACTOR_KEEPER + worker, SIM_NEVER);
    if (!reaches_database(crew, worker)) {
        return;
    }
    tables_of(crew)->workers[worker].there = false;
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        tables_of(crew)->lines[worker][queue].there = false;
    }
}
