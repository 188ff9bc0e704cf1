/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps of sorters and sweepers, and the simulated sides of what they ask for. */
#include "tests/sim/sim_duty.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"
#include "tests/sim/sim_draw.h"
#include "tests/sim/sim_worker.h"

#define OFFICE_US                                                                   \
    (5 * SIM_SECOND) /* the server ends an idle transaction, and the office with it \
                      */

static struct sim_core *core_of(const struct sim_duty *duty)
{
    return duty->crew->core;
}

static bool reaches_database(const struct sim_duty *duty)
{
    const struct sim_database *database = duty->crew->database;
    return !database->cut[duty->worker] && core_of(duty)->now >= database->down_until;
}

/* ---- What a sorter asks for ---- */

/* PORT_DONE: the answer is there. */
static enum port_answer ask(struct sim_duty *duty, bool reached, struct error *error)
{
    struct sim_core *core = core_of(duty);
    duty->asking = !duty->asking;
    if (duty->asking) {
        sim_wake(core, SIM_PLUG_SORTER + duty->worker, core->now + sim_between(core, 100, 2000));
        return PORT_WAIT;
    }
    if (!reached || sim_strikes(core, FAULT_SORTER_REFUSED)) {
        error_set(error, ERROR_RETRY, "the server cannot be reached");
        return PORT_FAILED;
    }
    return PORT_DONE;
}

static uint32_t slot_of(const struct sim_known *known)
{
    if (known != NULL && known->decision != NULL) {
        return known->decision->slot;
    }
    return known != NULL && known->hold != NULL ? known->hold->slot : SORT_SLOT_UNKNOWN;
}

static enum port_answer find(void *self, const struct span *ids, uint32_t count, uint32_t *slots,
                             struct error *error)
{
    struct sim_duty *duty = self;
    const enum port_answer answer = ask(duty, reaches_database(duty), error);
    for (uint32_t i = 0; answer == PORT_DONE && i < count; i++) {
        slots[i] = slot_of(sim_rows_known(&duty->crew->database->rows, ids[i]));
        SIM_MARK(core_of(duty)->marks,
                 slots[i] == SORT_SLOT_UNKNOWN ? MARK_SORT_UNKNOWN : MARK_SORT_FOUND);
    }
    return answer;
}

static enum port_answer look(void *self, uint32_t first, uint32_t count, bool bound[SLOTS],
                             uint64_t *waited_ms, struct error *error)
{
    struct sim_duty *duty = self;
    *waited_ms = 0;
    const enum port_answer answer = ask(duty, !duty->crew->broker->cut[duty->worker], error);
    if (answer != PORT_DONE) {
        return answer;
    }
    const bool leads =
        sim_exchange_leads(duty->crew->broker) && !sim_strikes(core_of(duty), FAULT_SLOTS_UNBOUND);
    for (uint32_t slot = first; slot < first + count; slot++) {
        bound[slot] = leads;
    }
    if (!leads) {
        SIM_MARK(core_of(duty)->marks, MARK_SORT_UNBOUND);
    }
    return PORT_DONE;
}

static const struct sort_map_ops map_ops = {.find = find, .look = look};

/* ---- What a sweeper asks for ---- */

static enum port_answer elect(void *self, bool *elected, struct error *error)
{
    const struct sim_duty *duty = self;
    struct sim_tables *tables = &duty->crew->database->tables;
    const int64_t now = core_of(duty)->now;
    if (!reaches_database(duty)) {
        error_set(error, ERROR_RETRY, "the database cannot be reached");
        return PORT_FAILED;
    }
    *elected = tables->sweeper == SIM_WORKERS_MAX || now - tables->swept_at > OFFICE_US;
    if (*elected && tables->sweeper != SIM_WORKERS_MAX) {
        SIM_MARK(core_of(duty)->marks, MARK_SWEEPER_FOLLOWED);
    }
    if (*elected) {
        tables->sweeper = duty->worker;
        tables->swept_at = now;
    }
    return PORT_DONE;
}

static struct overdue overdue_of(const struct hold *hold)
{
    struct overdue overdue = {.slot = hold->slot};
    ENSURE(hold->id.size < sizeof overdue.id && hold->expires_at >= 0);
    memcpy(overdue.id, hold->id.bytes, hold->id.size);
    overdue.id[hold->id.size] = '\0';
    int64_t rest = hold->expires_at;
    for (uint32_t digits = 20; digits > 0; digits--, rest /= 10) {
        overdue.end[digits - 1] = (char)('0' + rest % 10);
    }
    return overdue;
}

