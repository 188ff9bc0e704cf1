/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker and a database for a lane to work with, in memory: what they saw stands in their fields,
 * and any of their calls can be made to fail.
 *
 * Both check on each call what no lane may ever do: save without a load, publish what is not
 * committed, acknowledge what is not confirmed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "tests/support/memory_database.h"
#include "worker/lane/ports.h"

enum {
    FAKE_JOBS_MAX = 640,
    FAKE_MESSAGES_MAX = 4096,
    FAKE_FAULTS_MAX = 2,
    FAKE_LONELY_MAX = 16,
};

/* What happens at a call instead of what should. */
enum fault_kind {
    FAULT_NONE,
    FAULT_BEFORE,       /* it fails, and nothing was done */
    FAULT_AFTER,        /* it fails, though it was done: the answer is lost */
    FAULT_CRASH_BEFORE, /* the process is gone, and nothing was done */
    FAULT_CRASH_AFTER,  /* the process is gone as soon as it was done */
    FAULT_KINDS,
};

/* Calls of both ports are counted together: 1, 2, 3 ... */
struct fake_calls {
    uint32_t count;
    struct {
        uint32_t at; /* 0: never */
        enum fault_kind kind;
    } faults[FAKE_FAULTS_MAX];
    uint32_t waits; /* how often each call answers PORT_WAIT before it does anything */
    uint32_t waited;
    bool crashed; /* the lane is to be thrown away */
};

/* A job in the queue; what is not set is absent. */
struct fake_job {
    struct delivery delivery; /* as it will be delivered; the tag is of the present channel */
    bool taken;               /* and not yet acknowledged */
    bool acknowledged;
};

struct fake_message {
    struct message message; /* copied whole; of a dead letter, dead is not NULL */
    bool confirmed;
    uint32_t save; /* how many parts the database had been asked to save before */
};

struct fake_database;

struct fake_broker {
    struct fake_calls *calls;
    struct arena *arena;
    const struct fake_database *database; /* where decisions must be before they are published */
    struct fake_job jobs[FAKE_JOBS_MAX];
    uint32_t job_count;
    uint32_t arrived; /* jobs that are in the queue already; the others come later */
    struct fake_message messages[FAKE_MESSAGES_MAX];
    uint32_t message_count;
    uint32_t reply_count; /* among the messages */
    bool open;            /* a channel */
    bool lost;            /* the next subscription fails, until this is cleared */
    uint64_t tag;         /* the last one delivered */
    uint64_t acknowledged;
    uint32_t taken; /* unacknowledged deliveries */
    uint32_t prefetch;
    uint32_t unconfirmed;
    bool refuses_events;     /* publish fails until this is cleared */
    uint32_t confirm_losses; /* how often confirm still fails; nothing of it was lost */
    uint32_t confirm_waits;  /* how often confirm still answers PORT_WAIT; UINT32_MAX: for ever */
    uint32_t takes;
    uint32_t publishes;
    uint32_t confirms;
    uint32_t acks;
    uint32_t subscriptions;
    uint32_t give_backs;
};

struct fake_database {
    struct fake_calls *calls;
    struct memory_database memory;
    struct arena arena;   /* of the rows */
    struct arena scratch; /* to try how much memory a load takes */
    instant now;
    uint64_t epoch;
    uint64_t epoch_of_lane;
    bool open;                  /* a transaction */
    bool down;                  /* every call fails until this is cleared */
    enum error_kind save_error; /* every save fails with this, unless ERROR_NONE */
    struct span bad_job;        /* a part with this job cannot be saved ... */
    enum error_kind bad_error;  /* ... for this reason: ERROR_JOB, unless it is changed */
    struct span crashing_job;   /* a part with this job crashes the process */
    void (*after_look)(struct fake_database *database);
    struct {
        char name[256];
        uint32_t size;
        uint32_t begun;
    } lonely[FAKE_LONELY_MAX];
    uint32_t lonely_count;
    uint32_t readies;
    uint32_t claims;
    uint32_t looks;
    uint32_t loads;
    uint32_t saves;             /* asked for */
    uint32_t commits;           /* done */
    bool drained;               /* a marker was recorded */
    uint32_t markers;           /* so often */
    uint32_t stragglers;        /* decided after that */
    uint32_t abandons;          /* of an open transaction */
    uint32_t largest;           /* jobs of the largest part that was saved */
    uint32_t loads_unconfirmed; /* loads while the broker had messages to confirm */
    const struct fake_broker *broker;
};

/* The arenas are the caller's and outlive the fakes. */
void fake_broker_init(struct fake_broker *broker, struct fake_calls *calls, struct arena *arena);
void fake_database_init(struct fake_database *database, struct fake_calls *calls, void *memory,
                        size_t size);

struct broker fake_broker_port(struct fake_broker *broker);
struct database fake_database_port(struct fake_database *database);

/* One more job for the queue, with everything absent but the body. Behind those there are. */
struct delivery *fake_broker_add(struct fake_broker *broker, struct span body);

/* NULL: not decided. */
const struct decision *fake_database_decision(const struct fake_database *database,
                                              struct span job);

/* What becomes of the next call. */
enum fault_kind fake_fault(struct fake_calls *calls);

/* Whether the call is to answer PORT_WAIT; it is not counted then. */
bool fake_waits(struct fake_calls *calls);

/* How often this job was begun alone. */
uint32_t fake_lonely_begun(const struct fake_database *database, struct span job);
