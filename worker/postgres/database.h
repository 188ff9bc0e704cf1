/* SPDX-License-Identifier: Apache-2.0
 *
 * The database port's real side: one lane's connection to PostgreSQL.
 *
 * It connects when it is first asked for something, and again after it has lost the connection. No
 * call waits: see ports.h. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/connect/config.h"
#include "worker/lane/ports.h"
#include "worker/postgres/blocker.h"
#include "worker/postgres/trip.h"

/* For what is being sent; a job alone always fits. */
#define POSTGRES_DATABASE_MEMORY (1024u * 1024u)

/* Sockets to watch at once. */
#define POSTGRES_DATABASE_POLLS 2u

enum database_phase {
    DATABASE_CLOSED,
    DATABASE_DIALING,
    DATABASE_PREPARING,
    DATABASE_READY,
};

/* What the trip under way is for. */
enum database_errand {
    ERRAND_NONE,
    ERRAND_PREPARE,
    ERRAND_ROLLBACK,
    ERRAND_READY,
    ERRAND_CLAIM,
    ERRAND_LONELY,
    ERRAND_LOOK,
    ERRAND_LOAD,
    ERRAND_SAVE,
};

/* A stock row as it was found; as long as it is locked, it stays in its place. */
struct locked {
    int64_t version;
    int64_t place;
};

/* What is being loaded, or was, until it is saved. */
struct load {
    struct arena *arena;
    struct state *state;
    const struct stock *stocks; /* those of the state */
    struct locked *locked;      /* one for each of them */
};

/* Which lane, and for whom. */
struct postgres_lane {
    const char *name;   /* the worker's and lane's, for the server's own lists */
    const char *worker; /* these stand in the lane's row once it is claimed */
    const char *run;
    uint32_t generation;
    uint32_t lane;
};

/* Not to be moved while it is open. */
struct postgres_database {
    const struct config *config; /* these are the caller's, and stay */
    const char *name;
    const char *worker;
    const char *run;
    uint32_t generation;
    uint32_t lane;
    enum database_phase phase;
    struct postgres postgres;
    struct postgres_dial dial;
    enum database_errand errand;
    struct trip trip;
    bool awaited; /* the last call answered PORT_WAIT: somebody is going to read what comes */
    struct blocker blocker;
    struct arena scratch;
    int64_t epoch;   /* ours, once the lane is claimed */
    int64_t decided; /* by the lane; as loaded */
    bool lonely;     /* some lonely beginning is recorded; as loaded */
    bool committed;  /* by the save under way */
    unsigned warnings;
    uint32_t begun; /* what count_lonely has counted */
    struct load load;
    struct state looked; /* what look reads, before it becomes what was found */
};

/* Opens nothing yet. The memory is POSTGRES_DATABASE_MEMORY bytes; it, the configuration and the
 * texts must stay until it is closed. */
void postgres_database_init(struct postgres_database *database, const struct config *config,
                            const struct postgres_lane *lane, void *memory);

/* Leaves whatever is under way. */
void postgres_database_close(struct postgres_database *database);

/* Borrows it. */
struct database postgres_database_port(struct postgres_database *database);

/* What to wait for: how many of the polls were filled, and how long at most, in milliseconds. While
 * no call has answered PORT_WAIT nothing is: what comes then, as the end of the connection, is read
 * by the next call. */
uint32_t postgres_database_interest(const struct postgres_database *database,
                                    struct pollfd polls[POSTGRES_DATABASE_POLLS], int *timeout_ms);
