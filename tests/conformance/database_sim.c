/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated database, with accidents at chosen moments. */
#include <stdlib.h>

#include "tests/conformance/database_side.h"
#include "tests/conformance/sim_clock.h"
#include "tests/sim/sim_account.h"
#include "tests/sim/sim_database.h"
#include "tests/support/test.h"

#define MEMORY_SIZE (4u * 1024u * 1024u)

static struct sim_clock time_of;
static struct sim_database database;
static struct sim_account account;
static struct arena arena;
static char *memory;
static struct database ports[ACTOR_COUNT];

void database_simulated_open(void)
{
    memory = malloc(MEMORY_SIZE);
    assert_non_null(memory);
}

void database_simulated_close(void)
{
    free(memory);
}

static void begin(void)
{
    enum { SKUS = 4 };
    static const char *const skus[SKUS] = {"A", "B", "C", "N"};
    static const uint32_t lanes[ACTOR_COUNT] = {0, 1, 0};
    static const struct sim_world world = {.lanes = 2, .tick = 1};
    sim_clock_begin(&time_of);
    arena_init(&arena, memory, MEMORY_SIZE);
    sim_database_init(&database, &time_of.core, &account, &arena, &world);
    for (uint32_t i = 0; i < 2 * SKUS; i++) {
        sim_rows_add(&database.rows, i < SKUS ? SPAN_OF("main") : SPAN_OF("second"),
                     (struct span){skus[i % SKUS], 1});
    }
    database.rows.stores[database.rows.store_count++] =
        (struct store){.name = SPAN_OF("web"), .pool = SPAN_OF("second")};
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        ports[i] = sim_database_port(&database, i, i, 1, lanes[i]);
    }
}

static void end(void)
{
}

static struct database port(enum actor actor)
{
    return ports[actor];
}

static bool is_connected(enum actor actor)
{
    return database.links[actor].session != SIM_SESSION_NONE;
}

static uint32_t session_of(enum actor actor)
{
    assert_true(is_connected(actor));
    return (uint32_t)database.links[actor].session;
}

static bool waits(enum actor actor)
{
    return is_connected(actor) && database.sessions[session_of(actor)].state == SESSION_WAITING;
}

static void plan(bool before, bool after)
{
    sim_clock_plan(&time_of, FAULT_LOST_BEFORE_COMMIT, before);
    sim_clock_plan(&time_of, FAULT_LOST_IN_COMMIT, after);
}

static bool pass(enum actor actor)
{
    uint32_t turn;
    plan(false, false); /* what was to go wrong with what was asked, is in its session */
    if (!sim_clock_pass(&time_of, actor, &turn)) {
        return false;
    }
    if (turn != SIM_ACTORS_MAX) {
        assert_in_range(turn, ACTOR_SESSION, ACTOR_CONSUMER - 1);
        sim_database_turn(&database, turn - ACTOR_SESSION);
    }
    return true;
}

/* Until the server has ended it. */
static void idle(enum actor actor)
{
    const struct sim_session *session = &database.sessions[session_of(actor)];
    while (!session->broken && pass(actor)) {
    }
    assert_true(session->broken);
}

static bool is_left_behind(void)
{
    for (uint32_t i = 0; i < SIM_SESSIONS_MAX; i++) {
        const struct sim_session *session = &database.sessions[i];
        if (session->state != SESSION_FREE && session->link == NULL) {
            return true;
        }
    }
    return false;
}

static void finish_left_behind(enum actor actor)
{
    while (is_left_behind() && pass(actor)) {
    }
    assert_false(is_left_behind());
}

static void strike(enum actor actor, enum database_accident accident)
{
    plan(accident == LOST_BEFORE_COMMIT, accident == LOST_AFTER_COMMIT);
    switch (accident) {
    case LOST_NOW:
        sim_session_roll_back(&database, session_of(actor));
        break;
    case IDLE_TOO_LONG:
        idle(actor);
        break;
    case LEFT_BEHIND_DONE:
        finish_left_behind(actor);
        break;
    case SESSION_READ_ONLY:
        database.read_only_until = SIM_NEVER;
        break;
    case SESSION_WRITABLE:
        database.read_only_until = 0;
        break;
    case LOST_BEFORE_COMMIT:
    case LOST_AFTER_COMMIT:
        break;
    }
}

const struct database_side database_simulated = {
    .name = "simulated",
    .begin = begin,
    .end = end,
    .port = port,
    .waits = waits,
    .pass = pass,
    .strike = strike,
};
