/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of workers. */
#include "tests/sim/sim_worker.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"
#include "tests/sim/sim_watch.h"

#define LANE_MEMORY ((size_t)BATCHES * BATCH_MEMORY)
#define DRAIN_US    (4 * SIM_SECOND)

bool sim_crew_open(struct sim_crew *crew)
{
    char *memory = malloc(SIM_SERVINGS_MAX * LANE_MEMORY);
    for (uint32_t i = 0; i < SIM_SERVINGS_MAX; i++) {
        crew->servings[i].memory = memory == NULL ? NULL : memory + i * LANE_MEMORY;
    }
    return memory != NULL && sim_duties_open(crew);
}

void sim_crew_close(struct sim_crew *crew)
{
    sim_duties_close(crew);
    free(crew->servings[0].memory);
}

static void due(struct sim_crew *crew, uint32_t plug, int64_t at)
{
    sim_timers_set(&crew->core->timers, ACTOR_SERVING + plug, at);
}

uint64_t sim_crew_clock_ms(const struct sim_crew *crew, uint32_t worker)
{
    return (uint64_t)((crew->core->now + crew->workers[worker].clock) / SIM_MS + 1);
}

struct sim_serving *sim_crew_serving(struct sim_crew *crew, uint32_t worker, uint32_t queue)
{
    return &crew->servings[worker * SIM_QUEUE_SORT + queue];
}

static uint32_t number_of(const struct sim_crew *crew, const struct sim_serving *serving)
{
    return (uint32_t)(serving - crew->servings);
}

/* The worker's own timer: whatever is to come first. */
static void set_timer(struct sim_crew *crew, uint32_t number)
{
    const struct sim_worker *worker = &crew->workers[number];
    int64_t at = worker->until;
    at = worker->broker_cut_until < at ? worker->broker_cut_until : at;
    at = worker->database_cut_until < at ? worker->database_cut_until : at;
    sim_timers_set(&crew->core->timers, ACTOR_WORKER + number, at);
}

/* ---- What a keeper has it do ---- */

void sim_crew_serve(struct sim_crew *crew, uint32_t worker, uint32_t generation, uint32_t lane)
{
    const uint32_t queue = sim_queue_of(generation, lane);
    struct sim_serving *serving = sim_crew_serving(crew, worker, queue);
    const uint32_t number = number_of(crew, serving);
    const struct lane_plan plan = {.namespace = "till",
                                   .generation = generation,
                                   .lane = lane,
                                   .jobs_max = crew->world->jobs_max[worker]};
    if (serving->there) {
        return; /* one that ends has to be gone first */
    }
    crew->core->wakes[number] = SIM_NEVER;
    crew->core->asleep[number] = false;
    serving->there = true;
    serving->stopped = false;
    serving->worker = worker;
    serving->lane = queue;
    serving->ending_since = SIM_NEVER;
    serving->subscribed_at = SIM_NEVER;
    lane_init(&serving->work, &plan, sim_broker_port(crew->broker, number, worker, queue),
              sim_database_port(crew->database, number, worker, crew->workers[worker].runs, queue),
              prng_next(&crew->core->chance), serving->memory);
    due(crew, number, crew->core->now + sim_between(crew->core, 1, SIM_MS));
}

void sim_crew_step_aside(struct sim_crew *crew, uint32_t worker, uint32_t queue)
{
    struct sim_serving *serving = sim_crew_serving(crew, worker, queue);
    lane_step_aside(&serving->work);
    due(crew, number_of(crew, serving), crew->core->now + 1);
}

void sim_crew_end(struct sim_crew *crew, uint32_t worker, uint32_t queue)
{
    struct sim_serving *serving = sim_crew_serving(crew, worker, queue);
    serving->ending_since = crew->core->now;
    lane_drain(&serving->work);
    due(crew, number_of(crew, serving), crew->core->now + 1);
}

/* ---- Life ---- */

static void start(struct sim_crew *crew, uint32_t number)
{
    struct sim_worker *worker = &crew->workers[number];
    worker->state = WORKER_UP;
    worker->until = SIM_NEVER;
    worker->runs++;
    worker->clock = sim_between(crew->core, 0, 1000) * SIM_SECOND;
    sim_note(crew->core, EVENT_STARTED, number, worker->runs, 0);
    sim_keeper_begin(crew, number);
    sim_changer_begin(crew, number);
    sim_duty_start(crew, number);
}

