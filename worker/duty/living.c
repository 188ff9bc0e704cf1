/* SPDX-License-Identifier: Apache-2.0
 *
 * Compares lists of workers. */
#include "worker/duty/living.h"

#include <stdlib.h>
#include <string.h>

#define AGREE_MS 400u /* between two looks that agree on who is alive */

static bool same(const struct living_list *a, const struct living_list *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->workers, b->workers, a->count * sizeof a->workers[0]) == 0);
}

static void release(struct living_list *list)
{
    free(list->workers);
    *list = (struct living_list){.workers = NULL};
}

static bool adopt(struct living *living, uint64_t now_ms)
{
    const size_t size = living->seen.count * sizeof living->seen.workers[0];
    const struct living_list list = {malloc(size + 1), living->seen.count};
    if (list.workers == NULL) {
        return false; /* the list of before is as good as one of before */
    }
    memcpy(list.workers, living->seen.workers, size);
    release(&living->adopted);
    living->adopted = list;
    living->adopted_ms = now_ms;
    return true;
}

/* Two looks must agree, but for the first one: who was slow once is not gone. After an outage, ours
 * or everybody's, others need some time to come back. */
bool living_see(struct living *living, struct living_list list, uint64_t now_ms)
{
    const bool again = same(&living->seen, &list);
    if (living->seen_ms != 0 && now_ms - living->seen_ms > LIVING_MAX_MS) {
        living->steady_ms = now_ms + LIVING_MAX_MS;
    }
    release(&living->seen);
    living->seen = list;
    living->seen_since_ms = again ? living->seen_since_ms : now_ms;
    const bool agreed =
        again && now_ms - living->seen_since_ms >= AGREE_MS && now_ms >= living->steady_ms;
    if (living->adopted_ms == 0 || (agreed && !living_is_steady(living))) {
        return adopt(living, now_ms);
    }
    return false;
}

bool living_is_steady(const struct living *living)
{
    return same(&living->seen, &living->adopted);
}

void living_deinit(struct living *living)
{
    release(&living->seen);
    release(&living->adopted);
}
