/* SPDX-License-Identifier: Apache-2.0
 *
 * What a job is, once it has been parsed: the meaning of one message, with defaults filled in and
 * lines of one SKU summed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/instant.h"
#include "common/base/span.h"

enum kind {
    KIND_CHECKOUT,
    KIND_RESERVE,
    KIND_COMMIT,
    KIND_RELEASE,
    KIND_EXTEND,
    KIND_CANCEL,
    KIND_ADJUST,
    KIND_SET,
    KIND_DEFINE,
    KIND_EXPIRE,
};

#define VERSION_NONE (-1) /* no if_version was given */

/* One SKU of a job. A define has exactly one, with qty 0. */
struct item {
    struct span sku;
    int64_t qty;        /* the sum of all lines of this SKU: at most 100 x 1,000,000 */
    int64_t if_version; /* of a set; VERSION_NONE elsewhere */
};

/* A define leaves a field alone, clears it (null), or gives it a value. */
enum change {
    CHANGE_NONE,
    CHANGE_CLEAR,
    CHANGE_SET,
};

struct definition {
    enum change per_customer_change;
    uint32_t per_customer;
    enum change round_change;
    struct span round;
    enum change opens_change;
    instant opens_at;
    enum change closes_change;
    instant closes_at;
};

/* All spans and items point into the bytes that the job was parsed from, or into the arena that it
 * was parsed into: both must outlive it. What its kind does not list is absent (SPAN_NONE, 0,
 * INSTANT_NONE). */
struct job {
    struct span id;
    enum kind kind;
    struct span ref;
    struct span customer;
    struct span store; /* checkout, reserve: never absent; on a hold or sale: absent unless given */
    struct span pool;  /* stock jobs: never absent */
    struct item *items; /* in the order in which their SKUs came first */
    uint32_t item_count;
    uint32_t ttl;         /* seconds; reserve, extend */
    struct span hold;     /* commit, release, extend, expire */
    struct span sale;     /* cancel */
    struct span replaces; /* reserve */
    instant not_after;
    struct definition definition; /* define */
    struct span meta;             /* the bytes as sent */
};