/* Nothing of the worker has a turn. */
static void hold_still(struct sim_crew *crew, uint32_t number)
{
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        due(crew, number * SIM_QUEUE_SORT + queue, SIM_NEVER);
    }
    due(crew, SIM_PLUG_SORTER + number, SIM_NEVER);
    due(crew, SIM_PLUG_SWEEPER + number, SIM_NEVER);
    sim_timers_set(&crew->core->timers, ACTOR_KEEPER + number, SIM_NEVER);
    sim_changer_pause(crew, number);
}

static void stop(struct sim_crew *crew, uint32_t number, int64_t away)
{
    struct sim_worker *worker = &crew->workers[number];
    worker->state = WORKER_DOWN;
    worker->until = worker->gone ? SIM_NEVER : crew->core->now + away;
    hold_still(crew, number);
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        sim_crew_serving(crew, number, queue)->there = false;
    }
    set_timer(crew, number);
}

/* The process is gone, with all its lanes. */
static void crash(struct sim_crew *crew, uint32_t number)
{
    struct sim_core *core = crew->core;
    const bool silently = sim_strikes(core, FAULT_MACHINE_LOST) || crew->broker->cut[number];
    sim_note(core, EVENT_CRASHED, number, silently, 0);
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        const uint32_t serving = number * SIM_QUEUE_SORT + queue;
        if (crew->servings[serving].there) {
            sim_watch_crash(core->marks, &crew->servings[serving].work);
            sim_database_crashed(crew->database, serving, silently);
            sim_broker_crashed(crew->broker, serving, silently);
        }
    }
    sim_duty_crashed(crew, number, silently);
    stop(crew, number, sim_between(core, 1, 2000) * SIM_MS);
}

/* The broker will notice that it hears nothing. */
static void fall_silent(struct sim_crew *crew, uint32_t number)
{
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        if (sim_crew_serving(crew, number, queue)->there) {
            sim_broker_silent(crew->broker, number * SIM_QUEUE_SORT + queue);
        }
    }
    if (crew->duties[number].sorts) {
        sim_broker_silent(crew->broker, SIM_PLUG_SORTER + number);
    }
}

static void freeze(struct sim_crew *crew, uint32_t number)
{
    struct sim_core *core = crew->core;
    struct sim_worker *worker = &crew->workers[number];
    const int64_t most[] = {10 * SIM_MS, SIM_SECOND, 8 * SIM_SECOND, 40 * SIM_SECOND};
    const int64_t frozen = sim_between(core, SIM_MS, most[prng_below(&core->chance, 4)]);
    worker->state = WORKER_FROZEN;
    worker->until = core->now + frozen;
    sim_note(core, EVENT_FROZEN, number, (uint32_t)(frozen / SIM_MS), 0);
    if (frozen > 15 * SIM_SECOND) {
        fall_silent(crew, number);
    }
    hold_still(crew, number);
    set_timer(crew, number);
}

static void wake_up(struct sim_crew *crew, uint32_t number)
{
    struct sim_core *core = crew->core;
    struct sim_worker *worker = &crew->workers[number];
    worker->state = WORKER_UP;
    worker->until = SIM_NEVER;
    sim_note(core, EVENT_WOKE, number, 0, 0);
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        const uint32_t serving = number * SIM_QUEUE_SORT + queue;
        if (crew->servings[serving].there) {
            sim_watch_wake(core->marks, &crew->servings[serving].work);
            due(crew, serving, core->now + sim_between(core, 1, 100));
        }
    }
    if (crew->duties[number].sorts) {
        due(crew, SIM_PLUG_SORTER + number, core->now + sim_between(core, 1, 100));
    }
    if (crew->duties[number].sweeps) {
        due(crew, SIM_PLUG_SWEEPER + number, core->now + sim_between(core, 1, 100));
    }
    sim_timers_set(&core->timers, ACTOR_KEEPER + number, core->now + sim_between(core, 1, 100));
    sim_changer_begin(crew, number);
}

