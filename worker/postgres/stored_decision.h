/* SPDX-License-Identifier: Apache-2.0
 *
 * A decision as the database stores it: complete, so that its event comes out byte for byte the
 * same. */
#pragma once

#include <stdbool.h>

#include "common/contract/decision.h"
#include "worker/postgres/row.h"

/* The columns, in the order of enum decision_column. */
#define STORED_DECISION_COLUMNS                                                               \
    "decided_at, meaning, version, expires_at, qty, available, unsold_delta, held_delta,"     \
    " slot, kind, outcome, reason, form, retaken, id, sku, customer, store, pool, ref, hold," \
    " sale, by, replaces, more, released, faults, meta"

/* Reads a row of these, in binary; texts and items are in the row's arena. False: the arena is full
 * (row->full), or this is no decision of ours. The id is there all the same. */
bool stored_decision_read(struct row *row, struct decision *decision) MUST_CHECK;
