/* SPDX-License-Identifier: Apache-2.0
 *
 * The workers of a demonstration: real processes of this program, which end with it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/error.h"
#include "common/connect/config.h"

#define DEMO_WORKERS_MAX     16u /* replacements included */
#define DEMO_WORKER_NAME_MAX 16u /* bytes, with the NUL */

enum demo_worker_state {
    DEMO_WORKER_ALIVE,
    DEMO_WORKER_FINISHING, /* asked to */
    DEMO_WORKER_KILLED,    /* by us */
    DEMO_WORKER_STOPPED,
};

struct demo_worker {
    char name[DEMO_WORKER_NAME_MAX];
    pid_t pid;
    int log; /* what it says: memory without a name in any folder */
    enum demo_worker_state state;
};

/* Zeroed but for the configuration. Only for the thread that begins: a worker ends with the thread
 * that has started it. */
struct demo_crew {
    const struct config *config;
    struct demo_worker workers[DEMO_WORKERS_MAX];
    uint32_t count;
};

/* Starts one more worker. */
bool demo_crew_start(struct demo_crew *crew, struct error *error) MUST_CHECK;

/* Whether all that are alive have said that they serve. */
bool demo_crew_serves(const struct demo_crew *crew);

/* Fails if a worker has ended that should be alive, with what it said last. */
bool demo_crew_watch(struct demo_crew *crew, struct error *error) MUST_CHECK;

/* The one that has worked most: of one lane, the one that serves it. */
uint32_t demo_crew_busiest(const struct demo_crew *crew);

/* Kills it as nobody can prevent, and returns when it is gone. */
void demo_crew_kill(struct demo_crew *crew, uint32_t worker);

/* Asks all to finish; demo_crew_watch then notices that they have. */
void demo_crew_drain(struct demo_crew *crew);

/* Whether none is left. */
bool demo_crew_is_gone(const struct demo_crew *crew);

/* Kills those that are still alive, which no promise minds. Accepts what was never started. */
void demo_crew_close(struct demo_crew *crew);