/* By the end, then by the id. */
static int compare(const struct overdue *a, const struct overdue *b)
{
    const int order = strcmp(a->end, b->end);
    return order != 0 ? order : strcmp(a->id, b->id);
}

static void put_in_order(struct overdue *overdue, uint32_t count, struct overdue next)
{
    for (; count > 0 && compare(&overdue[count - 1], &next) > 0; count--) {
        overdue[count] = overdue[count - 1];
    }
    overdue[count] = next;
}

static enum port_answer look_for_overdue(void *self, const struct overdue *after,
                                         uint32_t count_max, struct overdue *overdue,
                                         uint32_t *count, struct error *error)
{
    const struct sim_duty *duty = self;
    struct sim_database *database = duty->crew->database;
    const instant now = sim_database_now(database);
    if (!reaches_database(duty) || database->tables.sweeper != duty->worker ||
        sim_strikes(core_of(duty), FAULT_OFFICE_LOST)) {
        SIM_MARK(core_of(duty)->marks, MARK_OFFICE_LOST);
        error_set(error, ERROR_RETRY, "the connection is lost");
        return PORT_FAILED;
    }
    database->tables.swept_at = core_of(duty)->now;
    *count = 0;
    for (uint32_t i = 0; i < database->rows.hold_count && *count < count_max; i++) {
        const struct hold *hold = database->rows.holds[i];
        if (hold->state != HOLD_ACTIVE || hold->expires_at > now) {
            continue;
        }
        const struct overdue next = overdue_of(hold);
        if ((after == NULL || compare(after, &next) < 0) &&
            sim_draw_expire(duty->crew->workload, hold) != SIM_JOB_NONE) {
            put_in_order(overdue, (*count)++, next);
        }
    }
    return PORT_DONE;
}

static void resign(void *self)
{
    const struct sim_duty *duty = self;
    struct sim_tables *tables = &duty->crew->database->tables;
    if (tables->sweeper == duty->worker) {
        tables->sweeper = SIM_WORKERS_MAX;
    }
}

static const struct overdue_ops overdue_ops = {
    .elect = elect, .look = look_for_overdue, .resign = resign};

/* ---- Life ---- */

bool sim_duties_open(struct sim_crew *crew)
{
    char *memory = malloc(SIM_WORKERS_MAX * (SORTER_MEMORY + SWEEPER_MEMORY));
    for (uint32_t i = 0; memory != NULL && i < SIM_WORKERS_MAX; i++) {
        struct sim_duty *duty = &crew->duties[i];
        duty->sorter_memory = memory + i * (SORTER_MEMORY + SWEEPER_MEMORY);
        duty->sweeper_memory = duty->sorter_memory + SORTER_MEMORY;
    }
    return memory != NULL;
}

void sim_duties_close(struct sim_crew *crew)
{
    free(crew->duties[0].sorter_memory);
}

static void start_sorter(struct sim_duty *duty, uint32_t plug)
{
    sorter_init(&duty->sorter, "till",
                sim_broker_port(duty->crew->broker, plug, duty->worker, SIM_QUEUE_SORT),
                (struct sort_map){&map_ops, duty}, prng_next(&core_of(duty)->chance),
                duty->sorter_memory);
    duty->asking = false;
    duty->sorts = true;
}

static void start_sweeper(struct sim_duty *duty, uint32_t plug)
{
    const struct swept swept = {{1, 2}, duty->swept, SIM_SWEPT};
    memset(duty->swept, 0, sizeof duty->swept);
    sweeper_init(&duty->sweeper,
                 sim_broker_port(duty->crew->broker, plug, duty->worker, SIM_QUEUE_SORT),
                 (struct overdue_source){&overdue_ops, duty}, swept,
                 prng_next(&core_of(duty)->chance), duty->sweeper_memory);
    duty->sweeps = true;
}

static void begin_plug(struct sim_core *core, uint32_t plug)
{
    core->wakes[plug] = SIM_NEVER;
    core->asleep[plug] = false;
    sim_timers_set(&core->timers, ACTOR_SERVING + plug,
                   core->now + sim_between(core, 1, 10 * SIM_MS));
}

void sim_duty_start(struct sim_crew *crew, uint32_t worker)
{
    struct sim_duty *duty = &crew->duties[worker];
    duty->crew = crew;
    duty->worker = worker;
    if (crew->world->sorts) {
        start_sorter(duty, SIM_PLUG_SORTER + worker);
        begin_plug(crew->core, SIM_PLUG_SORTER + worker);
    }
    if (crew->world->sweeps) {
        start_sweeper(duty, SIM_PLUG_SWEEPER + worker);
        begin_plug(crew->core, SIM_PLUG_SWEEPER + worker);
    }
}

