/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the database in memory share. */
#pragma once

#include <stddef.h>

#include "tests/support/memory_database.h"
#include "worker/lane/demand.h"

void *memory_take(struct memory_database *database, size_t size);

/* NULL: there is no such row. */
struct stock *memory_row(struct memory_database *database, struct span pool, struct span sku);

/* Decisions, holds and sales; then, once their SKUs are demanded, stores, stock and tallies. */
void memory_load_names(struct memory_database *database, const struct demand *demand,
                       struct state *state);
void memory_load_rows(struct memory_database *database, const struct demand *demand,
                      struct state *state);

/* Returns the constraint that is broken, or NULL. */
const char *memory_save(struct memory_database *database, const struct state *state,
                        const struct result *results, uint32_t count);

/* Copies into the database's arena what rows point to outside of it: a batch's memory is used
 * again, rows stay. */
void memory_keep(struct memory_database *database);
