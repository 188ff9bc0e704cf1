/* SPDX-License-Identifier: Apache-2.0
 *
 * What keeping lanes needs of the simulated database and of a worker's lanes. */
#include "tests/sim/sim_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"
#include "tests/sim/sim_worker.h"

#define FROZEN_US (13 * SIM_SECOND) /* by then the broker has closed a silent connection */

static struct sim_tables *tables_of(const struct sim_keeper *keeper)
{
    return &keeper->crew->database->tables;
}

static instant database_now(const struct sim_keeper *keeper)
{
    return sim_database_now(keeper->crew->database);
}

static bool reaches_database(const struct sim_keeper *keeper)
{
    const struct sim_database *database = keeper->crew->database;
    const int64_t now = keeper->crew->core->now;
    return !database->cut[keeper->worker] && now >= database->down_until &&
           now >= database->read_only_until;
}

static struct sim_serving *serving_at(const struct sim_keeper *keeper, uint32_t queue)
{
    return sim_crew_serving(keeper->crew, keeper->worker, queue);
}

/* One of so many that none is met twice in a run of the simulator. */
static void make_run(char run[SIM_RUN_SIZE], uint32_t worker, uint32_t runs)
{
    run[0] = (char)('a' + worker);
    run[1] = (char)('0' + runs / 64 % 64);
    run[2] = (char)('0' + runs % 64);
    run[3] = '\0';
}

static void make_name(char name[SIM_RUN_SIZE], uint32_t worker)
{
    name[0] = 'w';
    name[1] = (char)('1' + worker);
    name[2] = '\0';
}

/* ---- The database: a statement each of worker/crew and worker/postgres ---- */

static bool is_connected(const struct sim_crew *crew, uint32_t worker, uint32_t run)
{
    return crew->workers[worker].state != WORKER_DOWN && crew->workers[worker].runs == run;
}

static bool is_alive(const struct sim_keeper *keeper, uint32_t worker)
{
    const struct sim_announced *row = &tables_of(keeper)->workers[worker];
    const int64_t age = database_now(keeper) - row->seen_at;
    return row->there && age < LIVING_MAX_MS * SIM_MS &&
           (age < LIVING_QUIET_MS * SIM_MS || is_connected(keeper->crew, worker, row->run));
}

static void read_generations(const struct sim_tables *tables, struct generations *generations)
{
    *generations =
        (struct generations){.current = sim_tables_find(tables, GENERATION_CURRENT),
                             .change_open = sim_tables_find(tables, GENERATION_COMING) != 0};
    for (uint32_t number = 1; number <= SIM_GENERATIONS_MAX; number++) {
        if (sim_tables_is_live(tables, number)) {
            generations->served[generations->count++] =
                (struct generation){number, sim_tables_generation(tables, number)->lanes};
        }
    }
}

/* Or those of the last look once more. */
static void read_living(const struct sim_keeper *keeper, struct living_list *list)
{
    const struct living_list *seen = &keeper->keep.living.seen;
    struct sim_core *core = keeper->crew->core;
    *list = (struct living_list){calloc(SIM_WORKERS_MAX, sizeof list->workers[0]), 0};
    ENSURE(list->workers != NULL);
    if (seen->count > 0 && sim_strikes(core, FAULT_OLD_LIST)) {
        SIM_MARK(core->marks, MARK_OLD_LIST);
        memcpy(list->workers, seen->workers, seen->count * sizeof seen->workers[0]);
        list->count = seen->count;
        return;
    }
    for (uint32_t i = 0; i < keeper->crew->world->workers; i++) {
        if (is_alive(keeper, i)) {
            struct living_worker *worker = &list->workers[list->count++];
            make_name(worker->name, i);
            make_run(worker->run, i, tables_of(keeper)->workers[i].run);
            worker->lanes_max = LANES_MAX; /* there is no bound */
        }
    }
}

/* Lanes of all generations that there have been. */
static uint32_t queues_of(const struct sim_keeper *keeper)
{
    return sim_queue_of(sim_tables_count(tables_of(keeper)) + 1, 0);
}

