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
    return memory != NULL;
}

void sim_crew_close(struct sim_crew *crew)
{
    free(crew->servings[0].memory);
}

static void due(struct sim_crew *crew, uint32_t serving, int64_t at)
{
    sim_timers_set(&crew->core->timers, ACTOR_SERVING + serving, at);
}

static uint64_t clock_ms(const struct sim_crew *crew, uint32_t worker)
{
    return (uint64_t)((crew->core->now + crew->workers[worker].clock) / SIM_MS + 1);
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

static void serve(struct sim_crew *crew, uint32_t worker, uint32_t lane)
{
    const uint32_t number = worker * SIM_LANES_MAX + lane;
    struct sim_serving *serving = &crew->servings[number];
    const struct lane_plan plan = {.namespace = "till",
                                   .generation = 1,
                                   .lane = lane,
                                   .jobs_max = crew->world->jobs_max[worker]};
    crew->core->wakes[number] = SIM_NEVER;
    crew->core->asleep[number] = false;
    serving->there = true;
    serving->stopped = false;
    serving->worker = worker;
    serving->lane = lane;
    lane_init(&serving->work, &plan, sim_broker_port(crew->broker, number, worker, lane),
              sim_database_port(crew->database, number, worker, lane),
              prng_next(&crew->core->chance), serving->memory);
    due(crew, number, crew->core->now + sim_between(crew->core, 1, SIM_MS));
}

static void start(struct sim_crew *crew, uint32_t number)
{
    struct sim_worker *worker = &crew->workers[number];
    worker->state = WORKER_UP;
    worker->until = SIM_NEVER;
    worker->runs++;
    worker->clock = sim_between(crew->core, 0, 1000) * SIM_SECOND;
    sim_note(crew->core, EVENT_STARTED, number, worker->runs, 0);
    for (uint32_t lane = 0; lane < crew->world->lanes; lane++) {
        if ((crew->world->serves[number] & 1u << lane) != 0) {
            serve(crew, number, lane);
        }
    }
}

static void stop(struct sim_crew *crew, uint32_t number, int64_t away)
{
    struct sim_worker *worker = &crew->workers[number];
    worker->state = WORKER_DOWN;
    worker->until = worker->gone ? SIM_NEVER : crew->core->now + away;
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        crew->servings[number * SIM_LANES_MAX + i].there = false;
        due(crew, number * SIM_LANES_MAX + i, SIM_NEVER);
    }
    set_timer(crew, number);
}

/* The process is gone, with all its lanes. */
static void crash(struct sim_crew *crew, uint32_t number)
{
    struct sim_core *core = crew->core;
    const bool silently = sim_strikes(core, FAULT_MACHINE_LOST) || crew->broker->cut[number];
    sim_note(core, EVENT_CRASHED, number, silently, 0);
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        const uint32_t serving = number * SIM_LANES_MAX + i;
        if (crew->servings[serving].there) {
            sim_watch_crash(core->marks, &crew->servings[serving].work);
            sim_database_crashed(crew->database, serving, silently);
            sim_broker_crashed(crew->broker, serving, silently);
        }
    }
    stop(crew, number, sim_between(core, 1, 2000) * SIM_MS);
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
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        const uint32_t serving = number * SIM_LANES_MAX + i;
        if (crew->servings[serving].there && frozen > 15 * SIM_SECOND) {
            sim_broker_silent(crew->broker, serving);
        }
        due(crew, serving, SIM_NEVER);
    }
    set_timer(crew, number);
}

static void wake_up(struct sim_crew *crew, uint32_t number)
{
    struct sim_worker *worker = &crew->workers[number];
    worker->state = WORKER_UP;
    worker->until = SIM_NEVER;
    sim_note(crew->core, EVENT_WOKE, number, 0, 0);
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        const uint32_t serving = number * SIM_LANES_MAX + i;
        if (crew->servings[serving].there) {
            sim_watch_wake(crew->core->marks, &crew->servings[serving].work);
            due(crew, serving, crew->core->now + sim_between(crew->core, 1, 100));
        }
    }
}

