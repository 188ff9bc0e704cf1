/* SPDX-License-Identifier: Apache-2.0
 *
 * A shop at the counter of which a test stands: says one job after the other and looks at what was
 * decided. Behind it is the database in memory, so that each job is loaded, decided and saved. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/contract/job.h"
#include "tests/support/memory_database.h"
#include "worker/lane/decide.h"

enum { SHOP_MEMORY = 1024 * 1024 };

/* Customer "c-1" in store "default", so pool "main", unless a job is changed to say otherwise. */
struct shop {
    struct arena arena;
    struct memory_database database;
    instant now;
    struct result result; /* of the last job */
    char memory[SHOP_MEMORY];
};

#define SECOND ((instant)1000000)

void shop_init(struct shop *shop);

/* Jobs to be changed before they are decided. Their items are the shop's. */
struct job job_cart(struct shop *shop, enum kind kind, const char *id, const char *sku,
                    int64_t qty);
struct job job_on_hold(enum kind kind, const char *id, const char *hold);
struct job job_cancel(const char *id, const char *sale);
struct job job_stock(struct shop *shop, enum kind kind, const char *id, const char *sku,
                     int64_t qty);
void job_add_item(struct shop *shop, struct job *job, const char *sku, int64_t qty);

/* Decides it, alone in its batch, and returns the result's decision. The result must be one. */
const struct decision *shop_decide(struct shop *shop, struct job job);

/* Decides it and returns whatever comes of it. */
const struct result *shop_settle(struct shop *shop, struct job job, uint64_t meaning);

/* Shorter, for what is not changed. */
const struct decision *shop_checkout(struct shop *shop, const char *id, const char *sku,
                                     int64_t qty);
const struct decision *shop_reserve(struct shop *shop, const char *id, const char *sku,
                                    int64_t qty);
const struct decision *shop_on_hold(struct shop *shop, enum kind kind, const char *id,
                                    const char *hold);
const struct decision *shop_cancel(struct shop *shop, const char *id, const char *sale);
const struct decision *shop_adjust(struct shop *shop, const char *id, const char *sku, int64_t qty);

/* Limit per customer (0: none), under a round (NULL: none). */
void shop_limit(struct shop *shop, const char *id, const char *sku, uint32_t per_customer,
                const char *round);

/* What is saved. The hold must exist; a SKU that nobody spoke of is not known and has nothing. */
struct stock shop_stock(const struct shop *shop, const char *sku);
struct hold shop_hold(const struct shop *shop, const char *id);
int64_t shop_taken(const struct shop *shop, const char *sku, const char *round);

struct span span_of(const char *text); /* NULL: absent */
