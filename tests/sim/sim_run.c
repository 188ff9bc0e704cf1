/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop: whose turn it is, and when all is over. */
#include "tests/sim/sim_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"

#define ARENA_SIZE    (32u * 1024u * 1024u)
#define CALM_LOOK_US  (50 * SIM_MS)
#define STORM_MOST_US (180 * SIM_SECOND)
#define CALM_MOST_US  (300 * SIM_SECOND) /* by then everything must be done */
#define TURNS_MAX     20000000u

/* Where an ENSURE of the worker leads to. */
static struct sim_run *running;

void ensure_failed(const char *condition, const char *file, int line)
{
    if (running == NULL) {
        (void)fprintf(stderr, "%s:%d: %s\n", file, line, condition);
        abort();
    }
    sim_break(&running->core, "%s:%d: ENSURE(%s)", file, line, condition);
    longjmp(running->broken, 1);
}

bool sim_run_open(struct sim_run *run)
{
    run->memory = malloc(2 * ARENA_SIZE);
    run->marks = (struct sim_marks){.counts = {0}};
    run->turns_of_all = 0;
    run->jobs_of_all = 0;
    return run->memory != NULL && sim_crew_open(&run->crew);
}

void sim_run_close(struct sim_run *run)
{
    sim_crew_close(&run->crew);
    free(run->memory);
}

static void put_tables(struct sim_run *run)
{
    struct sim_rows *rows = &run->database.rows;
    rows->stores[rows->store_count++] =
        (struct store){.name = SPAN_OF("web"), .pool = SPAN_OF("main")};
    if (run->world.pools > 1) {
        rows->stores[0].pool = SPAN_OF("second");
        rows->others = run->world.seed % 2 == 0 ? SPAN_OF("second") : SPAN_NONE;
    }
    for (uint32_t pool = 0; pool < run->world.pools; pool++) {
        for (uint32_t sku = 0; sku < run->world.skus; sku++) {
            sim_rows_add(rows, sim_pool(pool), sim_sku(sku));
        }
    }
}

static void begin(struct sim_run *run, uint64_t seed, bool printed)
{
    struct sim_core *core = &run->core;
    struct prng prng;
    prng_init(&prng, seed);
    arena_init(&run->jobs, run->memory, ARENA_SIZE);
    arena_init(&run->rows, run->memory + ARENA_SIZE, ARENA_SIZE);
    core->now = 0;
    core->marks = &run->marks;
    core->broken[0] = '\0';
    sim_timers_init(&core->timers);
    sim_trace_init(&core->trace, printed);
    sim_world_draw(&run->world, &prng, seed, run->uneven);
    sim_faults_draw(&core->faults, &prng);
    prng_init(&core->chance, prng_next(&prng));
    sim_database_init(&run->database, core, &run->account, &run->rows, &run->world);
    put_tables(run);
    sim_account_init(&run->account, core, &run->database.rows, &run->database.tables, &run->jobs,
                     &run->world);
    sim_broker_init(&run->broker, core, &run->account, &run->world, &run->database.tables);
    sim_workload_init(&run->workload, core, &run->world, &run->account, &run->broker,
                      &run->database, &run->jobs);
    sim_crew_begin(&run->crew, core, &run->world, &run->broker, &run->database, &run->workload);
    sim_timers_set(&core->timers, ACTOR_CALM, CALM_LOOK_US);
    run->calm = false;
    run->turns = 0;
}

/* The database's own accidents, and the end of the storm. */
static void weather(struct sim_run *run)
{
    struct sim_core *core = &run->core;
    const uint32_t thought = run->workload.thought;
    sim_timers_set(&core->timers, ACTOR_CALM, core->now + CALM_LOOK_US);
    if (sim_strikes(core, FAULT_CLOCK_JUMP)) {
        run->database.jump += sim_between(core, -20, 20) * SIM_SECOND;
        sim_note(core, EVENT_JUMPED, SIM_ACTOR_NONE, 0, (uint64_t)run->database.jump);
    }
    if (sim_strikes(core, FAULT_DATABASE_DOWN)) {
        const int64_t away = sim_between(core, 1, 20000) * SIM_MS;
        sim_note(core, EVENT_DOWN, SIM_ACTOR_NONE, (uint32_t)(away / SIM_MS), 0);
        sim_database_restart(&run->database, away);
    }
    if (sim_strikes(core, FAULT_READ_ONLY)) {
        const int64_t away = sim_between(core, 1, 8000) * SIM_MS;
        sim_note(core, EVENT_DOWN, SIM_ACTOR_NONE, (uint32_t)(away / SIM_MS), 1);
        run->database.read_only_until = core->now + away;
    }
    const bool nearly =
        sim_workload_is_done(&run->workload) || thought >= run->world.jobs - run->world.jobs / 8;
    if (!run->calm && ((nearly && core->now >= run->world.storm) || core->now >= STORM_MOST_US)) {
        sim_note(core, EVENT_CALM, SIM_ACTOR_NONE, 0, 0);
        run->calm = true;
        run->calm_at = core->now;
        sim_faults_calm(&core->faults);
        run->database.down_until = 0;
        run->database.read_only_until = 0;
        sim_crew_calm(&run->crew);
    }
}

