/* SPDX-License-Identifier: Apache-2.0
 *
 * A namespace of a test's own on the real PostgreSQL, lanes on it, and batches run through them.
 * Whatever goes wrong here fails the test. */
#pragma once

#include "worker/lane/decide.h"
#include "worker/lane/ports.h"
#include "worker/postgres/database.h"

enum {
    WORLD_LANES = 2,
    WORLD_TEXT_MAX = 4096,
    WORLD_BATCH_JOBS_MAX = 512,
    WORLD_BATCH_MEMORY = 8 * 1024 * 1024,
};

struct world {
    struct config config;
    char namespace[NAMESPACE_MAX + 1];
    struct postgres postgres; /* for the test's own questions */
    char text[WORLD_TEXT_MAX];
};

/* One lane's connection, and memory for it. */
struct world_lane {
    struct world *world;
    struct postgres_database database;
    struct database port;
    void *memory;
};

/* A batch on its way, for tests that stop in the middle. */
struct world_batch {
    struct arena arena;
    struct demand demand;
    struct found found;
    struct state state;
    const struct entry *entries;
    struct result results[WORLD_BATCH_JOBS_MAX];
    uint32_t count;
    struct span lonely; /* for the next save */
    struct error error; /* of the port, where it has failed */
    void *memory;

    /* Of jobs that are given as JSON. */
    struct arena spoken;
    struct job jobs[WORLD_BATCH_JOBS_MAX];
    struct entry spoken_entries[WORLD_BATCH_JOBS_MAX];
    void *spoken_memory;
};

void world_open(struct world *world, const char *name);
void world_close(struct world *world);

/* Runs a script; asks for the one value of the one row, as a text (NULL: "") or a number. */
void world_run(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *world_ask(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int64_t world_number(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The lane is claimed. */
void world_lane_open(struct world_lane *lane, struct world *world, uint32_t number);
void world_lane_close(struct world_lane *lane);

/* The port's calls, repeated until the answer is another than to wait. */
enum port_answer world_ready(struct world_lane *lane, struct error *error);
enum port_answer world_claim(struct world_lane *lane, struct error *error);
enum port_answer world_count_lonely(struct world_lane *lane, struct span job, uint32_t *begun,
                                    struct error *error);
enum port_answer world_look(struct world_lane *lane, struct world_batch *batch);
enum port_answer world_load(struct world_lane *lane, struct world_batch *batch);
enum port_answer world_save(struct world_lane *lane, struct world_batch *batch);

void world_batch_init(struct world_batch *batch);
void world_batch_free(struct world_batch *batch);

/* Forgets what was loaded, keeps the entries; then demands what they need. Without entries it is a
 * marker. */
void world_batch_begin(struct world_batch *batch, const struct entry *entries, uint32_t count);

/* The same for jobs as they come, up to a NULL; all that only stock keepers may send came from
 * them.
 */
void world_batch_speak(struct world_batch *batch, const char *const bodies[]);

/* Looks if there is something to look for, loads, and decides. PORT_DONE, or the first failure. */
enum port_answer world_decide(struct world_lane *lane, struct world_batch *batch);

/* All of it: begin (or speak), decide, save; must not fail. */
void world_batch_run(struct world_lane *lane, struct world_batch *batch,
                     const struct entry *entries, uint32_t count);
void world_say(struct world_lane *lane, struct world_batch *batch, const char *const bodies[]);

/* For a single job. */
#define WORLD_ONE(body) ((const char *const[]){(body), NULL})

/* Waits, with a bound, until the question's answer is this. */
void world_await(struct world *world, const char *answer, const char *question);