static void drain(struct sim_crew *crew, uint32_t number)
{
    struct sim_worker *worker = &crew->workers[number];
    worker->state = WORKER_DRAINING;
    worker->until = crew->core->now + DRAIN_US;
    sim_note(crew->core, EVENT_DRAINING, number, 0, 0);
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        const uint32_t serving = number * SIM_LANES_MAX + i;
        if (crew->servings[serving].there) {
            lane_drain(&crew->servings[serving].work);
            due(crew, serving, crew->core->now + 1);
        }
    }
    set_timer(crew, number);
}

static void cut_broker(struct sim_crew *crew, uint32_t number, int64_t span)
{
    crew->workers[number].broker_cut_until = span == SIM_NEVER ? SIM_NEVER : crew->core->now + span;
    crew->broker->cut[number] = true;
    sim_note(crew->core, EVENT_CUT, number, 0, (uint64_t)span);
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        sim_broker_silent(crew->broker, number * SIM_LANES_MAX + i);
    }
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
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        sim_broker_forget(crew->broker, number * SIM_LANES_MAX + i);
    }
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
    if (sim_strikes(core, FAULT_FREEZE)) {
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

/* A lane has come to its end; with the last one the process ends. */
static void drained(struct sim_crew *crew, struct sim_serving *serving)
{
    const uint32_t number = (uint32_t)(serving - crew->servings);
    serving->stopped = true;
    due(crew, number, SIM_NEVER);
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        const struct sim_serving *other = &crew->servings[serving->worker * SIM_LANES_MAX + i];
        if (other->there && !other->stopped) {
            return;
        }
    }
    SIM_MARK(crew->core->marks, MARK_DRAINED);
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        const uint32_t place = serving->worker * SIM_LANES_MAX + i;
        if (crew->servings[place].there) {
            sim_database_crashed(crew->database, place, false);
            sim_broker_crashed(crew->broker, place, false);
        }
    }
    stop(crew, serving->worker, sim_between(crew->core, 1, 500) * SIM_MS);
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

/* Or until a port has something: it was asked since the lane slept last. */
static void sleep_until(struct sim_crew *crew, uint32_t number, int64_t at)
{
    struct sim_core *core = crew->core;
    at = core->wakes[number] < at ? core->wakes[number] : at;
    due(crew, number, at > core->now ? at : core->now + 1);
    core->wakes[number] = SIM_NEVER;
    core->asleep[number] = true;
}

void sim_crew_step(struct sim_crew *crew, uint32_t number)
{
    struct sim_core *core = crew->core;
    struct sim_serving *serving = &crew->servings[number];
    struct error error = {.kind = ERROR_NONE};
    core->asleep[number] = false;
    if (!serving->there || serving->stopped ||
        crew->workers[serving->worker].state == WORKER_FROZEN) {
        due(crew, number, SIM_NEVER);
        return;
    }
    if (strikes(crew, serving->worker)) {
        return;
    }
    const struct sim_watch watch = sim_watch_before(&serving->work);
    const uint64_t now_ms = clock_ms(crew, serving->worker);
    const enum lane_progress progress = lane_step(&serving->work, now_ms, &error);
    note_step(crew, number, progress, &error);
    sim_watch_after(crew, number, &watch, progress, &error);
    if (sim_watch_crashes(crew, serving)) {
        crash(crew, serving->worker);
        return;
    }
    switch (progress) {
    case LANE_AGAIN:
    case LANE_FAILED:
        due(crew, number, core->now + sim_between(core, 1, 30));
        return;
    case LANE_WAIT:
        sleep_until(crew, number,
                    core->now + (int64_t)lane_wait_ms(&serving->work, now_ms) * SIM_MS);
        return;
    case LANE_DRAINED:
        drained(crew, serving);
        return;
    }
}

/* Past its time, a drained lane gives back what it cannot finish. */
static void hurry(struct sim_crew *crew, uint32_t number)
{
    crew->workers[number].until = crew->core->now + DRAIN_US;
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        struct sim_serving *serving = &crew->servings[number * SIM_LANES_MAX + i];
        if (serving->there && !serving->stopped) {
            lane_give_back(&serving->work);
            due(crew, number * SIM_LANES_MAX + i, crew->core->now + 1);
        }
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
            hurry(crew, number);
            break;
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
    for (uint32_t i = 0; i < SIM_LANES_MAX; i++) {
        crew->owners[i] = SIM_WORKERS_MAX;
    }
    for (uint32_t i = 0; i < SIM_SERVINGS_MAX; i++) {
        crew->servings[i].there = false;
    }
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
