/* SPDX-License-Identifier: Apache-2.0
 *
 * The workers that are alive, as a list, and which list lanes are shared out by. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"

#define LIVING_SEEN_MS  1000u /* how often a worker announces itself */
#define LIVING_QUIET_MS 1500u /* one that was not seen for so long is gone if its session is */
#define LIVING_MAX_MS   3000u /* and after so long it serves nothing, whatever became of it */

/* What is not text of it is zero, so that lists can be compared. */
struct living_worker {
    char name[WORKER_NAME_MAX];
    char run[WORKER_RUN_MAX];
    uint32_t lanes_max;
};

struct living_list {
    struct living_worker *workers; /* by name */
    uint32_t count;
};

/* What one worker makes of the lists that it has seen. Times are monotonic, in ms. */
struct living {
    struct living_list seen; /* last, */
    uint64_t seen_since_ms;  /* the same since */
    uint64_t seen_ms;        /* the last look that came to an end; 0: none did */
    uint64_t steady_ms;      /* before this no list is adopted: others are coming back */
    struct living_list adopted;
    uint64_t adopted_ms; /* 0: there is no such list yet */
};

/* Takes a list, which is the struct's from then on, and maybe adopts it: what lanes are shared out
 * by changes when two looks agree on it. True: another list is adopted now. */
bool living_see(struct living *living, struct living_list list, uint64_t now_ms);

/* Whether what was seen last is what is adopted. */
bool living_is_steady(const struct living *living);

void living_deinit(struct living *living);
