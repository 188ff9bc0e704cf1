/* SPDX-License-Identifier: Apache-2.0
 *
 * A lane of a worker: from the keeper's wish to serve it, step by step, to its end. */
#include <string.h>

#include "tests/sim/sim_watch.h"
#include "tests/sim/sim_worker.h"

#define DRAIN_US (4 * SIM_SECOND)

static void due(struct sim_crew *crew, uint32_t plug, int64_t at)
{
    sim_timers_set(&crew->core->timers, ACTOR_SERVING + plug, at);
}

static uint32_t number_of(const struct sim_crew *crew, const struct sim_serving *serving)
{
    return (uint32_t)(serving - crew->servings);
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
    serving->kept = (struct kept){.ending = false};
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
        sim_crew_end_if_drained(crew, serving->worker);
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
    struct error *error = sim_no_error(crew->core);
    if (serving->ending_since != SIM_NEVER && crew->core->now - serving->ending_since > DRAIN_US) {
        lane_give_back(&serving->work); /* what it cannot finish in time */
    }
    const enum lane_progress progress = lane_step(&serving->work, now_ms, error);
    note_step(crew, number, progress, error);
    sim_watch_after(crew, number, &watch, progress, error);
    if (sim_watch_crashes(crew, serving)) {
        sim_crew_crash(crew, serving->worker);
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
    if (sim_crew_strikes(crew, worker)) {
        return;
    }
    if (plug < SIM_PLUG_SORTER) {
        step_lane(crew, &crew->servings[plug]);
        return;
    }
    const bool goes_on =
        plug < SIM_PLUG_SWEEPER ? sim_sorter_step(crew, worker) : sim_sweeper_step(crew, worker);
    if (!goes_on && crew->workers[worker].state == WORKER_DRAINING) {
        sim_crew_end_if_drained(crew, worker);
    }
}
