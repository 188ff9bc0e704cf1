/* SPDX-License-Identifier: Apache-2.0
 *
 * A lane at work: between a broker and a database in memory, with a clock that jumps as far as the
 * lane is willing to wait. When its process crashes the next one begins. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/fakes.h"
#include "worker/lane/lane.h"

enum {
    WORLD_ROWS_MEMORY = 8 * 1024 * 1024,
    WORLD_MESSAGES_MEMORY = 8 * 1024 * 1024,
};

/* What must become of a job in the end. */
enum fate {
    FATE_DECIDED,  /* a decision and its event */
    FATE_ANSWERED, /* an answer, nothing else */
    FATE_PARKED,   /* a dead letter, and an answer if it has an id */
    FATE_IGNORED,  /* nothing at all */
};

struct world_job {
    struct span id; /* absent: it has none, or not only one */
    enum fate fate;
};

struct world {
    struct fake_calls calls;
    struct fake_broker broker;
    struct fake_database database;
    struct lane lane;
    struct arena arena; /* of jobs and messages */
    struct world_job jobs[FAKE_JOBS_MAX];
    struct error error; /* of the last step that failed */
    uint64_t now_ms;
    uint32_t jobs_max;   /* of a batch */
    size_t batch_memory; /* BATCH_MEMORY, or less */
    uint32_t steps;
    uint32_t failures;
    uint32_t crashes;
    char rows[WORLD_ROWS_MEMORY];
    char messages[WORLD_MESSAGES_MEMORY];
    char batches[BATCHES * BATCH_MEMORY];
};

/* Without jobs, faults or stock; the lane has not begun. Batches of two, so that there are several.
 */
void world_init(struct world *world);

/* A job for the queue: its id, and its body as printf would write it. */
struct delivery *world_add(struct world *world, const char *id, enum fate fate, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));

/* Shorter, for what is usual. Of SKU "PS5", in store default and pool main. */
struct delivery *world_checkout(struct world *world, const char *id, uint32_t qty);
struct delivery *world_adjust(struct world *world, const char *id, int32_t qty);

/* The generation's end, with the number of the one that comes; as a change publishes it. */
struct delivery *world_marker(struct world *world, const char *number);

/* One step; if it says to wait, the clock goes on. */
enum lane_progress world_step(struct world *world);

/* Steps until the lane waits with nothing in hand and everything that has arrived is acknowledged;
 * fails the test if that does not come to be. */
void world_run(struct world *world);

/* Steps until the lane is drained. */
void world_drain(struct world *world);

/* Steps until the batch in front is in this phase. */
void world_run_to(struct world *world, enum batch_phase phase);

struct batch *world_front(struct world *world);

/* Fails the test unless all that was promised holds: of jobs that are done with, each in its fate.
 */
void world_check(struct world *world);

/* Messages of this target and of this type ("checkout.confirmed", NULL: any). */
uint32_t world_count(const struct world *world, enum message_target target, const char *type);

/* The first of them; fails the test if there is none. */
const struct message *world_message(const struct world *world, enum message_target target,
                                    const char *type);

/* Units of PS5 in main that are not sold. */
int64_t world_unsold(const struct world *world);
