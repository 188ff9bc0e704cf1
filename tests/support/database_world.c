/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets namespaces up, and turns calls that do not wait into calls that do. */
#include "tests/support/database_world.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/connect/postgres_wait.h"
#include "common/contract/job_meaning.h"
#include "common/contract/job_parse.h"
#include "common/contract/names.h"
#include "common/contract/slot.h"
#include "tests/support/test.h"
#include "worker/postgres/generation.h"
#include "worker/postgres/migrate.h"
#include "worker/postgres/teardown.h"

static const int64_t patience_ms = 30000;

static void must(bool good, const struct error *error)
{
    if (!good) {
        fail_msg("%s", error->text);
    }
}

static void ignore_migration(void *self, unsigned number, const char *name,
                             enum migration_state state)
{
    (void)self;
    (void)number;
    (void)name;
    (void)state;
}

void world_open(struct world *world, const char *name)
{
    struct error error = {0};
    struct generation generation;
    const struct migrate_report report = {ignore_migration, NULL};
    struct postgres setup;

    (void)snprintf(world->namespace, sizeof world->namespace, "test_%.12s_%d", name, (int)getpid());
    const struct config_flags flags = {.namespace = world->namespace};
    must(config_load(&world->config, &flags, &error), &error);
    must(postgres_open(&setup, &world->config, POSTGRES_SETUP, "test", &error), &error);
    must(migrate_apply(&setup, world->namespace, &migrations, &report, &error), &error);
    must(generation_begin(&setup, WORLD_LANES, &generation, &error), &error);
    postgres_close(&setup);
    must(postgres_open(&world->postgres, &world->config, POSTGRES_COMMAND, "test", &error), &error);
}

void world_close(struct world *world)
{
    struct error error = {0};
    struct teardown done;
    struct postgres setup;
    postgres_close(&world->postgres);
    must(postgres_open(&setup, &world->config, POSTGRES_SETUP, "test", &error), &error);
    must(teardown_apply(&setup, world->namespace, &done, &error), &error);
    postgres_close(&setup);
}

void world_run(struct world *world, const char *format, ...)
{
    struct error error = {0};
    char sql[WORLD_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, sizeof sql - 1);
    must(postgres_run(&world->postgres, sql, &error), &error);
}

