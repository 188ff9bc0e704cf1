/* SPDX-License-Identifier: Apache-2.0
 *
 * What a transaction is about to commit, in the server's own memory: from the moment it has been
 * sent it no longer needs whoever sent it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sim_rows.h"

/* One job of a batch, and what became of it. */
struct sim_entry {
    struct span id;
    uint64_t meaning;
    uint32_t slot;
    bool from_stock_exchange;
    struct result result; /* without movements */
};

struct sim_stock_change {
    uint32_t row;
    struct stock stock;
};

struct sim_movement {
    uint32_t row;
    int64_t unsold_delta;
    int64_t held_delta;
    int64_t version;
};

struct sim_tally_change {
    uint32_t row;
    struct span round;
    struct span customer;
    int64_t delta;
};

struct sim_change {
    uint32_t lane; /* its queue */
    uint32_t serving;
    bool marker;        /* instead of jobs: the lane is drained */
    uint32_t locked;    /* rows */
    uint64_t locked_at; /* the places of its statements among all of the run: it sees which rows */
    uint64_t read_at;   /* there are, which decisions there are, */
    uint64_t committed_at; /* and is seen itself */
    bool forgets_lonely;   /* beginnings of its jobs: it has seen that there are any */
    instant now;
    struct sim_entry *entries;
    uint32_t entry_count;
    uint32_t decision_count;
    struct hold *holds; /* new and changed */
    uint32_t hold_count;
    struct sale *sales;
    uint32_t sale_count;
    struct sim_stock_change *stocks;
    uint32_t stock_count;
    struct sim_movement *movements;
    uint32_t movement_count;
    struct sim_tally_change *tallies;
    uint32_t tally_count;
    struct sim_change *next; /* committed after it */
};

/* Copies a record into the rows' arena; texts that are there already are not copied again. */
struct sim_change *sim_change_of(struct sim_rows *rows, const struct record *record);

/* A job of it that is decided already; absent: none. */
struct span sim_change_decided(const struct sim_rows *rows, const struct sim_change *change);

/* Writes it. Returns what constraint or invariant it breaks, or NULL. */
const char *sim_change_apply(struct sim_rows *rows, const struct sim_change *change);
