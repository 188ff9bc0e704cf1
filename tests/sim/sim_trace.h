/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened, as records of fixed size: hashed when they happen, made into lines only when
 * somebody wants to read them. Nothing of a machine or a build is in them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum sim_event {
    /* worker, lane */
    EVENT_STEP,    /* progress, phases */
    EVENT_STARTED, /* of a worker */
    EVENT_CRASHED, /* why */
    EVENT_FROZEN,  /* for so long */
    EVENT_WOKE,
    EVENT_DRAINING,
    EVENT_CUT,    /* from what, for how long */
    EVENT_GONE,   /* for ever */
    EVENT_FAILED, /* the error's kind and a hash of its text */
    /* Of the broker. */
    EVENT_PUBLISHED, /* copy, job */
    EVENT_SUBSCRIBED,
    EVENT_ACTIVE,
    EVENT_RETURNED,  /* a window: how many */
    EVENT_DELIVERED, /* copy, how often before */
    EVENT_ACKED,     /* tag */
    EVENT_ACK_IGNORED,
    EVENT_SENT,      /* how many messages */
    EVENT_ROUTED,    /* number on the channel, hash of what */
    EVENT_CONFIRMED, /* number, multiple and taken */
    EVENT_LOST,      /* which connection */
    EVENT_BLOCKED,
    /* Of the database. */
    EVENT_CONNECTED,
    EVENT_STATEMENT, /* errand, step */
    EVENT_WAITING,   /* for which row */
    EVENT_COMMITTED, /* how many decisions, hash of what */
    EVENT_ROLLED_BACK,
    EVENT_REFUSED, /* why */
    EVENT_DOWN,
    EVENT_JUMPED,
    /* Beside the lanes. */
    EVENT_DUTY,   /* progress of a sorter or sweeper */
    EVENT_DRIVEN, /* step, progress */
    EVENT_SCALED, /* a command: to so many lanes, which generation */
    /* Of the run. */
    EVENT_CALM,
    EVENT_DONE,
    EVENTS,
};

#define SIM_ACTOR_NONE UINT16_MAX

struct sim_record {
    int64_t at;
    uint16_t what;
    uint16_t actor; /* a lane object, a worker, a session, a publisher: what depends on the event */
    uint32_t a;
    uint64_t b;
};

#define SIM_RECORDS_MAX 256u /* that are kept for whoever asks after a failure */

struct sim_trace {
    uint64_t hash;
    uint64_t count;
    bool printed; /* each line at once */
    struct sim_record last[SIM_RECORDS_MAX];
};

void sim_trace_init(struct sim_trace *trace, bool printed);

/* Prints the last one. */
void sim_trace_print_last(const struct sim_trace *trace);

static inline uint64_t sim_hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9fb21c651e98df25;
    return hash ^ (hash >> 29);
}

static inline void sim_trace_put(struct sim_trace *trace, int64_t at, enum sim_event what,
                                 uint32_t actor, uint32_t a, uint64_t b)
{
    const uint64_t words = (uint64_t)what << 48 | (uint64_t)(uint16_t)actor << 32 | a;
    trace->hash = sim_hash_word(sim_hash_word(sim_hash_word(trace->hash, (uint64_t)at), words), b);
    trace->last[trace->count++ % SIM_RECORDS_MAX] =
        (struct sim_record){at, (uint16_t)what, (uint16_t)actor, a, b};
    if (trace->printed) {
        sim_trace_print_last(trace);
    }
}

/* The last so many lines. */
void sim_trace_print(const struct sim_trace *trace, uint32_t lines);

/* A hash of bytes, the same on all machines. */
uint64_t sim_hash(const void *bytes, uint32_t size);
