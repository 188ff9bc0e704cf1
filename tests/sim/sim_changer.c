/* SPDX-License-Identifier: Apache-2.0
 *
 * What the steps of a change and of a retirement do to the simulated servers. */
#include "tests/sim/sim_changer.h"

#include <string.h>

#include "common/base/ensure.h"
#include "tests/sim/sim_worker.h"
#include "worker/lane/backoff.h"

#define COMMAND_ID 1000000u

static struct sim_tables *tables_of(const struct sim_driver *driver)
{
    return &driver->crew->database->tables;
}

static struct sim_broker *broker_of(const struct sim_driver *driver)
{
    return driver->crew->broker;
}

static instant now_of(const struct sim_driver *driver)
{
    return sim_database_now(driver->crew->database);
}

/* ---- What goes wrong ---- */

static bool fails(const char *why, struct error *error)
{
    return error_set(error, ERROR_RETRY, "%s", why);
}

static bool reaches_database(const struct sim_driver *driver, struct error *error)
{
    const struct sim_database *database = driver->crew->database;
    const int64_t now = driver->crew->core->now;
    const bool cut = driver->worker < SIM_WORKERS_MAX && database->cut[driver->worker];
    if (cut || now < database->down_until || now < database->read_only_until ||
        sim_strikes(driver->crew->core, FAULT_DRIVER_FAILS)) {
        return fails("the database cannot be reached", error);
    }
    return true;
}

static bool reaches_broker(const struct sim_driver *driver, struct error *error)
{
    const bool cut = driver->worker < SIM_WORKERS_MAX && broker_of(driver)->cut[driver->worker];
    if (cut || sim_strikes(driver->crew->core, FAULT_DRIVER_FAILS)) {
        return fails("the broker cannot be reached", error);
    }
    return true;
}

/* It is done, but maybe nobody hears of it. */
static bool done(const struct sim_driver *driver, struct error *error)
{
    if (sim_strikes(driver->crew->core, FAULT_DRIVER_FAILS)) {
        SIM_MARK(driver->crew->core->marks, MARK_DRIVER_UNSURE);
        return fails("the answer is lost", error);
    }
    return true;
}

/* ---- A change ---- */

static bool look(void *self, struct lanes_change *change, struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_database(driver, error)) {
        return false;
    }
    const uint32_t coming = sim_tables_find(tables_of(driver), GENERATION_COMING);
    const uint32_t before =
        coming == 0 ? SIM_DRIVER_NONE : sim_tables_generation(tables_of(driver), coming)->driver;
    sim_tables_take(tables_of(driver), driver->id, now_of(driver), change);
    if (change->ours && before != SIM_DRIVER_NONE && before != driver->id) {
        SIM_MARK(driver->crew->core->marks, MARK_DRIVER_FOLLOWED);
    }
    return done(driver, error);
}

/* The exchange is nothing that is seen here; then the queues, then the slots. */
static bool declare(void *self, const struct lanes_change *change, uint32_t first, uint32_t count,
                    struct error *error)
{
    const struct sim_driver *driver = self;
    struct sim_broker *broker = broker_of(driver);
    if (!reaches_broker(driver, error)) {
        return false;
    }
    for (uint32_t part = first; part < first + count; part++) {
        if (part > 0 && part <= change->lanes) {
            broker->queues[sim_queue_of(change->generation, part - 1)].there = true;
        } else if (part > change->lanes) {
            broker->exchanges.slots_bound[change->generation - 1] = true;
        }
    }
    return done(driver, error);
}

/* Whoever dies now leaves a binding behind. */
static bool bind(void *self, const struct lanes_change *change, struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_broker(driver, error)) {
        return false;
    }
    broker_of(driver)->exchanges.led_to[change->generation - 1] = true;
    return done(driver, error);
}

static bool may_lead(void *self, const struct lanes_change *change, bool *leads,
                     struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_database(driver, error)) {
        return false;
    }
    *leads = sim_tables_leads_to(tables_of(driver), change->generation);
    return done(driver, error);
}

static bool take_back(void *self, const struct lanes_change *change, struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_broker(driver, error)) {
        return false;
    }
    SIM_MARK(driver->crew->core->marks, MARK_BOUND_TOO_LATE);
    broker_of(driver)->exchanges.led_to[change->generation - 1] = false;
    return done(driver, error);
}

