/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes what a batch has changed besides its decisions. */
#pragma once

#include "worker/postgres/database.h"

/* Each adds statements to the trip, none where nothing is marked. */
void save_stock(struct postgres_database *database, const struct state *state);
void save_holds(struct postgres_database *database, const struct state *state);
void save_returns(struct postgres_database *database, const struct state *state);
void save_tallies(struct postgres_database *database, const struct state *state);
