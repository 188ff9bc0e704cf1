/* SPDX-License-Identifier: Apache-2.0
 *
 * One job while it is being decided: what the files decide_*.c share, and nobody else needs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "worker/lane/decide.h"
#include "worker/lane/state.h"

/* One SKU that the job is about. */
struct want {
    struct span sku;
    struct stock *stock; /* NULL: not loaded, so not known */
    int64_t qty;
    int64_t if_version;
    struct line *line;   /* of the hold or sale that the job is about; NULL: none */
    struct line *credit; /* of the hold that is replaced: units that come free; NULL: none */
};

/* decide() has made sure that the arena has room for whatever the job needs. */
struct deciding {
    struct state *state;
    struct arena *arena;
    const struct job *job;
    struct known *named;         /* under the hold, sale or replaces that the job names; or NULL */
    struct decision *decision;   /* being written; a decision on nothing yet */
    struct decision_item *items; /* the decision's, beside the wants */
    struct want *wants;
    uint32_t want_count;
    struct movement *movements; /* room for two a SKU */
    uint32_t movement_count;
    struct hold *made_hold; /* what will be known under this job's id */
    struct sale *made_sale;
};

/* How much one job can need: fixed, and for each SKU of it and of the hold or sale it names. */
size_t deciding_room(const struct job *job, const struct known *named);

/* Memory for the results; there is always enough. */
void *deciding_take(struct deciding *deciding, size_t size);

/* What the job is about: its own items, a hold's lines, or what is left of a sale (all of it, if
 * nothing is left); the decision's items with them. */
void wants_of_job(struct deciding *deciding, struct span pool);
void wants_of_hold(struct deciding *deciding, struct hold *hold);
void wants_of_sale(struct deciding *deciding, struct sale *sale);

/* Units of a sale that are not cancelled. */
int64_t sale_left(const struct sale *sale);

/* The job brings a hold into another state. */
void hold_end(struct hold *hold, enum hold_state state, struct span by);

/* What the decision confirms is sold, under its job's id; the lines become the sale's. */
struct sale *sale_make(struct deciding *deciding, struct line *lines, uint32_t count);

bool is_late(const struct deciding *deciding);

/* Units that can be sold or held. */
static inline int64_t stock_available(const struct stock *stock)
{
    return stock->unsold - stock->held;
}

/* The decision about one job, by what the job is about. */
void decide_checkout(struct deciding *deciding);
void decide_reserve(struct deciding *deciding);
void decide_commit(struct deciding *deciding);
void decide_release(struct deciding *deciding);
void decide_extend(struct deciding *deciding);
void decide_expire(struct deciding *deciding);
void decide_cancel(struct deciding *deciding);
void decide_adjust(struct deciding *deciding);
void decide_set(struct deciding *deciding);
void decide_define(struct deciding *deciding);
