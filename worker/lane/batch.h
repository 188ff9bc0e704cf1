/* SPDX-License-Identifier: Apache-2.0
 *
 * The jobs that a lane has in hand, from the delivery to the acknowledgement.
 *
 * A batch is decided as a whole, unless one of its jobs makes trouble: then part by part, down to
 * one job alone. Parts follow each other; whatever is not yet acknowledged comes again after a
 * crash. Everything belongs to the batch's arena. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/limits.h"
#include "common/contract/job_parse.h"
#include "worker/lane/delivery.h"
#include "worker/lane/ports.h"

#define BATCH_DELIVERIES_SHARE 4u /* of the arena: what is made of deliveries needs more */

enum batch_phase {
    BATCH_EMPTY,     /* takes deliveries */
    BATCH_TAKEN,     /* the part may be begun */
    BATCH_PARSED,    /* its jobs are known, and so is what they name */
    BATCH_FOUND,     /* of the holds and sales that they name, the SKUs are known */
    BATCH_DECIDED,   /* in the database's open transaction */
    BATCH_SAVED,     /* committed, or there was nothing to decide */
    BATCH_COMPOSED,  /* messages are made */
    BATCH_PUBLISHED, /* and handed to the broker */
    BATCH_CONFIRMED, /* the broker has them; the jobs can be acknowledged */
};

/* What a delivery turned out to be. */
enum taken_kind {
    TAKEN_RAW,       /* not looked at yet */
    TAKEN_JOB,       /* to be decided */
    TAKEN_MALFORMED, /* no job: a dead letter, and an answer if it has an id */
    TAKEN_PARKED,    /* a job that cannot be decided: a dead letter and an answer */
    TAKEN_MARKER,    /* the lane's generation ends here: recorded, and nobody is told */
    TAKEN_PROBE,     /* a doctor's, or a marker of no later generation: dropped */
};

struct taken {
    struct delivery delivery;
    enum taken_kind kind;
    struct job job;
    struct job_fault fault;     /* of a malformed one; of a parked one the text */
    struct job_glimpse glimpse; /* its id is absent if it cannot be answered */
    enum dead_reason dead;      /* of a parked one */
    uint32_t entry;             /* of a job: its place among the part's entries */
};

/* How far a part has been announced. */
struct announced {
    uint32_t step;
    uint32_t news; /* of this step */
};

/* A job that was begun alone, by the name under which its beginnings are counted. */
struct lonely {
    char name[JOB_EXPIRE_ID_MAX];
    uint32_t size;
    bool begun; /* and this lane has survived it so far */
};

struct batch {
    enum batch_phase phase;
    uint64_t since_ms;  /* when the phase before this one was done */
    uint64_t loaded_ms; /* when the part's state, with the database's time, was there */
    struct arena arena;
    uint32_t count;    /* of taken */
    size_t mark_taken; /* of the arena: deliveries are below, the part's things above */

    /* The part under way: taken[first] to taken[first + part - 1]. */
    uint32_t first;
    uint32_t part;
    uint32_t bad_end; /* somewhere before this one is a job that made trouble; 0: none is known */
    bool lonely_counted;  /* this beginning of a lonely job */
    struct error trouble; /* of the last one that failed; a parked job's text is here */

    struct entry *entries;
    uint32_t entry_count;
    bool marker; /* the part is one that is to be recorded */
    struct demand demand;
    struct found found;
    struct state state;
    struct result *results; /* one an entry, once decided */

    struct lonely lonely; /* the last one; it outlives a reset */

    size_t mark_saved;        /* of the arena: messages are above */
    struct message *messages; /* those being published */
    uint32_t message_count;
    struct announced composed;  /* up to here these are */
    struct announced announced; /* up to here they were confirmed */

    struct taken taken[BATCH_JOBS_MAX]; /* last: what is never taken is never touched */
};

/* The memory is the caller's, and stays with the batch. */
void batch_init(struct batch *batch, void *memory, size_t size);

/* No deliveries, no part. */
void batch_reset(struct batch *batch);

/* Whether another delivery may be taken. */
bool batch_has_room(const struct batch *batch, uint32_t jobs_max);

/* All deliveries are there: the whole of them becomes the first part. */
void batch_close(struct batch *batch);

/* The part is done with: what follows becomes the part. False: nothing follows. */
bool batch_next_part(struct batch *batch) MUST_CHECK;

/* Forgets what was made of the part, so that it can be begun again. */
void batch_rewind(struct batch *batch);

/* Half of the part at most; false: it is one job already. */
bool batch_halve(struct batch *batch) MUST_CHECK;

/* The tag up to which the part's deliveries reach. */
uint64_t batch_tag(const struct batch *batch);

bool batch_is_last_part(const struct batch *batch);

/* Whether the part is one job that has come back so often that it is begun alone. */
bool batch_is_lonely(const struct batch *batch);

/* Whether the part is a marker, of whatever generation: a part of its own, too. */
bool batch_is_marker(const struct batch *batch);