/* With its last part the process ends. */
static void end_if_drained(struct sim_crew *crew, uint32_t number)
{
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        const struct sim_serving *serving = sim_crew_serving(crew, number, queue);
        if (serving->there && !serving->stopped) {
            return;
        }
    }
    if (crew->duties[number].sorts || crew->duties[number].sweeps) {
        return;
    }
    SIM_MARK(crew->core->marks, MARK_DRAINED);
    stop(crew, number, sim_between(crew->core, 1, 500) * SIM_MS);
}

static void drain(struct sim_crew *crew, uint32_t number)
{
    struct sim_worker *worker = &crew->workers[number];
    worker->state = WORKER_DRAINING;
    sim_note(crew->core, EVENT_DRAINING, number, 0, 0);
    sim_keeper_leave(crew, number);
    sim_changer_pause(crew, number);
    sim_duty_drain(crew, number);
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        const struct sim_serving *serving = sim_crew_serving(crew, number, queue);
        if (serving->there && serving->ending_since == SIM_NEVER) {
            sim_crew_end(crew, number, queue);
        }
    }
    end_if_drained(crew, number);
    set_timer(crew, number);
}

static void cut_broker(struct sim_crew *crew, uint32_t number, int64_t span)
{
    crew->workers[number].broker_cut_until = span == SIM_NEVER ? SIM_NEVER : crew->core->now + span;
    crew->broker->cut[number] = true;
    sim_note(crew->core, EVENT_CUT, number, 0, (uint64_t)span);
    fall_silent(crew, number);
    set_timer(crew, number);
}

static void cut_database(struct sim_crew *crew, uint32_t number, int64_t span)
{
    crew->workers[number].database_cut_until =
        span == SIM_NEVER ? SIM_NEVER : crew->core->now + span;
    crew->database->cut[number] = true;
    sim_note(crew->core, EVENT_CUT, number, 1, (uint64_t)span);
    set_timer(crew, number);
}

/* What was in flight is lost, and so are the connections. */
static void mend_broker(struct sim_crew *crew, uint32_t number)
{
    crew->workers[number].broker_cut_until = SIM_NEVER;
    for (uint32_t queue = 0; queue < SIM_QUEUE_SORT; queue++) {
        sim_broker_forget(crew->broker, number * SIM_QUEUE_SORT + queue);
    }
    sim_broker_forget(crew->broker, SIM_PLUG_SORTER + number);
    sim_broker_forget(crew->broker, SIM_PLUG_SWEEPER + number);
    crew->broker->cut[number] = false;
}

static void mend_database(struct sim_crew *crew, uint32_t number)
{
    crew->workers[number].database_cut_until = SIM_NEVER;
    crew->database->cut[number] = false;
}

/* True: the worker does not come to its step. */
static bool strikes(struct sim_crew *crew, uint32_t number)
{
    struct sim_core *core = crew->core;
    if (sim_strikes(core, FAULT_CRASH)) {
        crash(crew, number);
        return true;
    }
    if (crew->workers[number].state == WORKER_UP && sim_strikes(core, FAULT_FREEZE)) {
        freeze(crew, number);
        return true;
    }
    if (crew->workers[number].state == WORKER_UP && sim_strikes(core, FAULT_DRAIN)) {
        drain(crew, number);
        return true;
    }
    if (!crew->broker->cut[number] && sim_strikes(core, FAULT_CUT_BROKER)) {
        cut_broker(crew, number, sim_between(core, 15, 40) * SIM_SECOND);
    }
    if (!crew->database->cut[number] && sim_strikes(core, FAULT_CUT_DATABASE)) {
        cut_database(crew, number, sim_between(core, 1, 40000) * SIM_MS);
    }
    return false;
}

/* ---- Steps ---- */

/* A lane has come to its end, with its worker or without. */
static void drained(struct sim_crew *crew, struct sim_serving *serving)
{
    const uint32_t number = number_of(crew, serving);
    serving->stopped = true;
    serving->there = false;
    due(crew, number, SIM_NEVER);
    sim_database_crashed(crew->database, number, false);
    sim_broker_crashed(crew->broker, number, false);
    if (crew->workers[serving->worker].state == WORKER_DRAINING) {
        end_if_drained(crew, serving->worker);
    }
}

