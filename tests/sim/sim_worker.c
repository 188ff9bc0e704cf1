/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of workers. */
#include "tests/sim/sim_worker.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"
#include "tests/sim/sim_watch.h"

#define LANE_MEMORY ((size_t)BATCHES * BATCH_MEMORY)

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
    sim_keepers_close(crew);
    free(crew->servings[0].memory);
}

static void due(struct sim_crew *crew, uint32_t plug, int64_t at)
{
    sim_timers_set(&crew->core->timers, ACTOR_SERVING + plug, at);
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
void sim_crew_crash(struct sim_crew *crew, uint32_t number)
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
    sim_driver_died(&crew->changers[number]);
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
void sim_crew_end_if_drained(struct sim_crew *crew, uint32_t number)
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
    sim_crew_end_if_drained(crew, number);
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
bool sim_crew_strikes(struct sim_crew *crew, uint32_t number)
{
    struct sim_core *core = crew->core;
    if (sim_strikes(core, FAULT_CRASH)) {
        sim_crew_crash(crew, number);
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
            sim_crew_crash(crew, number);
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