static bool unbind(void *self, const struct lanes_change *change, struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_database(driver, error) || !reaches_broker(driver, error)) {
        return false;
    }
    sim_exchanges_unbind(&broker_of(driver)->exchanges, change->generation - 1);
    return done(driver, error);
}

static bool mark(void *self, const struct lanes_change *change, uint32_t first, uint32_t count,
                 struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_broker(driver, error)) {
        return false;
    }
    for (uint32_t lane = first; lane < first + count; lane++) {
        const uint32_t queue = sim_queue_of(change->source, lane);
        if (!broker_of(driver)->queues[queue].there) {
            return fails("no such queue", error);
        }
        sim_exchange_mark(broker_of(driver), queue, change->generation);
    }
    return done(driver, error);
}

static bool record(void *self, const struct lanes_change *change, enum change_step next,
                   struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_database(driver, error)) {
        return false;
    }
    sim_tables_record(tables_of(driver), change, next, now_of(driver));
    return done(driver, error);
}

static bool finish(void *self, const struct lanes_change *change, struct error *error)
{
    const struct sim_driver *driver = self;
    struct sim_marks *marks = driver->crew->core->marks;
    if (!reaches_database(driver, error)) {
        return false;
    }
    sim_tables_finish(tables_of(driver), change);
    SIM_MARK(marks, change->lanes > change->source_lanes ? MARK_MORE_LANES : MARK_FEWER_LANES);
    return done(driver, error);
}

static const struct change_ops change_ops = {
    .look = look,
    .declare = declare,
    .bind = bind,
    .leads = may_lead,
    .take_back = take_back,
    .unbind = unbind,
    .mark = mark,
    .record = record,
    .finish = finish,
};

/* ---- A generation that goes ---- */

static bool find_retiring(void *self, struct retirement *retirement, struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_database(driver, error)) {
        return false;
    }
    sim_tables_find_retiring(tables_of(driver), driver->id, now_of(driver), retirement);
    return done(driver, error);
}

static bool look_at_queues(void *self, const struct retirement *retirement, uint32_t first,
                           uint32_t count, struct retirement_look *look, struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_broker(driver, error)) {
        return false;
    }
    for (uint32_t lane = first; lane < first + count; lane++) {
        sim_broker_look(broker_of(driver), sim_queue_of(retirement->generation, lane), look);
    }
    return done(driver, error);
}

/* What channels still hold back comes when it is too late to be decided, or even later. */
static void come_late(const struct sim_driver *driver, const struct retirement *retirement)
{
    for (uint32_t lane = 0; lane < retirement->lanes; lane++) {
        if (sim_between(driver->crew->core, 0, 1) == 0) {
            sim_exchange_flush(broker_of(driver), sim_queue_of(retirement->generation, lane));
        }
    }
}

/* Whoever has a lane's row locked is waited for: here, by trying again. */
static bool retire(void *self, const struct retirement *retirement, struct error *error)
{
    const struct sim_driver *driver = self;
    const struct sim_database *database = driver->crew->database;
    if (!reaches_database(driver, error)) {
        return false;
    }
    for (uint32_t lane = 0; lane < retirement->lanes; lane++) {
        const uint32_t queue = sim_queue_of(retirement->generation, lane);
        if (database->lane_holders[queue] != SIM_SESSION_NONE) {
            return fails("a lane's row is locked", error);
        }
    }
    sim_tables_retire(tables_of(driver), retirement->generation);
    SIM_MARK(driver->crew->core->marks, MARK_RETIRED);
    come_late(driver, retirement);
    return done(driver, error);
}

/* What channels still hold back for a queue comes at the last moment. */
static bool remove_queues(void *self, const struct retirement *retirement, uint32_t first,
                          uint32_t count, bool *left, struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_database(driver, error) || !reaches_broker(driver, error)) {
        return false;
    }
    *left =
        !sim_tables_goes_on(tables_of(driver), driver->id, retirement->generation, now_of(driver));
    for (uint32_t lane = first; lane < first + count && !*left; lane++) {
        const uint32_t queue = sim_queue_of(retirement->generation, lane);
        struct retirement_look look = {0};
        sim_exchange_flush(broker_of(driver), queue);
        sim_broker_look(broker_of(driver), queue, &look);
        *left = look.ready > 0 || look.consumers > 0;
        if (!*left) {
            sim_broker_delete(broker_of(driver), queue);
        }
    }
    return done(driver, error);
}

