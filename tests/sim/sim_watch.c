/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be seen of a lane from outside. */
#include "tests/sim/sim_watch.h"

#include <string.h>

struct sim_watch sim_watch_before(const struct lane *lane)
{
    return (struct sim_watch){.phases = {lane->batches[0].phase, lane->batches[1].phase},
                              .takeovers = lane->counters.takeovers,
                              .database_ready = lane->database_ready};
}

static bool is_active(const struct sim_crew *crew, uint32_t serving)
{
    const struct sim_plug *plug = &crew->broker->plugs[serving];
    return plug->consumer != SIM_CONSUMER_NONE &&
           crew->broker->consumers[plug->consumer].state == CONSUMER_ACTIVE;
}

static void see_phases(struct sim_crew *crew, uint32_t number, const struct sim_watch *before)
{
    struct sim_marks *marks = crew->core->marks;
    const struct lane *lane = &crew->servings[number].work;
    if (lane->batches[0].phase == before->phases[0] &&
        lane->batches[1].phase == before->phases[1]) {
        return;
    }
    const bool zombie = !is_active(crew, number);
    for (uint32_t i = 0; i < BATCHES; i++) {
        const struct batch *batch = &lane->batches[i];
        const struct batch *other = &lane->batches[1 - i];
        if (batch->phase == before->phases[i]) {
            continue;
        }
        if (before->phases[i] == BATCH_DECIDED && batch->phase == BATCH_SAVED && zombie) {
            SIM_MARK(marks, MARK_ZOMBIE_COMMITTED);
        }
        if (batch->phase == BATCH_PUBLISHED && zombie) {
            SIM_MARK(marks, MARK_ZOMBIE_PUBLISHED);
        }
        if (batch->phase == BATCH_DECIDED && other->phase != BATCH_EMPTY) {
            SIM_MARK(marks, MARK_OVERLAP);
        }
        if (before->phases[i] > BATCH_TAKEN && batch->phase == BATCH_TAKEN && batch->bad_end > 0) {
            SIM_MARK(marks, MARK_HALVED);
        }
    }
}

/* Who has the lane now. */
static void see_takeover(struct sim_crew *crew, const struct sim_serving *serving)
{
    const uint32_t before = crew->owners[serving->lane];
    crew->owners[serving->lane] = serving->worker;
    if (before == SIM_WORKERS_MAX || before == serving->worker) {
        return;
    }
    SIM_MARK(crew->core->marks, MARK_TAKEN_ELSEWHERE);
    if (crew->workers[before].state == WORKER_FROZEN) {
        SIM_MARK(crew->core->marks, MARK_TAKEOVER_OF_FROZEN);
    }
}

void sim_watch_after(struct sim_crew *crew, uint32_t number, const struct sim_watch *before,
                     enum lane_progress progress, const struct error *error)
{
    struct sim_marks *marks = crew->core->marks;
    const struct sim_serving *serving = &crew->servings[number];
    see_phases(crew, number, before);
    if (serving->work.counters.takeovers != before->takeovers) {
        see_takeover(crew, serving);
    }
    if (before->database_ready && !serving->work.database_ready) {
        SIM_MARK(marks, MARK_GIVEN_BACK_FOR_DATABASE);
    }
    if (progress != LANE_FAILED) {
        return;
    }
    if (error->kind == ERROR_FENCED) {
        SIM_MARK(marks, MARK_ZOMBIE_FENCED);
    }
    if (strstr(error->text, "came up after the stock was locked") != NULL) {
        SIM_MARK(marks, MARK_HOLD_CAME_UP);
    }
}

bool sim_watch_crashes(const struct sim_crew *crew, const struct sim_serving *serving)
{
    const struct batch *batch = &serving->work.batches[serving->work.front];
    const struct sim_account *account = crew->workload->account;
    if (batch->phase != BATCH_PARSED || crew->core->faults.rates[FAULT_CRASHING] == 0) {
        return false;
    }
    for (uint32_t i = batch->first; i < batch->first + batch->part; i++) {
        const uint32_t copy = sim_account_copy(account, batch->taken[i].delivery.traceparent);
        if (batch->taken[i].kind == TAKEN_JOB && copy != SIM_COPY_NONE &&
            sim_workload_crashes(crew->workload, copy)) {
            return true;
        }
    }
    return false;
}

static void see_crash(struct sim_marks *marks, enum batch_phase phase)
{
    switch (phase) {
    case BATCH_DECIDED:
        SIM_MARK(marks, MARK_CRASH_BEFORE_COMMIT);
        return;
    case BATCH_SAVED:
    case BATCH_COMPOSED:
        SIM_MARK(marks, MARK_CRASH_AFTER_COMMIT);
        return;
    case BATCH_PUBLISHED:
        SIM_MARK(marks, MARK_CRASH_UNCONFIRMED);
        return;
    case BATCH_CONFIRMED:
        SIM_MARK(marks, MARK_CRASH_BEFORE_ACK);
        return;
    case BATCH_EMPTY:
    case BATCH_TAKEN:
    case BATCH_PARSED:
    case BATCH_FOUND:
        return;
    }
}

void sim_watch_crash(struct sim_marks *marks, const struct lane *lane)
{
    see_crash(marks, lane->batches[0].phase);
    see_crash(marks, lane->batches[1].phase);
    if (lane->batches[0].count > 0 && lane->batches[1].count > 0) {
        SIM_MARK(marks, MARK_CRASH_BOTH_BATCHES);
    }
}

void sim_watch_wake(struct sim_marks *marks, const struct lane *lane)
{
    if (lane->batches[lane->front].phase == BATCH_DECIDED) {
        SIM_MARK(marks, MARK_ZOMBIE_WOKE_IN_TRANSACTION);
    }
}
