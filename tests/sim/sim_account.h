/* SPDX-License-Identifier: Apache-2.0
 *
 * The account of every job: what was published, what was decided, told, confirmed, acknowledged;
 * and what must hold of it at each of these points, and at the end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/limits.h"
#include "tests/sim/sim_change.h"
#include "tests/sim/sim_core.h"
#include "tests/sim/sim_tables.h"
#include "tests/sim/sim_world.h"
#include "worker/lane/message.h"

enum {
    SIM_COPIES_MAX = 3072,
    SIM_VERSIONS = 64,  /* of a row, at once */
    SIM_PAGES_MAX = 16, /* of such */
};

#define SIM_JOB_NONE  UINT32_MAX
#define SIM_COPY_NONE UINT32_MAX

enum sim_class {
    CLASS_PLAIN,
    CLASS_MALFORMED,
    CLASS_POISON,   /* the database refuses it */
    CLASS_CRASHING, /* whoever handles it dies */
};

/* One id and content that somebody sends. */
struct sim_job {
    struct job job; /* of a malformed one only the id means something; absent: it has none */
    struct span body;
    uint64_t meaning;
    uint32_t original; /* the job whose id it has: itself, unless it uses that id again */
    uint32_t reused;   /* another that uses its id, and that one's another; SIM_JOB_NONE */
    enum sim_class class;
    uint32_t slot;
    uint32_t first_copy;
    /* Of what has this id; kept with the original. */
    const struct decision *decision;
    uint32_t decided_lane;
    uint32_t decided_place; /* among the decisions of its lane */
    const struct sim_change *decided_by;
    uint64_t judged_at;  /* its place in the judge's order */
    uint64_t event;      /* its hash; 0: not published yet */
    bool event_unmarked; /* a copy was published that is not marked as a repeat */
    bool event_routed;
    bool event_settled;
    bool put_aside; /* a copy is a dead letter */
};

/* What has been confirmed of a copy. */
enum sim_told {
    TOLD_NOTHING = 0,
    TOLD_ANSWER = 1,
    TOLD_DEAD = 2,
};

/* One message with a job. */
struct sim_copy {
    uint32_t job;
    uint32_t next;      /* of the same job */
    uint32_t slot;      /* its routing key */
    uint32_t lane;      /* its queue */
    uint32_t place;     /* in its queue, in the order in which they came */
    uint32_t publisher; /* who first sent it; SIM_PUBLISHERS_MAX: the sweeper */
    uint32_t sequence;  /* of what was published, from 1 */
    bool sorted;        /* it came by the sorter */
    bool passed_on;     /* by the sorter, confirmed */
    bool straggler;     /* it came behind its lane's marker */
    bool astray;        /* it came by a binding that was made too late */
    uint32_t delivery_count;
    bool from_stock_exchange;
    struct span reply_to;
    bool reply_allowed; /* a queue that a job may name */
    bool reply_due;     /* told of, and not yet replied to */
    bool acknowledged;
    uint32_t told;
    uint64_t answer; /* its hash; 0: none */
    char key[8];
    uint32_t key_size;
    char trace[4]; /* the number of the copy, as its traceparent */
};

enum sim_news_kind {
    NEWS_DECISION,
    NEWS_ANSWER,
    NEWS_DEAD,
    NEWS_STOCK,
    NEWS_REPLY,
    NEWS_JOB, /* of a sorter, or of a sweeper */
};

/* What a published message says. */
struct sim_news {
    enum sim_news_kind kind;
    uint32_t about;   /* a copy; of stock, a row; of a job, that */
    uint32_t version; /* of a job, the copy that is passed on; SIM_COPY_NONE */
    uint32_t form; /* of stock: enum stock_news; of a dead letter: its reason; of a job: its slot */
    uint64_t hash;
};

/* Publishers, and the sweeper, each with a key and without. */
#define SIM_STREAMS (2u * (SIM_PUBLISHERS_MAX + 1u))

struct sim_version {
    uint64_t changed; /* hash of its news; 0: none */
    uint8_t settled;  /* bits of enum stock_news */
};

struct sim_account {
    struct sim_core *core;
    struct sim_rows *rows;
    struct sim_tables *tables;
    struct arena *arena;
    const struct sim_world *world;
    struct sim_job jobs[SIM_JOBS_MAX];
    uint32_t job_count;
    struct sim_copy copies[SIM_COPIES_MAX];
    uint32_t copy_count;
    uint32_t acknowledged;
    uint32_t expire_of[SIM_JOBS_MAX]; /* the job that expires a hold; SIM_JOB_NONE */
    uint32_t came[SIM_QUEUES_MAX];    /* copies */
    uint32_t marked[SIM_QUEUES_MAX];  /* the first place behind the marker; 0: there is none */
    uint32_t decided[SIM_QUEUES_MAX]; /* decisions */
    uint32_t decided_place[SIM_QUEUES_MAX]; /* of the last one's copy, from 1 */
    uint32_t told_place[SIM_QUEUES_MAX];    /* the last decision whose event was first routed */
    uint32_t last[SIM_STREAMS][SLOTS];      /* sequences that were decided, stragglers excepted */
    uint32_t owners[SIM_QUEUES_MAX];        /* the serving that claimed it last; SIM_ACTOR_NONE */
    instant decided_at;
    uint32_t decisions;
    struct sim_version *versions[SIM_ROWS_MAX][SIM_PAGES_MAX];
};

void sim_account_init(struct sim_account *account, struct sim_core *core, struct sim_rows *rows,
                      struct sim_tables *tables, struct arena *arena,
                      const struct sim_world *world);

/* NULL: nobody has sent such a job. */
struct sim_job *sim_account_job(struct sim_account *account, struct span id, uint64_t meaning);

/* The original of an id; SIM_JOB_NONE. */
uint32_t sim_account_original(const struct sim_account *account, struct span id);

/* A copy that was delivered, by its traceparent. */
uint32_t sim_account_copy(const struct sim_account *account, struct span traceparent);

/* From here on nobody else may commit in the lane. SIM_ACTOR_NONE: whoever claimed it is dead. */
void sim_account_claimed(struct sim_account *account, uint32_t lane, uint32_t serving);

/* Whether the database refuses one of the jobs. */
bool sim_account_refuses(struct sim_account *account, const struct sim_change *change);
void sim_account_committed(struct sim_account *account, const struct sim_change *change);

/* A lane's marker is about to be recorded. */
void sim_account_marked(struct sim_account *account, uint32_t lane);

/* A message is handed over; it is routed, perhaps; and its confirm is on its way, or it was given
 * up. */
struct sim_news sim_account_published(struct sim_account *account, const struct message *message);
void sim_account_routed(struct sim_account *account, const struct sim_news *news);
void sim_account_settled(struct sim_account *account, const struct sim_news *news);

/* What a job that was passed on says, when it comes to its exchange. */
void sim_account_passed_on(const struct sim_account *account, const struct sim_news *news,
                           struct sim_copy *copy);
void sim_account_acknowledged(struct sim_account *account, uint32_t number);

/* All that was published is done with. */
bool sim_account_is_done(const struct sim_account *account);

/* What was told of a row's version. */
struct sim_version *sim_account_version(struct sim_account *account, uint32_t row,
                                        uint32_t version);

/* What must hold at the end. */
void sim_account_check(struct sim_account *account);
