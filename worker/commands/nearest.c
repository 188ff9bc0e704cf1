/* SPDX-License-Identifier: Apache-2.0
 *
 * The distance between two names: letters inserted, dropped, replaced or swapped with their
 * neighbour, each counting one. */
#include "worker/commands/nearest.h"

#include <stdint.h>
#include <string.h>

#define NAME_MAX_SIZE 40u /* longer ones are nobody's typing error */

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    /* cost[i][j]: the first i letters of a into the first j of b. */
    uint32_t cost[NAME_MAX_SIZE + 1][NAME_MAX_SIZE + 1];
    for (size_t i = 0; i <= a_size; i++) {
        cost[i][0] = (uint32_t)i;
    }
    for (size_t j = 0; j <= b_size; j++) {
        cost[0][j] = (uint32_t)j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        for (size_t j = 1; j <= b_size; j++) {
            const uint32_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            const uint32_t moved = least(cost[i - 1][j], cost[i][j - 1]) + 1;
            cost[i][j] = least(replaced, moved);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a_size][b_size];
}

const char *nearest(const char *given, const char *const *names, size_t count)
{
    const size_t given_size = strlen(given);
    const char *best = NULL;
    uint32_t best_distance = 3; /* more than two errors is another word */
    if (given_size == 0 || given_size > NAME_MAX_SIZE) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t size = strlen(names[i]);
        if (size > NAME_MAX_SIZE) {
            continue;
        }
        const uint32_t found = distance(given, given_size, names[i], size);
        if (found < best_distance && found < size) {
            best_distance = found;
            best = names[i];
        }
    }
    return best;
}
