/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract once more, as obvious as can be: arrays, searched from end to end, one job after the
 * other; only ids are looked up in a shorter way, as each job does that. What is held and what is
 * counted to a customer is added up anew each time. It shares no code with decide() and judges it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/decision.h"
#include "common/contract/job.h"
#include "worker/lane/decide.h"

enum {
    MODEL_LINES_MAX = 8,
    MODEL_RECORDS_MAX = 640,
    MODEL_SUMS = 256,
    MODEL_NONE = MODEL_RECORDS_MAX, /* no record */
    MODEL_STOCKS_MAX = 32,
    MODEL_STORES_MAX = 4,
};

struct model_line {
    struct span sku;
    int64_t qty;
    int64_t returned;
    bool counted;
    struct span round;
};

/* One job that was decided, and what became of the hold or sale that it made. */
struct model_record {
    const struct job *job;
    uint32_t next; /* with the same sum */
    struct decision decision;
    bool is_hold;
    bool is_sale;
    enum hold_state state; /* of a hold */
    instant expires_at;
    struct span ended_by;
    struct model_record *sale; /* of a hold: the commit */
    struct model_record *hold; /* of a commit: the hold */
    uint32_t line_count;
    struct model_line lines[MODEL_LINES_MAX]; /* from here on, nothing beyond the counts is set */
    struct decision_item items[MODEL_LINES_MAX];
    struct decision_item released_items[MODEL_LINES_MAX];
    struct fault faults[MODEL_LINES_MAX];
};

struct model_stock {
    struct span pool;
    struct span sku;
    bool known;
    int64_t unsold;
    int64_t version;
    uint32_t per_customer;
    struct span round;
    instant opens_at;
    instant closes_at;
};

struct model_store {
    struct span name;
    struct span pool;
};

struct model {
    instant now;
    struct span others;
    struct model_store stores[MODEL_STORES_MAX];
    uint32_t store_count;
    struct model_stock stocks[MODEL_STOCKS_MAX];
    uint32_t stock_count;
    struct model_record records[MODEL_RECORDS_MAX];
    uint32_t record_count;
    uint32_t heads[MODEL_SUMS]; /* the last record whose id has this sum; MODEL_NONE */
    const struct model_record *holds[MODEL_RECORDS_MAX]; /* those that are one */
    uint32_t hold_count;
    const struct model_record *takers[MODEL_RECORDS_MAX]; /* those that are a hold or a sale */
    uint32_t taker_count;
};

struct model_result {
    enum result_kind kind;
    enum answer_reason answer;
    const struct decision *decision; /* new or repeated */
};

void model_init(struct model *model);
struct model_result model_decide(struct model *model, const struct entry *entry);

/* A record of the job, empty but for it; none has its id yet. */
struct model_record *model_add(struct model *model, const struct job *job);

/* Figures of one SKU in one pool, added up. */
struct model_stock *model_stock(struct model *model, struct span pool, struct span sku);
int64_t model_held(const struct model *model, struct span pool, struct span sku);
int64_t model_taken(const struct model *model, struct span pool, struct span sku, struct span round,
                    struct span customer);
