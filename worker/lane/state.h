/* SPDX-License-Identifier: Apache-2.0
 *
 * What the database knew when a batch was loaded, and what the batch makes of it.
 *
 * Whoever loads fills the arrays and counts of struct state; demand.h says with what. decide()
 * changes the things in place and marks them, so that whoever saves writes exactly the marked ones.
 * Everything belongs to the batch's arena. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/hash.h"
#include "common/base/span.h"
#include "common/contract/decision.h"
#include "common/contract/job.h"
#include "worker/lane/table.h"

/* What has to be written. */
enum change_mark {
    MARK_SAME,
    MARK_CHANGED,
    MARK_NEW,
};

/* One SKU of a hold or of a sale. */
struct line {
    struct span sku;
    int64_t qty;
    bool counted;      /* a limit was set when these units were taken: they count to the customer */
    struct span round; /* if counted: under which round; absent: under none */
    int64_t returned;  /* of a sale: units cancelled so far */
    struct span returned_by;        /* the last job that cancelled some of them */
    enum change_mark returned_mark; /* of returned and returned_by */
};

/* One SKU in one pool. A row may be there only because it had to be locked: then it is not known.
 * Invariant: 0 <= held <= unsold <= UNSOLD_MAX. */
struct stock {
    struct link link; /* filled by decide() */
    struct span pool;
    struct span sku;
    bool known;
    int64_t unsold;
    int64_t held;
    int64_t version;       /* 0: nothing has ever moved */
    uint32_t per_customer; /* 0: no limit */
    struct span round;
    instant opens_at;
    instant closes_at;
    enum change_mark mark;
    struct line *other; /* while one job is decided: this SKU in the hold or sale that it names */
    uint32_t told;      /* when it is announced: the step that tells how it stands; 0: none yet */
};

/* What a customer bought and holds of a SKU in one round, counted while a limit was set. */
struct tally {
    struct link link; /* filled by decide() */
    struct span pool;
    struct span sku;
    struct span round; /* absent: of no round */
    struct span customer;
    int64_t taken;
    int64_t delta;      /* what the batch adds to taken */
    bool fresh;         /* not among those that were loaded */
    struct tally *next; /* of the fresh ones */
};

struct hold {
    struct span id; /* the reserve's */
    struct span customer;
    struct span store;
    struct span pool;
    struct span ref;
    uint32_t slot;
    enum hold_state state;
    instant expires_at;
    struct line *lines;
    uint32_t line_count;
    struct span sale;     /* the commit that sold it: of a committed and a cancelled one */
    struct span ended_by; /* the job that brought it into its state; absent: active */
    enum change_mark mark;
    struct hold *next; /* of the new ones */
};

/* What a confirmed checkout or commit sold. A loaded sale of a hold has that hold loaded too. */
struct sale {
    struct span id;   /* the checkout's or commit's */
    struct span hold; /* absent: a checkout's */
    struct span customer;
    struct span store;
    struct span pool;
    struct span ref;
    uint32_t slot;
    struct line *lines; /* where a line's returned is changed, returned_mark says so */
    uint32_t line_count;
    struct span ended_by; /* the last cancel, once nothing is left */
    enum change_mark mark;
    struct sale *next; /* of the new ones */
};

struct store {
    struct link link; /* filled by decide() */
    struct span name;
    struct span pool; /* absent: assigned to none */
};

/* All that is known under one id: a job's decision, the hold that it made, what it sold. */
struct known {
    struct link link;
    struct span id;
    const struct decision *decision; /* NULL: not among what was loaded */
    struct hold *hold;
    struct sale *sale;
};

struct state {
    instant now;          /* the database's clock, read after the locks */
    struct hash_key seed; /* of the lookups; decisions do not depend on it */
    bool drained;         /* the lane's marker is recorded: what it decides are stragglers */
    struct span others;   /* the pool of stores that are assigned to none; absent: there is none */

    struct store *stores;
    uint32_t store_count;
    struct stock *stocks; /* no two of one pool and SKU */
    uint32_t stock_count;
    struct tally *tallies;
    uint32_t tally_count;
    struct hold *holds;
    uint32_t hold_count;
    struct sale *sales;
    uint32_t sale_count;
    const struct decision *decisions;
    uint32_t decision_count;

    /* Filled by decide(), in the order of the jobs. */
    struct hold *new_holds;
    struct hold **new_holds_end;
    struct sale *new_sales;
    struct sale **new_sales_end;
    struct tally *new_tallies;
    struct tally **new_tallies_end;

    struct table known_by_id;
    struct table stores_by_name;
    struct table stocks_by_key;
    struct table tallies_by_key;
};

/* Makes the lookups, with room for what jobs with so many items may add. False: the arena is full.
 */
bool state_index(struct state *state, uint32_t jobs, uint32_t items,
                 struct arena *arena) MUST_CHECK;

/* From which pool a store sells. Absent: from none. */
struct span state_pool(const struct state *state, struct span store);

/* NULL: not loaded. */
struct stock *state_stock(const struct state *state, struct span pool, struct span sku);

/* Of each hold and sale all SKUs were loaded. */
bool state_is_whole(const struct state *state);
struct known *state_known(const struct state *state, struct span id);
struct tally *state_tally(const struct state *state, const struct stock *stock, struct span round,
                          struct span customer);

/* An id from here on known; the memory is the caller's. May only be called if it is not yet. */
void state_know(struct state *state, struct known *known);

/* Puts new things behind those that were loaded; the memory is the caller's, zeroed but for what
 * the thing is. */
void state_add_hold(struct state *state, struct hold *hold);
void state_add_sale(struct state *state, struct sale *sale);
void state_add_tally(struct state *state, const struct stock *stock, struct tally *tally);
