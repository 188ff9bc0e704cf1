/* SPDX-License-Identifier: Apache-2.0
 *
 * Who has to wait for whom. */
#include "tests/sim/sim_lock.h"

static void due(struct sim_database *database, uint32_t number, int64_t at)
{
    sim_timers_set(&database->core->timers, ACTOR_SESSION + number, at);
}

enum statement_end sim_refuse(struct sim_session *session, enum error_kind kind, const char *why)
{
    session->kind = session->fenced ? ERROR_FENCED : kind; /* of the first that was refused */
    session->why = why;
    return STATEMENT_REFUSED;
}

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
    for (uint32_t i = 0; i < database->session_count; i++) {
        if (database->sessions[i].state == SESSION_WAITING) {
            const int64_t waited = database->core->now - database->sessions[i].waiting_since;
            due(database, i, database->core->now + (waited > SIM_SECOND ? 0 : 1));
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

/* Whether whoever is waited for waits, in the end, for this session. */
static bool is_deadlock(const struct sim_database *database, uint32_t number)
{
    uint32_t at = number;
    for (uint32_t i = 0; i < database->session_count; i++) {
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

static enum statement_end wait_for(struct sim_database *database, uint32_t number, int row)
{
    struct sim_session *session = &database->sessions[number];
    session->waits_for = row;
    if (is_deadlock(database, number)) {
        return sim_refuse(session, ERROR_RETRY, "deadlock detected");
    }
    SIM_MARK(database->core->marks, row == SIM_LANE_ROW ? MARK_LANE_LOCK_WAIT : MARK_LOCK_WAIT);
    return STATEMENT_WAITS;
}

enum statement_end sim_lock_lane(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    int *holder = &database->lane_holders[session->lane];
    if (*holder != SIM_SESSION_NONE && *holder != (int)number) {
        return wait_for(database, number, SIM_LANE_ROW);
    }
    *holder = (int)number;
    session->has_lane = true;
    return STATEMENT_DONE;
}

/* Inserting waits for whoever has inserted the same row and not yet committed. */
enum statement_end sim_lock_made(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    const uint32_t made = sim_rows_made(&database->rows, session->link->demand);
    for (uint32_t i = 0; i < database->rows.row_count; i++) {
        struct sim_row *row = &database->rows.rows[i];
        if ((made & 1u << i) == 0 || row->there || row->creator == (int)number) {
            continue;
        }
        if (row->creator != SIM_SESSION_NONE) {
            return wait_for(database, number, (int)i);
        }
        row->creator = (int)number;
        session->made |= 1u << i;
    }
    return STATEMENT_DONE;
}

/* A statement's snapshot, taken when it begins: it does not see what is inserted while it waits. */
static void see_rows(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    if (session->state == SESSION_WAITING) {
        return;
    }
    session->locked_at = ++database->statements;
    session->seen = 0;
    for (uint32_t i = 0; i < database->rows.row_count; i++) {
        const struct sim_row *row = &database->rows.rows[i];
        session->seen |= row->there || row->creator == (int)number ? 1u << i : 0;
    }
}

/* In order. */
enum statement_end sim_lock_rows(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    struct sim_link *link = session->link;
    see_rows(database, number);
    const uint32_t wanted = sim_rows_demanded(&database->rows, link->demand) & session->seen;
    for (uint32_t i = 0; i < database->rows.row_count; i++) {
        struct sim_row *row = &database->rows.rows[i];
        if ((wanted & 1u << i) == 0 || (session->rows & 1u << i) != 0) {
            continue;
        }
        if (row->holder != SIM_SESSION_NONE) {
            return wait_for(database, number, (int)i);
        }
        row->holder = (int)number;
        session->rows |= 1u << i;
    }
    return sim_rows_read_stocks(&database->rows, link->demand, session->rows, link->arena,
                                link->state)
               ? STATEMENT_DONE
               : sim_refuse(session, ERROR_JOB, "the batch does not fit into memory");
}