static void note_step(struct sim_crew *crew, uint32_t number, enum lane_progress progress,
                      const struct error *error)
{
    const struct lane *lane = &crew->servings[number].work;
    sim_note(crew->core, EVENT_STEP, number, progress,
             (uint64_t)lane->batches[0].phase << 8 | lane->batches[1].phase);
    if (progress == LANE_FAILED) {
        sim_note(crew->core, EVENT_FAILED, number, error->kind,
                 sim_hash(error->text, (uint32_t)strlen(error->text)));
    }
}

/* It was asked since whoever it is slept last. */
void sim_crew_sleep(struct sim_crew *crew, uint32_t plug, int64_t until)
{
    struct sim_core *core = crew->core;
    until = core->wakes[plug] < until ? core->wakes[plug] : until;
    due(crew, plug, until > core->now ? until : core->now + 1);
    core->wakes[plug] = SIM_NEVER;
    core->asleep[plug] = true;
}

/* The keeper tells the others. */
static void see_subscription(struct sim_crew *crew, struct sim_serving *serving)
{
    struct sim_core *core = crew->core;
    if (serving->work.subscribed == (serving->subscribed_at != SIM_NEVER)) {
        return;
    }
    serving->subscribed_at = serving->work.subscribed ? core->now : SIM_NEVER;
    if (crew->workers[serving->worker].state == WORKER_UP) {
        sim_timers_advance(&core->timers, ACTOR_KEEPER + serving->worker,
                           core->now + sim_between(core, 1, 5 * SIM_MS));
    }
}

static void go_on(struct sim_crew *crew, struct sim_serving *serving, enum lane_progress progress,
                  uint64_t now_ms)
{
    struct sim_core *core = crew->core;
    const uint32_t number = number_of(crew, serving);
    switch (progress) {
    case LANE_AGAIN:
    case LANE_FAILED:
        due(crew, number, core->now + sim_between(core, 1, 30));
        return;
    case LANE_WAIT:
        sim_crew_sleep(crew, number,
                       core->now + (int64_t)lane_wait_ms(&serving->work, now_ms) * SIM_MS);
        return;
    case LANE_DRAINED:
        drained(crew, serving);
        return;
    }
}

static void step_lane(struct sim_crew *crew, struct sim_serving *serving)
{
    const uint32_t number = number_of(crew, serving);
    const uint64_t now_ms = sim_crew_clock_ms(crew, serving->worker);
    const struct sim_watch watch = sim_watch_before(&serving->work);
    static struct error error; /* it is large, and seldom set */
    error.kind = ERROR_NONE;
    if (serving->ending_since != SIM_NEVER && crew->core->now - serving->ending_since > DRAIN_US) {
        lane_give_back(&serving->work); /* what it cannot finish in time */
    }
    const enum lane_progress progress = lane_step(&serving->work, now_ms, &error);
    note_step(crew, number, progress, &error);
    sim_watch_after(crew, number, &watch, progress, &error);
    if (sim_watch_crashes(crew, serving)) {
        crash(crew, serving->worker);
        return;
    }
    see_subscription(crew, serving);
    go_on(crew, serving, progress, now_ms);
}

static uint32_t worker_of(uint32_t plug)
{
    return plug < SIM_PLUG_SORTER    ? plug / SIM_QUEUE_SORT
           : plug < SIM_PLUG_SWEEPER ? plug - SIM_PLUG_SORTER
                                     : plug - SIM_PLUG_SWEEPER;
}

static bool is_there(const struct sim_crew *crew, uint32_t plug)
{
    const struct sim_duty *duty = &crew->duties[worker_of(plug)];
    return plug < SIM_PLUG_SORTER    ? crew->servings[plug].there
           : plug < SIM_PLUG_SWEEPER ? duty->sorts
                                     : duty->sweeps;
}

