/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a job without a slot belongs, as far as the job itself says. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/contract/address.h"
#include "common/contract/job_parse.h"
#include "worker/lane/delivery.h"

enum sorting {
    SORTING_SLOT,      /* its first SKU's, or 0 if nothing of it can be read */
    SORTING_OTHER,     /* that of the hold or sale that it names: the database knows */
    SORTING_PROBE,     /* no job: dropped */
    SORTING_TOO_LARGE, /* cannot be passed on whole, and is malformed anyway */
};

/* How the sorter knows by which way a job came. */
struct entries {
    struct address jobs;
    struct address stock;
};

struct sorted {
    enum sorting sorting;
    uint32_t slot;     /* of SORTING_OTHER: where it goes if the database does not know */
    struct span other; /* the hold's or sale's id, in the arena; absent unless SORTING_OTHER */
};

/* What parsing takes is given back; JOB_MEMORY_MAX bytes of the scratch must be free, and
 * JOB_EXPIRE_ID_MAX of the arena. */
struct sorted sorting_of(const struct delivery *delivery, const struct entries *entries,
                         struct arena *scratch, struct arena *arena);

/* Whether a lane will take its rights from NS.stock. */
bool sorting_is_stock(const struct delivery *delivery, const struct entries *entries);

/* Whether the job was published with this slot as its key: then the slot was not bound to a lane
 * when it came by, and it must wait instead of going round in circles. */
bool sorting_came_back(const struct delivery *delivery, const struct entries *entries,
                       const char *key);
