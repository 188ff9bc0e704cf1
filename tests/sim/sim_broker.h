/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated broker: a quorum queue a lane, with a line of consumers of which one is active, and
 * channels that publish with confirms. As measured on real ones: a closed channel's window returns
 * in order, in front of what was never taken but behind what was returned before and not taken
 * since; to be active is no lock; a confirm may come late, in any order, for many at once, as a
 * refusal, or never. Behind each serving's port stands a plug. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_account.h"
#include "tests/sim/sim_core.h"
#include "tests/sim/sim_exchange.h"
#include "tests/sim/sim_tables.h"
#include "worker/lane/ports.h"
#include "worker/rabbit/confirms.h"

#define SIM_CONFIRM_US       (30 * SIM_SECOND) /* without any confirm, of who waits for it */
#define SIM_CONSUMER_NONE    UINT32_MAX
#define SIM_MARKER_FIRST     0x8000u /* and the generation that comes */
#define SIM_PUBLISH_ATTEMPTS 3u

enum {
    SIM_WINDOW = 512, /* a power of 2: more than what is unacknowledged and what is still untaken */
    SIM_LINE = 4096,  /* a power of 2: more than all copies */
    SIM_FLIGHTS = 4096,
    SIM_MESSAGES_MAX = 1536,
};

enum sim_consumer_state {
    CONSUMER_FREE,
    CONSUMER_WAITING,
    CONSUMER_ACTIVE,
    CONSUMER_SUSPECT, /* thought dead: its window was returned, another one may be active */
};

/* The broker's side of a subscription. What was delivered stands in a ring, at its tag. */
struct sim_consumer {
    enum sim_consumer_state state;
    struct sim_plug *plug; /* NULL: nobody is there any more, and the broker does not know */
    uint32_t lane;         /* a queue */
    uint32_t prefetch;
    uint64_t first; /* the lowest unacknowledged tag */
    uint64_t next;  /* the next delivery's */
    uint64_t taken; /* the next one that the client takes */
    uint64_t asked; /* its place in the line */
    bool was_suspect;
    uint32_t copies[SIM_WINDOW];
    uint32_t counts[SIM_WINDOW];
    int64_t arrives[SIM_WINDOW];
};

/* First in, first out. */
struct sim_line {
    uint32_t head;
    uint32_t count;
    uint16_t jobs[SIM_LINE]; /* copies; from SIM_MARKER_FIRST on, markers */
};

struct sim_queue {
    bool there;
    uint32_t active;       /* a consumer; SIM_CONSUMER_NONE */
    struct sim_line given; /* back by consumers; taken before those that are ready */
    struct sim_line ready;
};

/* A message on its way, or its confirm. */
struct sim_flight {
    int64_t at;
    uint64_t number; /* on the channel */
    struct sim_news news;
};

struct sim_frame {
    int64_t at;
    uint64_t number;
    bool multiple;
    bool taken;
};

/* What a serving publishes over. */
struct sim_channel {
    bool open;
    bool lost; /* and whoever waits for a confirm has to be told */
    bool under_way;
    bool dead_unroutable;
    bool hole; /* some confirm never comes, so none comes for all up to a number */
    int64_t asked_at;
    int64_t progress_at;
    int64_t blocked_until;
    uint64_t refused_until; /* jobs up to this number */
    const struct message *messages;
    uint32_t count;
    struct confirms confirms;
    struct sim_news news[SIM_MESSAGES_MAX]; /* of the messages */
    uint32_t flight_first;
    uint32_t flight_count;
    struct sim_flight flights[SIM_FLIGHTS];
    uint32_t frame_count;
    int64_t frames_at; /* the earliest */
    struct sim_frame frames[SIM_FLIGHTS];
};

/* One serving's side. */
struct sim_plug {
    struct sim_broker *broker;
    uint32_t serving;
    uint32_t worker;
    uint32_t lane;     /* a queue */
    uint32_t consumer; /* SIM_CONSUMER_NONE */
    bool asking;
    bool lost; /* the consuming connection */
    int64_t asked_at;
    struct sim_channel channel;
};

struct sim_broker {
    struct sim_core *core;
    struct sim_account *account;
    const struct sim_world *world;
    const struct sim_tables *tables; /* how many lanes a generation has */
    struct sim_exchanges exchanges;
    struct sim_queue queues[SIM_QUEUES_MAX];
    struct sim_consumer consumers[SIM_CONSUMERS_MAX];
    uint32_t consumer_count; /* that there have been; the others are free */
    struct sim_plug plugs[SIM_PLUGS_MAX];
    bool cut[SIM_WORKERS_MAX]; /* a worker's packets are lost */
    bool nacks_events;         /* some subscriber's queue refuses all */
    uint64_t asked;
};

void sim_broker_init(struct sim_broker *broker, struct sim_core *core, struct sim_account *account,
                     const struct sim_world *world, const struct sim_tables *tables);
struct broker sim_broker_port(struct sim_broker *broker, uint32_t serving, uint32_t worker,
                              uint32_t lane);

/* A copy of a job comes to its queue. */
void sim_broker_publish(struct sim_broker *broker, uint32_t copy);

/* The same, of anything. */
void sim_broker_put(struct sim_broker *broker, uint32_t queue, uint32_t what);

/* Adds what a queue has. */
void sim_broker_look(const struct sim_broker *broker, uint32_t queue, struct retirement_look *look);

/* The queue goes, with all that is in it, and so do its consumers. */
void sim_broker_delete(struct sim_broker *broker, uint32_t queue);

/* It is their turn. */
void sim_broker_consumer_turn(struct sim_broker *broker, uint32_t number);
void sim_broker_channel_turn(struct sim_broker *broker, uint32_t serving);

/* The process behind a plug is gone; silently: the broker has to find out. */
void sim_broker_crashed(struct sim_broker *broker, uint32_t serving, bool silently);

/* Nothing is heard of a serving any more for longer than the broker waits: both its connections
 * will be gone. */
void sim_broker_silent(struct sim_broker *broker, uint32_t serving);

/* Of a frozen or cut off worker both sides have given up the connections. */
void sim_broker_forget(struct sim_broker *broker, uint32_t serving);

bool sim_broker_is_empty(const struct sim_broker *broker);

/* ---- Queues and consumers ---- */

static inline bool sim_is_marker(uint32_t copy)
{
    return copy >= SIM_MARKER_FIRST;
}

uint32_t sim_consumer_number(const struct sim_broker *broker, const struct sim_consumer *consumer);

/* A new one of the plug's queue, at the end of the line. */
void sim_consumer_open(struct sim_plug *plug);

/* What it has in hand returns; the next one is active. */
void sim_consumer_close(struct sim_broker *broker, struct sim_consumer *consumer);

/* The same, but its client does not know, and it may stand in the line again. */
void sim_consumer_hand_on(struct sim_broker *broker, struct sim_consumer *consumer);
void sim_consumer_activate_next(struct sim_broker *broker, uint32_t lane);

/* To the active consumer, as far as its window has room. */
void sim_queue_deliver(struct sim_broker *broker, uint32_t lane);

/* ---- The publishing half ---- */

void sim_channel_init(struct sim_channel *channel);
enum port_answer sim_channel_publish(void *self, const struct message *messages, uint32_t count,
                                     struct error *error);
enum port_answer sim_channel_confirm(void *self, struct error *error);
void sim_channel_forget(struct sim_plug *plug);

/* The connection goes: what was sent last may not have come. */
void sim_channel_lose(struct sim_plug *plug);