static const char *ask(struct world *world, const char *sql)
{
    struct error error = {0};
    PGresult *result = NULL;
    must(postgres_query(&world->postgres, sql, 0, NULL, &result, &error), &error);
    if (PQntuples(result) != 1) {
        fail_msg("%d rows: %s", PQntuples(result), sql);
    }
    (void)snprintf(world->text, sizeof world->text, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return world->text;
}

const char *world_ask(struct world *world, const char *format, ...)
{
    char sql[WORLD_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, sizeof sql - 1);
    return ask(world, sql);
}

int64_t world_number(struct world *world, const char *format, ...)
{
    char sql[WORLD_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, sizeof sql - 1);
    return strtoll(ask(world, sql), NULL, 10);
}

/* Until the lane has something to do, at most as long as it says. */
static void wait_for(struct world_lane *lane, int64_t deadline)
{
    struct pollfd polls[POSTGRES_DATABASE_POLLS];
    int timeout_ms;
    const uint32_t count = postgres_database_interest(&lane->database, polls, &timeout_ms);
    if (postgres_now_ms() > deadline) {
        fail_msg("the port has not answered within %" PRId64 " ms", patience_ms);
    }
    (void)poll(polls, count, timeout_ms);
}

enum port_answer world_ready(struct world_lane *lane, struct error *error)
{
    const int64_t deadline = postgres_now_ms() + patience_ms;
    enum port_answer answer;
    while ((answer = lane->port.ops->ready(lane->port.self, error)) == PORT_WAIT) {
        wait_for(lane, deadline);
    }
    return answer;
}

enum port_answer world_claim(struct world_lane *lane, struct error *error)
{
    const int64_t deadline = postgres_now_ms() + patience_ms;
    enum port_answer answer;
    while ((answer = lane->port.ops->claim(lane->port.self, error)) == PORT_WAIT) {
        wait_for(lane, deadline);
    }
    return answer;
}

enum port_answer world_count_lonely(struct world_lane *lane, struct span job, uint32_t *begun,
                                    struct error *error)
{
    const int64_t deadline = postgres_now_ms() + patience_ms;
    enum port_answer answer;
    while ((answer = lane->port.ops->count_lonely(lane->port.self, job, begun, error)) ==
           PORT_WAIT) {
        wait_for(lane, deadline);
    }
    return answer;
}

enum port_answer world_look(struct world_lane *lane, struct world_batch *batch)
{
    const int64_t deadline = postgres_now_ms() + patience_ms;
    enum port_answer answer;
    while ((answer = lane->port.ops->look(lane->port.self, &batch->demand, &batch->arena,
                                          &batch->found, &batch->error)) == PORT_WAIT) {
        wait_for(lane, deadline);
    }
    return answer;
}

enum port_answer world_load(struct world_lane *lane, struct world_batch *batch)
{
    const int64_t deadline = postgres_now_ms() + patience_ms;
    enum port_answer answer;
    while ((answer = lane->port.ops->load(lane->port.self, &batch->demand, &batch->arena,
                                          &batch->state, &batch->error)) == PORT_WAIT) {
        wait_for(lane, deadline);
    }
    return answer;
}

enum port_answer world_save(struct world_lane *lane, struct world_batch *batch)
{
    const int64_t deadline = postgres_now_ms() + patience_ms;
    const struct record record = {.entries = batch->entries,
                                  .results = batch->results,
                                  .count = batch->count,
                                  .state = &batch->state,
                                  .marker = batch->count == 0,
                                  .lonely = batch->lonely};
    enum port_answer answer;
    while ((answer = lane->port.ops->save(lane->port.self, &record, &batch->error)) == PORT_WAIT) {
        wait_for(lane, deadline);
    }
    batch->lonely = SPAN_NONE;
    return answer;
}

void world_lane_open(struct world_lane *lane, struct world *world, uint32_t number)
{
    struct error error = {0};
    lane->world = world;
    lane->memory = malloc(POSTGRES_DATABASE_MEMORY);
    assert_non_null(lane->memory);
    const struct postgres_lane place = {"lane of a test", "worker of a test", "run", 1, number};
    postgres_database_init(&lane->database, &world->config, &place, lane->memory);
    lane->port = postgres_database_port(&lane->database);
    must(world_claim(lane, &error) == PORT_DONE, &error);
}

void world_lane_close(struct world_lane *lane)
{
    postgres_database_close(&lane->database);
    free(lane->memory);
    lane->memory = NULL;
}

void world_batch_init(struct world_batch *batch)
{
    batch->memory = malloc(WORLD_BATCH_MEMORY);
    batch->spoken_memory = malloc(WORLD_BATCH_MEMORY);
    assert_non_null(batch->memory);
    assert_non_null(batch->spoken_memory);
    batch->lonely = SPAN_NONE;
}

void world_batch_free(struct world_batch *batch)
{
    free(batch->memory);
    free(batch->spoken_memory);
}

void world_batch_begin(struct world_batch *batch, const struct entry *entries, uint32_t count)
{
    assert_true(count <= WORLD_BATCH_JOBS_MAX);
    batch->entries = entries;
    batch->count = count;
    batch->error = (struct error){0};
    arena_init(&batch->arena, batch->memory, WORLD_BATCH_MEMORY);
    assert_true(demand_begin(&batch->demand, entries, count, &batch->arena));
}

void world_batch_speak(struct world_batch *batch, const char *const bodies[])
{
    uint32_t count = 0;
    arena_init(&batch->spoken, batch->spoken_memory, WORLD_BATCH_MEMORY);
    for (; bodies[count] != NULL; count++) {
        struct job *job = &batch->jobs[count];
        struct job_fault fault;
        const struct span body = {bodies[count], (uint32_t)strlen(bodies[count])};
        if (!job_parse(body, SPAN_NONE, &batch->spoken, job, &fault)) {
            fail_msg("%s: %.*s %.*s", bodies[count], SPAN_ARGUMENTS(fault.pointer),
                     SPAN_ARGUMENTS(fault.text));
        }
        batch->spoken_entries[count] =
            (struct entry){.job = job,
                           .meaning = job_digest(job),
                           .slot = slot_of_job(job),
                           .from_stock_exchange = kind_is_stock(job->kind)};
    }
    world_batch_begin(batch, batch->spoken_entries, count);
}

enum port_answer world_decide(struct world_lane *lane, struct world_batch *batch)
{
    if (batch->demand.holds.count > 0 || batch->demand.sales.count > 0) {
        const enum port_answer answer = world_look(lane, batch);
        if (answer != PORT_DONE) {
            return answer;
        }
        assert_true(demand_add_found(&batch->demand, batch->found.holds, batch->found.hold_count,
                                     batch->found.sales, batch->found.sale_count, &batch->arena));
    }
    const enum port_answer answer = world_load(lane, batch);
    if (answer == PORT_DONE) {
        assert_true(demand_covers(&batch->demand, batch->state.holds, batch->state.hold_count,
                                  batch->state.sales, batch->state.sale_count));
        assert_int_equal(
            decide(&batch->state, batch->entries, batch->count, &batch->arena, batch->results),
            batch->count);
    }
    return answer;
}

void world_batch_run(struct world_lane *lane, struct world_batch *batch,
                     const struct entry *entries, uint32_t count)
{
    world_batch_begin(batch, entries, count);
    must(world_decide(lane, batch) == PORT_DONE, &batch->error);
    must(world_save(lane, batch) == PORT_DONE, &batch->error);
}

void world_say(struct world_lane *lane, struct world_batch *batch, const char *const bodies[])
{
    world_batch_speak(batch, bodies);
    must(world_decide(lane, batch) == PORT_DONE, &batch->error);
    must(world_save(lane, batch) == PORT_DONE, &batch->error);
}

void world_await(struct world *world, const char *answer, const char *question)
{
    const int64_t deadline = postgres_now_ms() + patience_ms;
    while (strcmp(ask(world, question), answer) != 0) {
        if (postgres_now_ms() > deadline) {
            fail_msg("still \"%s\": %s", world->text, question);
        }
        (void)poll(NULL, 0, 10);
    }
}
