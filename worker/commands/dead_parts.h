/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands "till dead ..." share: the letters one after the other, with what is known of
 * each, and which of them are meant. */
#pragma once

#include "common/base/arena.h"
#include "common/contract/job_parse.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/rabbit/note.h"
#include "worker/rabbit/pile.h"
#include "worker/rabbit/properties.h"

/* Which letters a command is about. */
#define DEAD_FILTER_OPTIONS                                                     \
    {"reason", "REASON", "malformed, failed, crashing or delivery_limit only"}, \
    {                                                                           \
        "id", "ID", "of this job only"                                          \
    }

/* A letter, valid until the next is taken. */
struct dead_view {
    const struct letter *letter;
    struct fields headers;
    struct note note;
    struct delivery delivery; /* its properties; the body is the letter's */
    struct span id;           /* the job's, as far as it can be told; else absent */
    bool cut;                 /* not all of its body is there */
    bool meant;               /* by the options */
};

/* Large: keep it static, and zeroed. */
struct dead_reading {
    const char *reason; /* NULL: any */
    const char *id;
    struct amqp_url url;
    struct pile pile;
    struct dead_view current;
    struct arena arena;
    char memory[JOB_MEMORY_MAX + PROPERTIES_MEMORY_MAX + 64]; /* aligned it is a little smaller */
};

/* Takes the options and the letters. When another command has these, *status is set and *busy is
 * true: there is nothing to do then, and it was said. */
bool dead_open(struct dead_reading *reading, const struct invocation *invocation, bool *busy,
               enum exit_status *status, struct error *error) MUST_CHECK;

/* Gives back what was not removed. */
void dead_close(struct dead_reading *reading);

/* The next letter; NULL behind the last. */
bool dead_next(struct dead_reading *reading, const struct dead_view **letter,
               struct error *error) MUST_CHECK;

extern const struct command command_dead_show;
extern const struct command command_dead_replay;
extern const struct command command_dead_drop;
