/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the database port share, and nobody else needs: the parts of an errand. Each
 * part adds statements to the trip that has been begun, or takes what came of them. */
#pragma once

#include "worker/postgres/database.h"

/* Statements with the parameters of every trip: none, or the lane. */
void database_send(struct postgres_database *database, enum statement statement, trip_take *take);
void database_send_lane(struct postgres_database *database, enum statement statement,
                        trip_take *take);

/* Memory for what one statement says, in all that the scratch has left. */
struct parameters database_parameters(struct postgres_database *database);

/* What look and load read; then what was read is put together. */
void load_names(struct postgres_database *database, const struct demand *demand);
void load_batch(struct postgres_database *database, const struct demand *demand);
void load_link(struct state *state);

/* Everything that a batch has changed. */
void save_batch(struct postgres_database *database, const struct record *record);

/* Takes results of rows whose columns statement.h names. */
trip_take take_lane;
trip_take take_locked;
trip_take take_decisions;
trip_take take_sales;
trip_take take_returns;
trip_take take_holds;
trip_take take_tallies;
trip_take take_clock;

/* The error of what was read into an arena. */
bool load_full(struct error *error);
bool load_broken(const char *what, struct span id, struct error *error);

void send_count_lonely(struct postgres_database *database, struct span job);
void send_forget_lonely(struct postgres_database *database, const struct record *record);
