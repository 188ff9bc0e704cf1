/* SPDX-License-Identifier: Apache-2.0
 *
 * What a decision is: all that its event says and the database records, and nothing else, so that
 * the event can be written again from the record, byte for byte. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"
#include "common/contract/job.h"

enum outcome {
    OUTCOME_CONFIRMED,
    OUTCOME_HELD,
    OUTCOME_SOLD_OUT,
    OUTCOME_RELEASED,
    OUTCOME_EXTENDED,
    OUTCOME_CANCELLED,
    OUTCOME_EXPIRED,
    OUTCOME_STOCKED,
    OUTCOME_LATE,
    OUTCOME_REJECTED,
};

/* Why a job is rejected, in the order in which they are looked for; and why one of its SKUs stands
 * in the way. sold_out is an outcome of its own, so as a reason it is a fault's only. */
enum reason {
    REASON_NONE,
    REASON_UNKNOWN_STORE,
    REASON_UNKNOWN_HOLD,
    REASON_UNKNOWN_SALE,
    REASON_HOLD_RELEASED,
    REASON_HOLD_EXPIRED,
    REASON_ALREADY_COMMITTED,
    REASON_ALREADY_CANCELLED,
    REASON_NOT_CANCELLABLE,
    REASON_UNKNOWN_SKU,
    REASON_NOT_ON_SALE,
    REASON_OVER_LIMIT,
    REASON_VERSION_CHANGED,
    REASON_BELOW_HELD,
    REASON_OVER_CAPACITY,
    REASON_SOLD_OUT,
};

/* What became of a hold. An active one may be past its end: nobody has expired it yet. */
enum hold_state {
    HOLD_ACTIVE,
    HOLD_EXPIRED,
    HOLD_RELEASED,
    HOLD_COMMITTED,
    HOLD_CANCELLED, /* sold, and nothing is left of the sale */
};

/* The form of the events that are written now. A recorded decision keeps its own for ever. */
#define EVENT_FORM 1u

#define FIGURE_NONE (-1) /* this fault has no such figure */

/* What a change of one SKU did to what can be bought. */
enum edge {
    EDGE_NONE,
    EDGE_OUT,  /* available has become 0 */
    EDGE_BACK, /* available was 0 and has become more */
};

static inline enum edge edge_between(int64_t available_before, int64_t available_after)
{
    if (available_before > 0 && available_after == 0) {
        return EDGE_OUT;
    }
    return available_before == 0 && available_after > 0 ? EDGE_BACK : EDGE_NONE;
}

/* One SKU of a decision. Only one whose unsold or held changed has moved: it has the number of that
 * change and what was available after it. Elsewhere these are 0. */
struct decision_item {
    struct span sku;
    int64_t qty;
    bool moved;
    int64_t version;
    int64_t available;
    enum edge edge; /* not in the event, but news of its own */
};

/* A SKU that stands in the way, with the figures that say how far. */
struct fault {
    struct span sku;
    enum reason reason;
    int64_t wanted;
    int64_t available; /* from here on: FIGURE_NONE or INSTANT_NONE where it does not apply */
    int64_t held;      /* units that may come back */
    int64_t limit;     /* per customer */
    int64_t taken;     /* of the limit, before this job */
    int64_t version;   /* the present one, where if_version named another */
    instant opens_at;
    instant closes_at;
};

/* Absent texts are SPAN_NONE, absent times INSTANT_NONE. Spans and arrays belong to whoever made
 * the decision: to the batch's arena.
 *
 * A reserve that names a hold to replace says so in any case; released_items are that hold's, when
 * this decision released it. A SKU in both carts is netted: it has moved at most once, in items,
 * and its released item has not. */
struct decision {
    struct span job; /* its id */
    enum kind kind;
    enum outcome outcome;
    enum reason reason; /* of OUTCOME_REJECTED; else REASON_NONE */
    uint32_t form;      /* of its event: EVENT_FORM when it was decided */
    uint64_t meaning;   /* job_digest() of the job: to know a reused id. Not in the event */
    struct span ref;
    struct span customer;
    struct span store; /* absent: a stock job, or a job on a hold or sale that is not known */
    struct span pool;  /* absent where no store or hold led to one */
    uint32_t slot;     /* the routing key of later jobs on this hold or sale */
    const struct decision_item *items;
    uint32_t item_count;
    const struct fault *faults;
    uint32_t fault_count;
    struct span hold;
    struct span sale;
    instant expires_at;
    bool retaken;   /* a commit took an expired hold's units again */
    struct span by; /* the job that already did it */
    struct span replaces;
    const struct decision_item *released_items;
    uint32_t released_count;
    instant decided_at;
    struct span meta; /* the bytes as sent */
};