static bool restore(void *self, const struct retirement *retirement, uint32_t first, uint32_t count,
                    struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_broker(driver, error)) {
        return false;
    }
    for (uint32_t lane = first; lane < first + count; lane++) {
        broker_of(driver)->queues[sim_queue_of(retirement->generation, lane)].there = true;
    }
    return done(driver, error);
}

static bool revive(void *self, const struct retirement *retirement, struct error *error)
{
    const struct sim_driver *driver = self;
    if (!reaches_database(driver, error)) {
        return false;
    }
    sim_tables_revive(tables_of(driver), retirement->generation);
    SIM_MARK(driver->crew->core->marks, MARK_REVIVED);
    return done(driver, error);
}

/* With its exchange go the bindings to it. */
static bool forget(void *self, const struct retirement *retirement, struct error *error)
{
    const struct sim_driver *driver = self;
    struct sim_exchanges *exchanges = &broker_of(driver)->exchanges;
    if (!reaches_broker(driver, error)) {
        return false;
    }
    exchanges->led_to[retirement->generation - 1] = false;
    exchanges->slots_bound[retirement->generation - 1] = false;
    if (!reaches_database(driver, error)) {
        return false;
    }
    sim_tables_forget(tables_of(driver), retirement->generation);
    SIM_MARK(driver->crew->core->marks, MARK_REMOVED);
    return done(driver, error);
}

static const struct retirement_ops retirement_ops = {
    .find = find_retiring,
    .look = look_at_queues,
    .retire = retire,
    .remove = remove_queues,
    .restore = restore,
    .revive = revive,
    .forget = forget,
};

/* ---- Turns ---- */

static void make_driver(struct sim_crew *crew, struct sim_driver *driver, uint32_t id,
                        uint32_t worker)
{
    *driver = (struct sim_driver){.crew = crew, .there = true, .id = id, .worker = worker};
    driver_init(&driver->driver, &change_ops, &retirement_ops, driver);
}

/* Workers look for work once a second; here those who found none sleep until there is some. */
static void wake_sleeping(struct sim_crew *crew)
{
    for (uint32_t i = 0; i < crew->world->workers; i++) {
        if (crew->workers[i].state == WORKER_UP &&
            crew->core->timers.due[ACTOR_CHANGER + i] == SIM_NEVER) {
            sim_timers_set(&crew->core->timers, ACTOR_CHANGER + i,
                           crew->core->now + sim_between(crew->core, 1, SIM_SECOND));
        }
    }
}

/* Returns the pause. */
static int64_t drive(struct sim_driver *driver)
{
    struct sim_core *core = driver->crew->core;
    const enum change_progress progress = driver_turn(&driver->driver, sim_no_error(core));
    const int64_t least = driver_pause_ms(&driver->driver, progress) * SIM_MS;
    sim_note(core, EVENT_DRIVEN, (uint32_t)driver->worker, driver->driver.change.step, progress);
    if (sim_tables_has_work(tables_of(driver))) {
        wake_sleeping(driver->crew);
    }
    if (sim_strikes(core, FAULT_DRIVER_FROZEN)) {
        SIM_MARK(core->marks, MARK_DRIVER_FROZEN);
        return sim_between(core, SIM_SECOND, sim_between(core, 2, 30) * SIM_SECOND);
    }
    if (progress == CHANGE_FAILED) {
        return least + backoff_ms(driver->driver.failures, &core->chance) * SIM_MS;
    }
    return least + sim_between(core, 200, 5 * SIM_MS); /* the turn itself */
}

void sim_changer_turn(struct sim_crew *crew, uint32_t worker)
{
    struct sim_core *core = crew->core;
    int64_t at = SIM_NEVER;
    if (sim_tables_has_work(&crew->database->tables)) {
        at = core->now + drive(&crew->changers[worker]);
    }
    sim_timers_set(&core->timers, ACTOR_CHANGER + worker, at);
}

static void wake_all(struct sim_crew *crew)
{
    for (uint32_t i = 0; i < crew->world->workers; i++) {
        if (crew->workers[i].state == WORKER_UP) {
            sim_timers_advance(&crew->core->timers, ACTOR_CHANGER + i,
                               crew->core->now + sim_between(crew->core, 1, SIM_SECOND));
            sim_timers_advance(&crew->core->timers, ACTOR_KEEPER + i,
                               crew->core->now + sim_between(crew->core, 1, SIM_SECOND));
        }
    }
}

