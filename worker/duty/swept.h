/* SPDX-License-Identifier: Apache-2.0
 *
 * Which ends of holds were published lately, so that none is published again too soon. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/hash.h"
#include "worker/duty/overdue.h"

#define SWEPT_MS     60000u /* how long an end is remembered */
#define SWEPT_PLACES 16u    /* for ends whose hashes fall together */

/* A hash of the hold and its end; two that fall together wait for each other, that is all. */
struct swept_entry {
    uint64_t hash;
    uint64_t until_ms; /* 0 and what is past: free */
};

struct swept {
    struct hash_key key;
    struct swept_entry *entries; /* the caller's, at first all zeros */
    uint32_t size;               /* how many; a multiple of SWEPT_PLACES */
};

/* Whether this end may be published now, and then remembers it. False also while there is no room
 * to remember it. */
bool swept_take(struct swept *swept, const struct overdue *overdue, uint64_t now_ms);

/* It was not published after all. */
void swept_forget(struct swept *swept, const struct overdue *overdue);