void sim_crew_step(struct sim_crew *crew, uint32_t plug)
{
    const uint32_t worker = worker_of(plug);
    crew->core->asleep[plug] = false;
    if (!is_there(crew, plug) || crew->workers[worker].state == WORKER_FROZEN) {
        due(crew, plug, SIM_NEVER);
        return;
    }
    if (strikes(crew, worker)) {
        return;
    }
    if (plug < SIM_PLUG_SORTER) {
        step_lane(crew, &crew->servings[plug]);
        return;
    }
    const bool goes_on =
        plug < SIM_PLUG_SWEEPER ? sim_sorter_step(crew, worker) : sim_sweeper_step(crew, worker);
    if (!goes_on && crew->workers[worker].state == WORKER_DRAINING) {
        end_if_drained(crew, worker);
    }
}

void sim_crew_turn(struct sim_crew *crew, uint32_t number)
{
    struct sim_worker *worker = &crew->workers[number];
    const int64_t now = crew->core->now;
    if (worker->broker_cut_until <= now) {
        mend_broker(crew, number);
    }
    if (worker->database_cut_until <= now) {
        mend_database(crew, number);
    }
    if (worker->until <= now) {
        switch (worker->state) {
        case WORKER_DOWN:
            start(crew, number);
            break;
        case WORKER_FROZEN:
            wake_up(crew, number);
            break;
        case WORKER_DRAINING:
        case WORKER_UP:
            worker->until = SIM_NEVER;
            break;
        }
    }
    set_timer(crew, number);
}

void sim_crew_begin(struct sim_crew *crew, struct sim_core *core, const struct sim_world *world,
                    struct sim_broker *broker, struct sim_database *database,
                    struct sim_workload *workload)
{
    crew->core = core;
    crew->world = world;
    crew->broker = broker;
    crew->database = database;
    crew->workload = workload;
    for (uint32_t i = 0; i < SIM_QUEUES_MAX; i++) {
        crew->owners[i] = SIM_WORKERS_MAX;
    }
    for (uint32_t i = 0; i < SIM_SERVINGS_MAX; i++) {
        crew->servings[i].there = false;
    }
    for (uint32_t i = 0; i < SIM_WORKERS_MAX; i++) {
        crew->duties[i].sorts = false;
        crew->duties[i].sweeps = false;
    }
    sim_changers_init(crew);
    for (uint32_t i = 0; i < world->workers; i++) {
        crew->workers[i] = (struct sim_worker){
            .until = SIM_NEVER, .broker_cut_until = SIM_NEVER, .database_cut_until = SIM_NEVER};
        start(crew, i);
    }
}

static void make_ill(struct sim_crew *crew)
{
    const uint32_t number = crew->world->ill_worker;
    struct sim_worker *worker = &crew->workers[number];
    switch (crew->world->ill) {
    case ILL_NONE:
        return;
    case ILL_DEAD:
        worker->gone = true;
        worker->until = SIM_NEVER;
        if (worker->state != WORKER_DOWN) {
            crash(crew, number);
        }
        break;
    case ILL_CUT_BROKER:
        cut_broker(crew, number, SIM_NEVER);
        break;
    case ILL_CUT_DATABASE:
        cut_database(crew, number, SIM_NEVER);
        break;
    }
    sim_note(crew->core, EVENT_GONE, number, crew->world->ill, 0);
    set_timer(crew, number);
}

void sim_crew_calm(struct sim_crew *crew)
{
    for (uint32_t i = 0; i < crew->world->workers; i++) {
        struct sim_worker *worker = &crew->workers[i];
        if (worker->broker_cut_until != SIM_NEVER) {
            mend_broker(crew, i);
        }
        if (worker->database_cut_until != SIM_NEVER) {
            mend_database(crew, i);
        }
        if (worker->state == WORKER_DOWN || worker->state == WORKER_FROZEN) {
            worker->until = crew->core->now + 1;
        }
        set_timer(crew, i);
    }
    make_ill(crew);
}

bool sim_crew_is_idle(const struct sim_crew *crew)
{
    for (uint32_t i = 0; i < SIM_SERVINGS_MAX; i++) {
        const struct sim_serving *serving = &crew->servings[i];
        const bool ill = serving->worker == crew->world->ill_worker && crew->world->ill != ILL_NONE;
        if (serving->there && !ill &&
            (serving->work.batches[0].count > 0 || serving->work.batches[1].count > 0)) {
            return false;
        }
    }
    return true;
}
