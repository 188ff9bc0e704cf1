/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL: a namespace of the test's own, and accidents at chosen moments. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/connect/postgres_wait.h"
#include "tests/conformance/database_side.h"
#include "tests/support/database_world.h"
#include "tests/support/test.h"

#define PATIENCE_MS 30000

static struct world world;
static const char *const names[ACTOR_COUNT] = {"conforms A", "conforms B", "conforms C"};
static struct {
    bool open;
    bool lose_after; /* the next commit's answer */
    int64_t decisions;
    struct postgres_database database;
    void *memory;
} links[ACTOR_COUNT];

static int64_t count_decisions(void)
{
    return world_number(&world, "SELECT count(*) FROM decisions");
}

void database_real_open(void)
{
    world_open(&world, "conform");
    world_run(&world,
              "ALTER TABLE decisions ADD CONSTRAINT planted CHECK (ref <> '" REF_POISON "')");
}

static void end(void)
{
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        if (links[i].open) {
            postgres_database_close(&links[i].database);
            free(links[i].memory);
            links[i].open = false;
        }
    }
}

void database_real_close(void)
{
    end();
    world_close(&world);
}

static void begin(void)
{
    static const uint32_t lanes[ACTOR_COUNT] = {0, 1, 0};
    end();
    world_run(&world, "DELETE FROM decisions; DELETE FROM holds; DELETE FROM returns;"
                      "DELETE FROM stock; DELETE FROM customer_counts;"
                      "DELETE FROM lonely_beginnings; DELETE FROM store_pools;"
                      "INSERT INTO store_pools VALUES ('web', 'second');"
                      "UPDATE lanes SET decided = 0");
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        links[i].memory = malloc(POSTGRES_DATABASE_MEMORY);
        assert_non_null(links[i].memory);
        const struct postgres_lane lane = {names[i], names[i], "run", 1, lanes[i]};
        postgres_database_init(&links[i].database, &world.config, &lane, links[i].memory);
        links[i].open = true;
        links[i].lose_after = false;
    }
}

static struct database port(enum actor actor)
{
    return postgres_database_port(&links[actor].database);
}

static int backend(enum actor actor)
{
    return PQbackendPID(links[actor].database.postgres.connection);
}

static bool waits(enum actor actor)
{
    return links[actor].database.postgres.connection != NULL &&
           world_number(&world, "SELECT count(*) FROM pg_locks WHERE pid = %d AND NOT granted",
                        backend(actor)) > 0;
}

/* From here on nothing comes through any more, and both ends find that out. */
static void cut(enum actor actor)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_true(dup2(pair[0], PQsocket(links[actor].database.postgres.connection)) >= 0);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void await_commit(enum actor actor)
{
    const int64_t deadline = postgres_now_ms() + PATIENCE_MS;
    assert_false(links[actor].database.trip.unsent);
    while (count_decisions() == links[actor].decisions) {
        if (postgres_now_ms() > deadline) {
            fail_msg("nothing was committed within %d ms", PATIENCE_MS);
        }
        (void)poll(NULL, 0, 5); /* between two looks */
    }
}

/* The port itself gives up after its own time. */
static bool pass(enum actor actor)
{
    struct pollfd polls[POSTGRES_DATABASE_POLLS];
    int timeout_ms;
    if (links[actor].lose_after) {
        await_commit(actor);
        cut(actor);
        links[actor].lose_after = false;
        return true;
    }
    const uint32_t count = postgres_database_interest(&links[actor].database, polls, &timeout_ms);
    (void)poll(polls, count, timeout_ms); /* what has come, the port sees */
    return true;
}

static void await_end(enum actor actor)
{
    char question[128];
    (void)snprintf(question, sizeof question,
                   "SELECT count(*) FROM pg_stat_activity WHERE pid = %d", backend(actor));
    world_await(&world, "0", question);
}

/* Of an actor that is not connected: its backends are gone. */
static void await_left_behind(enum actor actor)
{
    char question[128];
    assert_null(links[actor].database.postgres.connection);
    (void)snprintf(question, sizeof question,
                   "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%%%s'",
                   names[actor]);
    world_await(&world, "0", question);
}

static void make_read_only(enum actor actor)
{
    PGconn *connection = links[actor].database.postgres.connection;
    assert_int_equal(PQexitPipelineMode(connection), 1);
    PQclear(PQexec(connection, "SET default_transaction_read_only = on"));
    assert_int_equal(PQenterPipelineMode(connection), 1);
}

static void strike(enum actor actor, enum database_accident accident)
{
    switch (accident) {
    case LOST_NOW:
        world_run(&world, "SELECT pg_terminate_backend(%d, 5000)", backend(actor));
        break;
    case LOST_BEFORE_COMMIT:
        cut(actor);
        break;
    case LOST_AFTER_COMMIT:
        links[actor].decisions = count_decisions();
        links[actor].lose_after = true;
        break;
    case IDLE_TOO_LONG:
        await_end(actor);
        break;
    case LEFT_BEHIND_DONE:
        await_left_behind(actor);
        break;
    case SESSION_READ_ONLY:
        make_read_only(actor);
        break;
    case SESSION_WRITABLE: /* as is the next one, which is made anew */
        break;
    }
}

const struct database_side database_real = {
    .name = "PostgreSQL",
    .begin = begin,
    .end = end,
    .port = port,
    .waits = waits,
    .pass = pass,
    .strike = strike,
};
