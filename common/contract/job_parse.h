/* SPDX-License-Identifier: Apache-2.0
 *
 * From the bytes of a message to the job that they mean, or to what is wrong with them. */
#pragma once

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/span.h"
#include "common/contract/job.h"

/* What parsing one job may take off an arena, at most; a usual one takes a few hundred bytes. */
#define JOB_MEMORY_MAX 163840u

#define JOB_POINTER_MAX    1024u /* bytes; a longer pointer is cut after a whole step */
#define JOB_FAULT_TEXT_MAX 160u  /* bytes */

/* Both in the arena, or constant. */
struct job_fault {
    struct span pointer; /* JSON pointer to the offending member, or to one that is missing */
    struct span text;    /* a sentence without its subject: "must be a string" */
};

/* What can be known of a job that is no good: enough to answer it. */
struct job_glimpse {
    struct span id;
    struct span kind;  /* absent: not readable, or no kind */
    struct span store; /* absent: not given, or not of a store's form */
};

/* Exactly the contract's section 2. The arena must have JOB_MEMORY_MAX bytes of room: a batch ends
 * when it has less. message_id is the AMQP property, absent if it was not set. Of a job that is
 * not well formed nothing stays in the arena but the fault.
 *
 * The depth of nesting counts the job's own object as the first level. */
bool job_parse(struct span body, struct span message_id, struct arena *arena, struct job *job,
               struct job_fault *fault) MUST_CHECK;

/* Of a malformed job: whether it can be answered, because its body is one JSON object with exactly
 * one member "id", and that is a valid one. The body may be of any size, and nested as deep as
 * JOB_SIZE_MAX / 2. Needs the same room in the arena. */
bool job_glimpse(struct span body, struct arena *arena, struct job_glimpse *glimpse) MUST_CHECK;
