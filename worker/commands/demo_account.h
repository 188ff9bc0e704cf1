/* SPDX-License-Identifier: Apache-2.0
 *
 * The account of a demonstration: what became of each buyer, as told by events, and whether the
 * database says the same; how long it took. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/instant.h"
#include "common/base/span.h"
#include "common/contract/names.h"
#include "till/event.h"

#define DEMO_CHECKS_MAX 16u

struct postgres;

/* One buyer, as the events tell. */
struct demo_buyer {
    int64_t heard_us; /* when the first copy came */
    int64_t version;  /* of the sale; 0: nothing was sold */
    uint64_t digest;  /* of the first copy */
    uint32_t copies;  /* 0: nothing has been heard */
    enum outcome outcome;
    bool differs; /* a later copy was not the same */
};

/* One line of the account. */
struct demo_check {
    const char *name;
    const char *sentence; /* what the figure counts */
    int64_t wanted;
    int64_t found;
};

struct demo_latency {
    int64_t p50_us;
    int64_t p90_us;
    int64_t p99_us;
    int64_t max_us;
};

/* Zeroed but for buyer_count and units. */
struct demo_account {
    uint32_t buyer_count;
    uint32_t units;
    struct demo_buyer *buyers;
    bool delivered; /* the units are for sale */
    uint32_t told;  /* buyers of whom an event has come */
    uint32_t confirmed;
    uint32_t sold_out;
    uint32_t others;    /* told something else: refused, or answered */
    uint32_t strangers; /* events of jobs that nobody sent, and such as cannot be read */
    uint64_t copies;    /* of events on buyers */
    uint64_t repeats;   /* of these, which say that they may be repeats */
    int64_t last_us;    /* when something new came */

    instant since;           /* set: another worker's first event is waited for */
    int64_t first_since_us;  /* when it came: dated later than that, or a repeat; 0: not yet */
    struct till_event event; /* the one being read */

    struct demo_check checks[DEMO_CHECKS_MAX];
    uint32_t check_count;
    uint32_t broken;     /* checks of which found is not wanted */
    uint32_t invariants; /* of the audit */
    uint32_t invariants_broken;
    char counter_example[512]; /* of the audit; empty: none */
    struct demo_latency latency;
    int64_t sale_us; /* from the first checkout sent to the last decision heard */
};

bool demo_account_open(struct demo_account *account, struct error *error) MUST_CHECK;
void demo_account_close(struct demo_account *account);

/* For ear_turn; self is the account. */
void demo_account_hear(void *self, struct span body, bool repeat);

/* The record of the buyer whose checkout this is; NULL: of none. */
struct demo_buyer *demo_account_buyer(const struct demo_account *account, const char *job);

/* Draws it up, once nothing more will be decided or told: compares with the database, audits it.
 * sent_us has for each buyer when the checkout was sent. */
bool demo_account_settle(struct demo_account *account, struct postgres *postgres,
                         const _Atomic int64_t *sent_us, struct error *error) MUST_CHECK;
