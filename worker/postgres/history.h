/* SPDX-License-Identifier: Apache-2.0
 *
 * The recorded decisions, all of one snapshot, page by page: however many there are, memory is
 * needed for one page. */
#pragma once

#include <stdbool.h>

#include <libpq-fe.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/contract/decision.h"

struct postgres;

/* What is NULL, INSTANT_NONE, or -1, does not matter. */
struct history_filter {
    instant since; /* of decided_at, inclusive */
    instant until; /* exclusive */
    int kind;      /* enum kind */
    int outcome;   /* enum outcome */
    const char *store;
    const char *id;
};

struct history {
    struct postgres *postgres; /* the caller's; in a transaction of the history's own */
    PGresult *page;
    int row; /* of the page: the next */
    struct arena arena;
    char *memory;
};

/* In the order in which they were decided: those of a lane as the lane did, those of several by
 * their times, each lane's taken as never going back. So each SKU's are in order of version,
 * also if the database's clock was set back, unless a cart of two lanes met such a moment. Waits
 * for the server to sort them; fails with ERROR_RETRY when that takes more than ten minutes. All
 * zeros before. */
bool history_open(struct history *history, struct postgres *postgres,
                  const struct history_filter *filter, struct error *error) MUST_CHECK;

/* Accepts all zeros. */
void history_close(struct history *history);

/* The next decision, valid until the next call; NULL behind the last. */
bool history_next(struct history *history, const struct decision **decision,
                  struct error *error) MUST_CHECK;