void sim_duty_drain(struct sim_crew *crew, uint32_t worker)
{
    struct sim_duty *duty = &crew->duties[worker];
    if (duty->sorts) {
        sorter_drain(&duty->sorter);
        sim_timers_set(&crew->core->timers, ACTOR_SERVING + SIM_PLUG_SORTER + worker,
                       crew->core->now + 1);
    }
    if (duty->sweeps) {
        sweeper_drain(&duty->sweeper);
        sim_timers_set(&crew->core->timers, ACTOR_SERVING + SIM_PLUG_SWEEPER + worker,
                       crew->core->now + 1);
    }
}

static void see_crash(const struct sim_duty *duty)
{
    const struct sort_batch *back = &duty->sorter.batches[1 - duty->sorter.front];
    if (duty->sorts && back->phase == SORT_PUBLISHED) {
        SIM_MARK(core_of(duty)->marks, MARK_SORTER_DIED_UNCONFIRMED);
    }
    if (duty->sorts && back->phase == SORT_CONFIRMED) {
        SIM_MARK(core_of(duty)->marks, MARK_SORTER_DIED_BEFORE_ACK);
    }
    if (duty->sweeps && duty->sweeper.phase == SWEEP_CONFIRMING) {
        SIM_MARK(core_of(duty)->marks, MARK_SWEEPER_DIED_UNCONFIRMED);
    }
}

void sim_duty_crashed(struct sim_crew *crew, uint32_t worker, bool silently)
{
    struct sim_duty *duty = &crew->duties[worker];
    see_crash(duty);
    if (duty->sweeps && !silently) {
        resign(duty);
    }
    if (duty->sorts) {
        sim_broker_crashed(crew->broker, SIM_PLUG_SORTER + worker, silently);
    }
    if (duty->sweeps) {
        sim_broker_crashed(crew->broker, SIM_PLUG_SWEEPER + worker, silently);
    }
    duty->sorts = false;
    duty->sweeps = false;
}

/* ---- Steps ---- */

/* False: it is drained. */
static bool go_on(struct sim_crew *crew, uint32_t plug, enum duty_progress progress,
                  uint64_t wait_ms)
{
    struct sim_core *core = crew->core;
    switch (progress) {
    case DUTY_AGAIN:
    case DUTY_FAILED:
        sim_timers_set(&core->timers, ACTOR_SERVING + plug, core->now + sim_between(core, 1, 30));
        return true;
    case DUTY_WAIT:
        sim_crew_sleep(crew, plug, core->now + (int64_t)wait_ms * SIM_MS);
        return true;
    case DUTY_DRAINED:
        break;
    }
    sim_timers_set(&core->timers, ACTOR_SERVING + plug, SIM_NEVER);
    return false;
}

static void note(struct sim_crew *crew, uint32_t plug, enum duty_progress progress,
                 const struct error *error)
{
    sim_note(crew->core, EVENT_DUTY, plug, progress, 0);
    if (progress == DUTY_FAILED) {
        sim_note(crew->core, EVENT_FAILED, plug, error->kind,
                 sim_hash(error->text, (uint32_t)strlen(error->text)));
    }
}

bool sim_sorter_step(struct sim_crew *crew, uint32_t worker)
{
    struct sim_duty *duty = &crew->duties[worker];
    const uint32_t plug = SIM_PLUG_SORTER + worker;
    const uint64_t now_ms = sim_crew_clock_ms(crew, worker);
    struct error *error = sim_no_error(crew->core);
    const enum duty_progress progress = sorter_step(&duty->sorter, now_ms, error);
    note(crew, plug, progress, error);
    duty->sorts = go_on(crew, plug, progress, sorter_wait_ms(&duty->sorter, now_ms));
    return duty->sorts;
}

bool sim_sweeper_step(struct sim_crew *crew, uint32_t worker)
{
    struct sim_duty *duty = &crew->duties[worker];
    const uint32_t plug = SIM_PLUG_SWEEPER + worker;
    const uint64_t now_ms = sim_crew_clock_ms(crew, worker);
    struct error *error = sim_no_error(crew->core);
    const enum duty_progress progress = sweeper_step(&duty->sweeper, now_ms, error);
    note(crew, plug, progress, error);
    duty->sweeps = go_on(crew, plug, progress, sweeper_wait_ms(&duty->sweeper, now_ms));
    if (!duty->sweeps) {
        resign(duty);
    }
    return duty->sweeps;
}