void sim_changer_begin(struct sim_crew *crew, uint32_t worker)
{
    struct sim_driver *driver = &crew->changers[worker];
    const uint32_t id = 1 + worker + SIM_WORKERS_MAX * crew->workers[worker].runs;
    if (!driver->there || driver->id != id) {
        make_driver(crew, driver, id, worker);
    }
    sim_timers_set(&crew->core->timers, ACTOR_CHANGER + worker,
                   crew->core->now + sim_between(crew->core, 1, SIM_SECOND));
}

void sim_changer_pause(struct sim_crew *crew, uint32_t worker)
{
    sim_timers_set(&crew->core->timers, ACTOR_CHANGER + worker, SIM_NEVER);
}

/* ---- Commands ---- */

static void end_command(struct sim_crew *crew, uint32_t command)
{
    crew->commands[command].there = false;
    sim_timers_set(&crew->core->timers, ACTOR_COMMAND + command, SIM_NEVER);
}

/* False: there is nothing that it could drive. */
static bool begin_command(struct sim_driver *driver)
{
    struct sim_crew *crew = driver->crew;
    struct sim_tables *tables = tables_of(driver);
    struct lanes_change change;
    if (!reaches_database(driver, sim_no_error(crew->core))) {
        return false;
    }
    sim_tables_begin(tables, driver->lanes, driver->id, now_of(driver));
    sim_tables_read(tables, now_of(driver), &change);
    if (change.generation != 0 && change.lanes != driver->lanes) {
        SIM_MARK(crew->core->marks, MARK_SCALE_REFUSED);
        return false;
    }
    driver->generation = change.generation;
    sim_note(crew->core, EVENT_SCALED, driver->lanes, change.generation, 0);
    wake_all(crew);
    return change.generation != 0;
}

void sim_driver_died(const struct sim_driver *driver)
{
    static const enum sim_mark seen[CHANGE_STEPS] = {MARK_DIED_AT_RETIRE, MARK_DIED_AT_DECLARE,
                                                     MARK_DIED_AT_BIND,   MARK_DIED_AT_UNBIND,
                                                     MARK_DIED_AT_MARK,   MARK_DIED_AT_DRAIN};
    if (driver->there && driver->driver.change.phase == CHANGE_RECORDS) {
        SIM_MARK(driver->crew->core->marks, seen[driver->driver.change.step]);
    }
}

void sim_scale_turn(struct sim_crew *crew, uint32_t command)
{
    struct sim_driver *driver = &crew->commands[command];
    struct sim_core *core = crew->core;
    if (!driver->there) {
        make_driver(crew, driver, COMMAND_ID + command, SIM_WORKERS_MAX);
        driver->lanes = crew->world->scales[command].lanes;
        if (!begin_command(driver)) {
            end_command(crew, command);
            return;
        }
    }
    const int64_t pause = drive(driver);
    const uint32_t current = sim_tables_find(tables_of(driver), GENERATION_CURRENT);
    if (sim_strikes(core, FAULT_DRIVER_DIES)) {
        sim_driver_died(driver);
        end_command(crew, command);
        return;
    }
    if (current >= driver->generation) {
        end_command(crew, command);
        return;
    }
    sim_timers_set(&core->timers, ACTOR_COMMAND + command, core->now + pause);
}

void sim_changers_init(struct sim_crew *crew)
{
    for (uint32_t i = 0; i < SIM_WORKERS_MAX; i++) {
        crew->changers[i].there = false;
    }
    for (uint32_t i = 0; i < SIM_SCALES_MAX; i++) {
        crew->commands[i].there = false;
        sim_timers_set(&crew->core->timers, ACTOR_COMMAND + i,
                       crew->world->scales[i].lanes == 0 ? SIM_NEVER : crew->world->scales[i].at);
    }
}

bool sim_changers_are_done(const struct sim_crew *crew)
{
    for (uint32_t i = 0; i < SIM_SCALES_MAX; i++) {
        if (crew->core->timers.due[ACTOR_COMMAND + i] != SIM_NEVER) {
            return false;
        }
    }
    /* Whoever does not hear of it that a generation is retired stays, and its queues with him. */
    const struct sim_tables *tables = &crew->database->tables;
    return crew->world->ill == ILL_CUT_DATABASE ? sim_tables_find(tables, GENERATION_COMING) == 0
                                                : !sim_tables_has_work(tables);
}