static void give_places(struct sim_keeper *keeper)
{
    const uint32_t count = queues_of(keeper);
    keeper->served_count = 0;
    for (uint32_t queue = 0; queue < count; queue++) {
        if (serving_at(keeper, queue)->there) {
            keeper->served[keeper->served_count++] = queue;
        }
    }
}

static bool look(void *self, struct generations *generations, struct living_list *list,
                 struct error *error)
{
    struct sim_keeper *keeper = self;
    give_places(keeper);
    if (!reaches_database(keeper)) {
        return error_set(error, ERROR_RETRY, "the database cannot be reached");
    }
    tables_of(keeper)->workers[keeper->worker] = (struct sim_announced){
        true, keeper->crew->workers[keeper->worker].runs, database_now(keeper)};
    read_generations(tables_of(keeper), generations);
    read_living(keeper, list);
    return true;
}

static uint64_t age_ms(instant since, instant now)
{
    return since >= now ? 0 : (uint64_t)(now - since) / 1000;
}

static bool is_frozen(const struct sim_keeper *keeper, uint32_t worker, uint32_t run)
{
    const struct sim_announced *announced = &tables_of(keeper)->workers[worker];
    const int64_t age = database_now(keeper) - announced->seen_at;
    return announced->there && announced->run == run && age > LIVING_MAX_MS * SIM_MS &&
           age < FROZEN_US && keeper->crew->workers[worker].state != WORKER_DOWN;
}

static void read_line(const struct sim_keeper *keeper, const struct keep *keep, uint32_t queue,
                      struct kept *kept)
{
    const struct sim_tables *tables = tables_of(keeper);
    const struct sim_lane *lane = &tables->lanes[queue];
    char claimed_run[SIM_RUN_SIZE] = "";
    char name[SIM_RUN_SIZE] = "";
    char run[SIM_RUN_SIZE] = "";
    struct keep_row row = {claimed_run, UINT64_MAX, name, run, UINT64_MAX, false};
    bool anybody = false;
    if (lane->claimed) {
        make_run(claimed_run, lane->claimer, lane->claimer_run);
        row.claim_age_ms = age_ms(lane->claimed_at, database_now(keeper));
    }
    for (uint32_t other = 0; other < keeper->crew->world->workers; other++) {
        const struct sim_line_row *line = &tables->lines[other][queue];
        if (line->there) {
            make_name(name, other);
            make_run(run, other, line->run);
            row.age_ms = age_ms(line->subscribed_at, database_now(keeper));
            row.frozen = is_frozen(keeper, other, line->run);
            keep_see_row(keep, kept, &row);
            anybody = true;
        }
    }
    if (!anybody) {
        keep_see_row(keep, kept, &row);
    }
}

static uint32_t places(void *self)
{
    return ((const struct sim_keeper *)self)->served_count;
}

static bool read_lines(void *self, struct keep *keep, struct error *error)
{
    const struct sim_keeper *keeper = self;
    if (!reaches_database(keeper)) {
        return error_set(error, ERROR_RETRY, "the database cannot be reached");
    }
    for (uint32_t place = 0; place < keeper->served_count; place++) {
        const uint32_t queue = keeper->served[place];
        read_line(keeper, keep, queue, &serving_at(keeper, queue)->kept);
    }
    return true;
}

/* ---- The lanes ---- */

static uint64_t now_ms(void *self)
{
    const struct sim_keeper *keeper = self;
    return sim_crew_clock_ms(keeper->crew, keeper->worker);
}

static struct sim_serving *serving_of(const struct sim_keeper *keeper, uint32_t place)
{
    return serving_at(keeper, keeper->served[place]);
}

static struct kept *at(void *self, uint32_t place)
{
    return &serving_of(self, place)->kept;
}

static struct kept *find(void *self, uint32_t generation, uint32_t lane)
{
    struct sim_serving *serving = serving_at(self, sim_queue_of(generation, lane));
    return serving->there ? &serving->kept : NULL;
}

static bool begin(void *self, uint32_t generation, uint32_t lane, struct error *error)
{
    struct sim_keeper *keeper = self;
    (void)error; /* there is always room */
    keeper->served[keeper->served_count++] = sim_queue_of(generation, lane);
    sim_crew_serve(keeper->crew, keeper->worker, generation, lane);
    return true;
}

