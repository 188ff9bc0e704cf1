/* SPDX-License-Identifier: Apache-2.0
 *
 * Row locks of the simulated database: who holds what, who waits, and deadlocks. */
#pragma once

#include "tests/sim/sim_database.h"

enum statement_end {
    STATEMENT_DONE,
    STATEMENT_WAITS,
    STATEMENT_REFUSED,
};

enum statement_end sim_refuse(struct sim_session *session, enum error_kind kind, const char *why);

/* Whom a session that waits waits for; SIM_SESSION_NONE: for nobody any more. */
int sim_lock_holder(const struct sim_database *database, const struct sim_session *session);

/* All that a session has locked; those who wait look again. */
void sim_lock_release(struct sim_database *database, uint32_t number);

/* The lane's row; rows that stock jobs make known; those that the demand names, in order, which
 * are then read. */
enum statement_end sim_lock_lane(struct sim_database *database, uint32_t number);
enum statement_end sim_lock_made(struct sim_database *database, uint32_t number);
enum statement_end sim_lock_rows(struct sim_database *database, uint32_t number);
