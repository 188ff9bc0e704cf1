/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated database: sessions that go on by themselves once they have been asked, whatever
 * becomes of who asked; transactions, row locks, and a snapshot a statement, as PostgreSQL has them
 * under READ COMMITTED. Behind each serving's port stands a link. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_change.h"
#include "tests/sim/sim_core.h"
#include "tests/sim/sim_rows.h"
#include "tests/sim/sim_tables.h"
#include "tests/sim/sim_world.h"
#include "worker/lane/ports.h"

#define SIM_BLOCKER_US  (2 * SIM_SECOND)  /* a wait for a lock, until somebody looks who blocks */
#define SIM_CHECK_US    (2 * SIM_SECOND)  /* the same, until it looks whether its client is there */
#define SIM_IDLE_US     (5 * SIM_SECOND)  /* a transaction that nothing is asked of */
#define SIM_DEADLINE_US (10 * SIM_SECOND) /* of one errand, for who asked */

enum sim_errand {
    ERRAND_NONE,
    ERRAND_DIAL,
    ERRAND_CLAIM,
    ERRAND_LONELY,
    ERRAND_LOOK,
    ERRAND_LOAD,
    ERRAND_SAVE,
    ERRAND_ROLLBACK,
};

enum sim_session_state {
    SESSION_FREE,
    SESSION_IDLE,     /* nothing is asked of it; a transaction may be open */
    SESSION_BUSY,     /* its next statement is due */
    SESSION_WAITING,  /* for a lock */
    SESSION_ANSWERED, /* the answer is on its way, or there */
};

/* What is to go wrong with an errand. */
enum sim_trouble {
    TROUBLE_NONE,
    TROUBLE_REFUSED,     /* the error's kind is in the session */
    TROUBLE_LOST_BEFORE, /* the connection goes before the last statement */
    TROUBLE_LOST_AFTER,  /* after it, with the answer */
};

struct sim_link;

/* The server's side of a connection. */
struct sim_session {
    enum sim_session_state state;
    struct sim_link *link; /* NULL: whoever asked has gone */
    enum sim_errand errand;
    uint32_t step; /* of the errand's statements */
    enum sim_trouble trouble;
    enum error_kind kind; /* of what was refused, or of the trouble to come */
    const char *why;
    bool crashed; /* whoever asked is dead */
    bool broken;  /* the connection is gone; the client has not noticed */
    bool in_transaction;
    uint32_t rows; /* locked */
    uint32_t made; /* rows that it has inserted */
    bool has_lane; /* the lane's row is locked */
    bool fenced;   /* its epoch is another's */
    uint32_t lane;
    int waits_for; /* a row's number, or SIM_LANE_ROW */
    int64_t waiting_since;
    uint64_t commits_before; /* how many there had been when the load began */
    uint32_t seen;           /* rows, when it began to lock them */
    uint64_t locked_at;
    uint64_t read_at;
    struct sim_change *change;
    struct sim_known *lonely; /* what is to be counted */
    bool lonely_seen;         /* some lonely beginning was recorded when it loaded */
    int64_t answer_at;
};

/* One serving's side. */
struct sim_link {
    struct sim_database *database;
    uint32_t serving;
    uint32_t worker;
    uint32_t run; /* of the worker */
    uint32_t lane;
    int session; /* SIM_SESSION_NONE: not connected */
    enum sim_errand errand;
    int64_t asked_at;
    bool stuck; /* what was asked has not reached the server */
    uint64_t epoch;
    uint32_t begun;
    /* Of the errand under way; the caller's. */
    const struct demand *demand;
    struct arena *arena;
    struct state *state;
    struct state looked;
    struct span job;
    struct sim_change *unknown; /* a commit of which it does not know whether it was done */
};

struct sim_account;

struct sim_database {
    struct sim_core *core;
    struct sim_account *account;
    struct sim_rows rows;
    struct sim_session sessions[SIM_SESSIONS_MAX];
    uint32_t session_count; /* that there have been; the others are free */
    struct sim_link links[SIM_SERVINGS_MAX];
    struct sim_tables tables;
    int lane_holders[SIM_QUEUES_MAX];
    bool cut[SIM_WORKERS_MAX]; /* a worker's packets are lost */
    int64_t down_until;
    int64_t read_only_until;
    int64_t jump; /* of its clock, against virtual time */
    int64_t tick; /* its clock shows multiples of this */
    uint64_t statements;
    uint64_t commits;
    struct sim_change *first; /* all that was committed */
    struct sim_change *last;
};

void sim_database_init(struct sim_database *database, struct sim_core *core,
                       struct sim_account *account, struct arena *arena,
                       const struct sim_world *world);
struct database sim_database_port(struct sim_database *database, uint32_t serving, uint32_t worker,
                                  uint32_t run, uint32_t lane);

/* It is the session's turn. */
void sim_database_turn(struct sim_database *database, uint32_t session);

/* The process behind a link is gone; silently: the server is not told. */
void sim_database_crashed(struct sim_database *database, uint32_t serving, bool silently);

/* The server restarts: all connections and open transactions are gone. */
void sim_database_restart(struct sim_database *database, int64_t away);

instant sim_database_now(const struct sim_database *database);

/* ---- For the server's side ---- */

void sim_session_begin(struct sim_database *database, uint32_t number, enum sim_errand errand);
void sim_session_turn(struct sim_database *database, uint32_t number);

/* Rolls back, and ends it if nobody is at the other end. */
void sim_session_roll_back(struct sim_database *database, uint32_t number);
void sim_session_free(struct sim_database *database, uint32_t number);

/* ---- Locks ---- */

#define SIM_LANE_ROW ((int)SIM_ROWS_MAX) /* what a session waits for: its lane's row */