static void subscription(void *self, uint32_t place, uint64_t *subscribed_ms, bool *in_hand)
{
    const struct sim_serving *serving = serving_of(self, place);
    const int64_t for_us = ((struct sim_keeper *)self)->crew->core->now - serving->subscribed_at;
    int64_t oldest_ms;
    *subscribed_ms =
        serving->subscribed_at == SIM_NEVER ? 0 : now_ms(self) - (uint64_t)for_us / 1000;
    *in_hand = lane_in_hand(&serving->work, &oldest_ms) > 0;
}

static void step_aside(void *self, uint32_t place)
{
    const struct sim_keeper *keeper = self;
    SIM_MARK(keeper->crew->core->marks, MARK_STEPPED_ASIDE);
    sim_crew_step_aside(keeper->crew, keeper->worker, keeper->served[place]);
}

static void end(void *self, uint32_t place)
{
    const struct sim_keeper *keeper = self;
    const struct sim_serving *serving = serving_of(keeper, place);
    if (serving->kept.wanted) {
        SIM_MARK(keeper->crew->core->marks, MARK_LEFT);
    }
    if (serving->ending_since == SIM_NEVER) {
        sim_crew_end(keeper->crew, keeper->worker, keeper->served[place]);
    }
}

static const struct keep_ops keep_ops = {
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

/* ---- Turns ---- */

static void record(struct sim_keeper *keeper)
{
    const struct sim_crew *crew = keeper->crew;
    const instant now = database_now(keeper);
    const uint32_t count = queues_of(keeper);
    for (uint32_t queue = 0; queue < count; queue++) {
        const struct sim_serving *serving = serving_at(keeper, queue);
        const bool subscribed = serving->there && serving->subscribed_at != SIM_NEVER;
        tables_of(keeper)->lines[keeper->worker][queue] = (struct sim_line_row){
            subscribed, crew->workers[keeper->worker].runs,
            subscribed ? now - (crew->core->now - serving->subscribed_at) : 0};
    }
}

/* When the next look is due. */
static int64_t turn(struct sim_keeper *keeper)
{
    struct sim_core *core = keeper->crew->core;
    const int64_t now = core->now;
    if (!reaches_database(keeper) ||
        (now >= keeper->look_at && !keep_look(&keeper->keep, sim_no_error(core)))) {
        return now + LIVING_SEEN_MS * SIM_MS;
    }
    record(keeper);
    return now >= keeper->look_at ? now + keep_interval_ms(&keeper->keep) * SIM_MS
                                  : keeper->look_at;
}

void sim_keeper_turn(struct sim_crew *crew, uint32_t worker)
{
    struct sim_keeper *keeper = &crew->keepers[worker];
    keeper->look_at = turn(keeper);
    sim_timers_set(&crew->core->timers, ACTOR_KEEPER + worker, keeper->look_at);
}

void sim_keeper_begin(struct sim_crew *crew, uint32_t worker)
{
    struct sim_keeper *keeper = &crew->keepers[worker];
    keep_deinit(&keeper->keep);
    keeper->crew = crew;
    keeper->worker = worker;
    keeper->look_at = 0;
    make_name(keeper->name, worker);
    make_run(keeper->run, worker, crew->workers[worker].runs);
    keep_init(&keeper->keep, &keep_ops, keeper, keeper->name, keeper->run);
    sim_timers_set(&crew->core->timers, ACTOR_KEEPER + worker,
                   crew->core->now + sim_between(crew->core, 1, 5 * SIM_MS));
}

void sim_keeper_leave(struct sim_crew *crew, uint32_t worker)
{
    const struct sim_keeper *keeper = &crew->keepers[worker];
    sim_timers_set(&crew->core->timers, ACTOR_KEEPER + worker, SIM_NEVER);
    if (!reaches_database(keeper)) {
        return;
    }
    tables_of(keeper)->workers[worker].there = false;
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        tables_of(keeper)->lines[worker][queue].there = false;
    }
}

void sim_keepers_close(struct sim_crew *crew)
{
    for (uint32_t i = 0; i < SIM_WORKERS_MAX; i++) {
        keep_deinit(&crew->keepers[i].keep);
    }
}
