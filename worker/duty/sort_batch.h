/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs that the sorter has taken, in the order in which they came, and how far it is with them.
 *
 * A batch is passed on in parts: a part ends before the first job that is not ready, because the
 * database or the broker must first be asked about it. No job ever overtakes another. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/duty/sorting.h"
#include "worker/lane/message.h"

#define SORT_JOBS_MAX     512u
#define SORT_BATCH_MEMORY (2u * 1024u * 1024u) /* bytes of a batch's arena */

enum sort_phase {
    SORT_TAKEN,     /* the next part is to be made */
    SORT_COMPOSED,  /* its messages are to be published */
    SORT_PUBLISHED, /* and confirmed */
    SORT_CONFIRMED, /* and its jobs acknowledged */
};

/* One of the jobs. */
struct sort_item {
    struct delivery delivery;
    struct sorted sorted;
    char key[sizeof "1023"]; /* its slot */
    bool known;              /* the slot is its last word */
    bool came_back;          /* by itself with this key */
    struct dead_letter dead; /* of one that is too large */
};

struct sort_batch {
    struct arena arena;
    struct sort_item *items;
    struct message *messages;
    enum sort_phase phase;
    uint32_t count;
    uint32_t first; /* the jobs before it are done with */
    uint32_t part;  /* jobs in the part under way */
    uint32_t message_count;
};

/* How much memory a batch needs, and the batch in it. */
#define SORT_BATCH_SIZE \
    (SORT_BATCH_MEMORY + SORT_JOBS_MAX * (sizeof(struct sort_item) + sizeof(struct message)))
void sort_batch_init(struct sort_batch *batch, void *memory);
void sort_batch_reset(struct sort_batch *batch);

/* There is room for one more job, of whatever size. */
bool sort_batch_has_room(const struct sort_batch *batch);

/* The next delivery, whose texts are in the batch's arena. */
void sort_batch_add(struct sort_batch *batch, const struct delivery *delivery,
                    const struct entries *entries, struct arena *scratch);

/* The slot of a job on a hold or sale is now known for good. */
void sort_batch_settle(struct sort_batch *batch, uint32_t index, uint32_t slot,
                       const struct entries *entries);

#define SORT_BOUND_MS 1000u /* a job that came back wants a look at its slot that is not older */

/* Makes messages of the next part: jobs whose slot is known, and was found bound when it was last
 * looked at (0: it was not). Its size may be 0: the first job is not ready. */
void sort_batch_compose(struct sort_batch *batch, const struct entries *entries,
                        const uint64_t bound_at_ms[SLOTS], uint64_t now_ms);

/* The part is acknowledged, or (again) begun anew. */
void sort_batch_next(struct sort_batch *batch);
void sort_batch_again(struct sort_batch *batch);
