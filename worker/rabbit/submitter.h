/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishes jobs as a front end does: each with its slot as routing key, confirmed, and returned if
 * no lane takes it; and receives their decisions by direct reply-to.
 *
 * For commands: a send may wait for the broker, but not for ever. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"
#include "common/base/span.h"
#include "common/connect/rabbit.h"
#include "common/contract/address.h"
#include "common/contract/event.h"
#include "common/contract/job.h"

#define SUBMITTER_WINDOW 2048u /* jobs on their way at one time */

/* Called during submitter_turn; what they are given is valid during the call. */
struct submitter_sink {
    /* The broker has the job: it will not be lost. */
    void (*accepted)(void *self, struct span id);
    /* The event of its decision, or of its answer. Before or after accepted. */
    void (*decided)(void *self, struct span id, struct span event);
    /* No decision came in time. */
    void (*undecided)(void *self, struct span id);
    void *self;
};

/* A job on its way. */
struct submission {
    bool confirmed;
    bool decided; /* or not waited for, or given up */
    bool returned;
    int64_t sent_ms;
    uint32_t id_size;
    char id[JOB_EXPIRE_ID_MAX];
};

enum submitter_content {
    CONTENT_NONE,
    CONTENT_REPLY,
    CONTENT_RETURN,
};

/* Submissions have the numbers first to before next, which are the channel's delivery tags; each is
 * at its number modulo the window. */
struct submitter {
    struct rabbit rabbit;
    struct address jobs;
    struct address stock;
    struct submitter_sink sink;
    int64_t wait_ms; /* for a decision; 0: none is asked for */
    uint64_t first;
    uint64_t next;
    uint32_t unconfirmed;
    int64_t progress_ms; /* when the broker last confirmed, or was last asked to */
    struct submission window[SUBMITTER_WINDOW];

    /* A message that is coming in, in frames. */
    enum submitter_content content;
    bool has_header;
    uint64_t body_left;
    uint32_t body_size;
    uint32_t id_size;
    char id[JOB_EXPIRE_ID_MAX];
    char body[EVENT_MEMORY_MAX];
};

/* With wait_ms of 0 no decisions are asked for. */
bool submitter_open(struct submitter *submitter, const struct amqp_url *url, const char *namespace,
                    int64_t wait_ms, const struct submitter_sink *sink,
                    struct error *error) MUST_CHECK;

/* Accepts what was never opened (all zeros). */
void submitter_close(struct submitter *submitter);

/* No more can be sent before submitter_turn has made room. */
bool submitter_full(const struct submitter *submitter);

/* The body is the job's own bytes. Not while full. A job that fails here or in a later turn may be
 * in its lane or not: the same job may be sent again. */
bool submitter_send(struct submitter *submitter, const struct job *job, struct span body,
                    uint32_t slot, struct error *error) MUST_CHECK;

/* How many jobs are not yet confirmed, or not yet decided if that is waited for. */
uint64_t submitter_pending(const struct submitter *submitter);

/* Takes in what has come, and waits at most so long if nothing has. To be called every few seconds:
 * it keeps the connection alive. */
bool submitter_turn(struct submitter *submitter, int timeout_ms, struct error *error) MUST_CHECK;

/* For poll(): readable when submitter_turn has something to do. */
int submitter_file(const struct submitter *submitter);
