/* SPDX-License-Identifier: Apache-2.0
 *
 * Who has what locked, who waits for whom, and the end of it. */
#include "tests/sim/sim_database.h"

int sim_lock_holder(const struct sim_database *database, const struct sim_session *session)
{
    if (session->waits_for == SIM_LANE_ROW) {
        return database->lane_holders[session->lane];
    }
    const struct sim_row *row = &database->rows.rows[session->waits_for];
    return row->holder != SIM_SESSION_NONE ? row->holder : row->creator;
}

/* Whoever waits looks again, those who have waited longest first. */
static void wake_waiting(struct sim_database *database)
{
    for (uint32_t i = 0; i < SIM_SESSIONS_MAX; i++) {
        if (database->sessions[i].state == SESSION_WAITING) {
            const int64_t waited = database->core->now - database->sessions[i].waiting_since;
            sim_timers_set(&database->core->timers, ACTOR_SESSION + i,
                           database->core->now + (waited > SIM_SECOND ? 0 : 1));
        }
    }
}

void sim_lock_release(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    for (uint32_t i = 0; i < database->rows.row_count; i++) {
        struct sim_row *row = &database->rows.rows[i];
        row->holder = row->holder == (int)number ? SIM_SESSION_NONE : row->holder;
        row->creator = row->creator == (int)number ? SIM_SESSION_NONE : row->creator;
    }
    if (session->has_lane) {
        database->lane_holders[session->lane] = SIM_SESSION_NONE;
    }
    session->rows = 0;
    session->made = 0;
    session->has_lane = false;
    session->in_transaction = false;
    wake_waiting(database);
}

bool sim_lock_is_deadlock(const struct sim_database *database, uint32_t number)
{
    uint32_t at = number;
    for (uint32_t i = 0; i < SIM_SESSIONS_MAX; i++) {
        const struct sim_session *session = &database->sessions[at];
        const int holder = session->state == SESSION_WAITING || i == 0
                               ? sim_lock_holder(database, session)
                               : SIM_SESSION_NONE;
        if (holder == SIM_SESSION_NONE) {
            return false;
        }
        at = (uint32_t)holder;
        if (at == number) {
            return true;
        }
    }
    return false;
}