static void turn(struct sim_run *run, uint32_t actor)
{
    if (actor < ACTOR_CHANNEL) {
        sim_crew_step(&run->crew, actor - ACTOR_SERVING);
    } else if (actor < ACTOR_SESSION) {
        sim_broker_channel_turn(&run->broker, actor - ACTOR_CHANNEL);
    } else if (actor < ACTOR_CONSUMER) {
        sim_database_turn(&run->database, actor - ACTOR_SESSION);
    } else if (actor < ACTOR_PUBLISHER) {
        sim_broker_consumer_turn(&run->broker, actor - ACTOR_CONSUMER);
    } else if (actor < ACTOR_WORKER) {
        sim_workload_publish(&run->workload, actor - ACTOR_PUBLISHER);
    } else if (actor < ACTOR_KEEPER) {
        sim_crew_turn(&run->crew, actor - ACTOR_WORKER);
    } else if (actor < ACTOR_CHANGER) {
        sim_keeper_turn(&run->crew, actor - ACTOR_KEEPER);
    } else if (actor < ACTOR_COMMAND) {
        sim_changer_turn(&run->crew, actor - ACTOR_CHANGER);
    } else if (actor < ACTOR_LATE) {
        sim_scale_turn(&run->crew, actor - ACTOR_COMMAND);
    } else if (actor == ACTOR_LATE) {
        sim_exchange_late_turn(&run->broker);
    } else {
        weather(run);
    }
}

/* A hold is past its end, and its expire was not put aside. */
static bool is_overdue(const struct sim_run *run)
{
    const struct sim_rows *rows = &run->database.rows;
    const instant now = sim_database_now(&run->database);
    const bool room = run->account.copy_count < SIM_COPIES_MAX; /* for expires */
    for (uint32_t i = 0; run->world.sweeps && room && i < rows->hold_count; i++) {
        if (rows->holds[i]->state == HOLD_ACTIVE && rows->holds[i]->expires_at <= now) {
            return true;
        }
    }
    return false;
}

static bool is_over(const struct sim_run *run)
{
    return run->calm && sim_workload_is_done(&run->workload) &&
           sim_account_is_done(&run->account) && sim_changers_are_done(&run->crew) &&
           sim_broker_is_empty(&run->broker) && sim_crew_is_idle(&run->crew) && !is_overdue(run);
}

static void loop(struct sim_run *run)
{
    struct sim_core *core = &run->core;
    while (!sim_is_broken(core) && !is_over(run)) {
        const uint32_t actor = sim_timers_next(&core->timers);
        const int64_t due = core->timers.due[actor];
        core->now = due > core->now ? due : core->now;
        if (run->calm && core->now - run->calm_at > CALM_MOST_US) {
            sim_break(core, "not done %" PRId64 " s after the storm: %u of %u copies",
                      CALM_MOST_US / SIM_SECOND, run->account.acknowledged,
                      run->account.copy_count);
        }
        if (++run->turns > TURNS_MAX) {
            sim_break(core, "it does not come to an end");
        }
        turn(run, actor);
    }
}

static void finish(struct sim_run *run)
{
    struct sim_core *core = &run->core;
    if (!sim_broker_is_empty(&run->broker)) {
        sim_break(core, "something is left in the queues");
    }
    sim_account_check(&run->account);
    if (!sim_is_broken(core)) {
        sim_judge_run(&run->judge, core, &run->database, &run->account);
    }
    sim_note(core, EVENT_DONE, SIM_ACTOR_NONE, run->account.copy_count, run->account.decisions);
    if (run->world.ill == ILL_DEAD) {
        SIM_MARK(core->marks, MARK_CALM_WITH_DEAD);
    } else if (run->world.ill != ILL_NONE) {
        SIM_MARK(core->marks, MARK_CALM_WITH_CUT);
    }
}

bool sim_run_seed(struct sim_run *run, uint64_t seed, bool printed)
{
    running = run;
    if (setjmp(run->broken) == 0) {
        begin(run, seed, printed);
        loop(run);
        if (!sim_is_broken(&run->core)) {
            finish(run);
        }
    }
    running = NULL;
    run->turns_of_all += run->turns;
    run->jobs_of_all += run->account.decisions;
    return !sim_is_broken(&run->core);
}

void sim_run_print_world(const struct sim_run *run)
{
    sim_world_print(&run->world);
    (void)printf("faults:");
    for (uint32_t i = 0; i < FAULTS; i++) {
        if (run->core.faults.rates[i] > 0) {
            (void)printf(" %s %u", sim_fault_name((enum sim_fault)i), run->core.faults.rates[i]);
        }
    }
    (void)printf(" (in a million)\n");
}
