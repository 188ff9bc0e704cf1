/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's side: statement after statement, each in its own snapshot, with locks in between. */
#include <stddef.h>

#include "common/base/ensure.h"
#include "tests/sim/sim_account.h"
#include "tests/sim/sim_database.h"
#include "tests/sim/sim_lock.h"

/* The statements of a load, in the order in which the real one sends them. */
enum load_step {
    LOAD_LANE,
    LOAD_ADD,
    LOAD_LOCK,
    LOAD_DECISIONS,
    LOAD_SALES,
    LOAD_HOLDS,
    LOAD_TALLIES,
    LOAD_CLOCK,
    LOAD_STEPS,
};

static void due(struct sim_database *database, uint32_t number, int64_t at)
{
    sim_timers_set(&database->core->timers, ACTOR_SESSION + number, at);
}

/* ---- Statements ---- */

static bool is_live(const struct sim_database *database, const struct sim_session *session)
{
    return sim_tables_is_live(&database->tables, session->lane / SIM_LANES_MAX + 1);
}

static enum statement_end begin_load(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    struct sim_link *link = session->link;
    session->in_transaction = true;
    session->commits_before = database->commits;
    const enum statement_end end = sim_lock_lane(database, number);
    if (end != STATEMENT_DONE) {
        return end;
    }
    const struct sim_lane *lane = &database->tables.lanes[session->lane];
    link->state->drained = lane->drained;
    session->fenced = lane->epoch != link->epoch;
    if (session->fenced && !is_live(database, session)) {
        SIM_MARK(database->core->marks, MARK_RETIRED_FENCED);
    }
    return STATEMENT_DONE;
}

/* All statements were sent at once: the client is told who has the lane when the last is done. */
static enum statement_end read_clock(struct sim_database *database, struct sim_session *session)
{
    if (session->fenced) {
        return sim_refuse(session, ERROR_FENCED, "another worker has the lane");
    }
    session->link->state->now = sim_database_now(database);
    session->lonely_seen = database->rows.lonely_count > 0;
    if (database->commits != session->commits_before) {
        SIM_MARK(database->core->marks, MARK_LOAD_BETWEEN);
    }
    return STATEMENT_DONE;
}

static enum statement_end load_step(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    struct sim_link *link = session->link;
    bool fits = true;
    switch ((enum load_step)session->step) {
    case LOAD_LANE:
        return begin_load(database, number);
    case LOAD_ADD:
        return sim_lock_made(database, number);
    case LOAD_LOCK:
        return sim_lock_rows(database, number);
    case LOAD_DECISIONS:
        session->read_at = ++database->statements;
        fits = sim_rows_read_decisions(&database->rows, link->demand, link->arena, link->state);
        break;
    case LOAD_SALES:
        fits = sim_rows_read_sales(&database->rows, link->demand, link->arena, link->state);
        break;
    case LOAD_HOLDS:
        fits = sim_rows_read_holds(&database->rows, link->demand, link->arena, link->state);
        break;
    case LOAD_TALLIES:
        fits = sim_rows_read_tallies(&database->rows, link->demand, link->arena, link->state);
        break;
    case LOAD_CLOCK:
        return read_clock(database, session);
    case LOAD_STEPS:
        break;
    }
    return fits ? STATEMENT_DONE
                : sim_refuse(session, ERROR_JOB, "the batch does not fit into memory");
}

static enum statement_end look_step(struct sim_database *database, struct sim_session *session)
{
    struct sim_link *link = session->link;
    const bool fits =
        session->step == 0
            ? sim_rows_read_sales(&database->rows, link->demand, link->arena, &link->looked)
            : sim_rows_read_holds(&database->rows, link->demand, link->arena, &link->looked);
    return fits ? STATEMENT_DONE
                : sim_refuse(session, ERROR_JOB, "the batch does not fit into memory");
}

static enum statement_end claim(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    const enum statement_end end = sim_lock_lane(database, number);
    if (end != STATEMENT_DONE) {
        return end;
    }
    if (!is_live(database, session)) {
        SIM_MARK(database->core->marks, MARK_RETIRED_FENCED);
        sim_lock_release(database, number);
        return sim_refuse(session, ERROR_FENCED, "the generation has not come yet, or is retired");
    }
    struct sim_lane *lane = &database->tables.lanes[session->lane];
    lane->epoch++;
    lane->claimed = true;
    lane->claimed_at = sim_database_now(database);
    if (session->link != NULL) {
        lane->claimer = session->link->worker;
        lane->claimer_run = session->link->run;
        session->link->epoch = lane->epoch;
    }
    sim_account_claimed(database->account, session->lane,
                        session->link == NULL ? SIM_ACTOR_NONE : session->link->serving);
    sim_lock_release(database, number);
    return STATEMENT_DONE;
}

static enum statement_end count_lonely(struct sim_database *database, struct sim_session *session)
{
    const uint32_t begun = sim_rows_count_lonely(&database->rows, session->lonely);
    if (session->link != NULL) {
        session->link->begun = begun;
    }
    return STATEMENT_DONE;
}

/* What a transaction writes to its lane's row. */
static void write_lane(struct sim_database *database, const struct sim_change *change)
{
    struct sim_lane *lane = &database->tables.lanes[change->lane];
    lane->saved_at = sim_database_now(database);
    if (change->marker) {
        sim_account_marked(database->account, change->lane);
        SIM_MARK(database->core->marks, lane->drained ? MARK_DRAINED_AGAIN : MARK_DRAINED_LANE);
        lane->drained = true;
        return;
    }
    lane->decided += change->decision_count;
    lane->stragglers += lane->drained ? change->decision_count : 0;
}

static enum statement_end save(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    struct sim_change *change = session->change;
    if (!span_absent(sim_change_decided(&database->rows, change))) {
        SIM_MARK(database->core->marks, MARK_DECIDED_MEANWHILE);
        return sim_refuse(session, ERROR_RETRY, "duplicate key: decision_once");
    }
    if (sim_account_refuses(database->account, change)) {
        return sim_refuse(session, ERROR_JOB, "a value that the database does not take");
    }
    if (!session->has_lane) {
        sim_break(database->core, "a transaction commits that no longer has its lane");
    }
    for (uint32_t i = 0; i < database->rows.row_count; i++) {
        database->rows.rows[i].there |= database->rows.rows[i].creator == (int)number;
    }
    change->committed_at = ++database->statements;
    const char *broken = sim_change_apply(&database->rows, change);
    if (broken != NULL) {
        sim_break(database->core, "lane %u: %s", change->lane, broken);
    }
    if (session->link == NULL) {
        SIM_MARK(database->core->marks,
                 session->crashed ? MARK_CRASH_IN_SAVE_COMMITTED : MARK_COMMIT_LATE);
    }
    database->commits++;
    *(database->first == NULL ? &database->first : &database->last->next) = change;
    database->last = change;
    sim_account_committed(database->account, change);
    write_lane(database, change);
    sim_lock_release(database, number);
    return STATEMENT_DONE;
}

static enum statement_end step(struct sim_database *database, uint32_t number, bool *last)
{
    struct sim_session *session = &database->sessions[number];
    *last = true;
    switch (session->errand) {
    case ERRAND_CLAIM:
        return claim(database, number);
    case ERRAND_LONELY:
        return count_lonely(database, session);
    case ERRAND_LOOK:
        *last = session->step == 1;
        return look_step(database, session);
    case ERRAND_LOAD:
        *last = session->step == LOAD_CLOCK;
        return load_step(database, number);
    case ERRAND_SAVE:
        return save(database, number);
    case ERRAND_ROLLBACK:
        sim_lock_release(database, number);
        return STATEMENT_DONE;
    case ERRAND_NONE:
    case ERRAND_DIAL:
        break;
    }
    return STATEMENT_DONE;
}

/* ---- Sessions ---- */

void sim_session_free(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    sim_lock_release(database, number);
    session->state = SESSION_FREE;
    session->link = NULL;
    due(database, number, SIM_NEVER);
}

void sim_session_roll_back(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    sim_note(database->core, EVENT_ROLLED_BACK, session->lane, number, 0);
    if (session->link == NULL) {
        sim_session_free(database, number);
        return;
    }
    sim_lock_release(database, number);
    session->broken = true;
    session->state = SESSION_ANSWERED;
    session->answer_at = database->core->now;
    due(database, number, SIM_NEVER);
    sim_wake(database->core, session->link->serving, database->core->now);
}

/* The answer begins its way. */
static void answer(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    struct sim_core *core = database->core;
    if (session->link == NULL) {
        sim_session_free(database, number);
        return;
    }
    session->state = SESSION_ANSWERED;
    session->answer_at = core->now + sim_between(core, 20, 150);
    due(database, number, session->in_transaction ? core->now + SIM_IDLE_US : SIM_NEVER);
    sim_wake(core, session->link->serving, session->answer_at);
}

void sim_session_begin(struct sim_database *database, uint32_t number, enum sim_errand errand)
{
    struct sim_session *session = &database->sessions[number];
    struct sim_core *core = database->core;
    int64_t way = sim_between(core, 20, 200);
    session->errand = errand;
    session->step = 0;
    session->state = SESSION_BUSY;
    session->kind = ERROR_NONE;
    session->fenced = false;
    if (sim_strikes(core, FAULT_DATABASE_SLOW)) {
        way = sim_between(core, SIM_MS, 12 * SIM_SECOND);
    }
    due(database, number, core->now + way);
}

/* Looks who blocks: a session that waits for its client is ended. */
static void look_for_blocker(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    const int64_t waited = database->core->now - session->waiting_since;
    const int holder = sim_lock_holder(database, session);
    if (holder == SIM_SESSION_NONE || waited < SIM_BLOCKER_US) {
        return;
    }
    const struct sim_session *blocker = &database->sessions[holder];
    const bool idle = blocker->state == SESSION_IDLE || blocker->state == SESSION_ANSWERED;
    if (idle && blocker->in_transaction) {
        SIM_MARK(database->core->marks, MARK_BLOCKER_ENDED);
        sim_session_roll_back(database, (uint32_t)holder);
    }
}

static bool goes_wrong(struct sim_database *database, uint32_t number, bool before)
{
    struct sim_session *session = &database->sessions[number];
    if (session->trouble != (before ? TROUBLE_LOST_BEFORE : TROUBLE_LOST_AFTER)) {
        return false;
    }
    sim_note(database->core, EVENT_LOST, session->lane, number, session->errand);
    sim_session_roll_back(database, number);
    return true;
}

/* One statement. */
static void run(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    struct sim_core *core = database->core;
    bool last = true;
    if (session->trouble == TROUBLE_REFUSED) {
        session->trouble = TROUBLE_NONE;
        (void)sim_refuse(session, session->kind, "refused");
        answer(database, number);
        return;
    }
    enum statement_end end = step(database, number, &last);
    sim_note(core, EVENT_STATEMENT, session->lane, (uint32_t)session->errand << 8 | session->step,
             (uint64_t)end << 32 | number);
    if (end == STATEMENT_WAITS) {
        session->waiting_since =
            session->state == SESSION_WAITING ? session->waiting_since : core->now;
        session->state = SESSION_WAITING;
        sim_note(core, EVENT_WAITING, session->lane, (uint32_t)session->waits_for, number);
        due(database, number, core->now + SIM_BLOCKER_US);
        return;
    }
    if (end == STATEMENT_REFUSED || last) {
        if (end == STATEMENT_REFUSED || !goes_wrong(database, number, false)) {
            answer(database, number);
        }
        return;
    }
    session->state = SESSION_BUSY;
    session->step++;
    due(database, number,
        core->now + (sim_strikes(core, FAULT_PAUSE) ? sim_between(core, 1, 3 * SIM_MS) : 1));
}

/* It can commit without hearing any more from its client; if it does not wait for so long that it
 * looks whether he is there. */
static bool goes_on_alone(const struct sim_database *database, const struct sim_session *session)
{
    const bool waits_long = session->state == SESSION_WAITING &&
                            database->core->now - session->waiting_since >= SIM_CHECK_US;
    return session->errand == ERRAND_SAVE || session->errand == ERRAND_LONELY ||
           (session->errand == ERRAND_CLAIM && !waits_long);
}

void sim_session_turn(struct sim_database *database, uint32_t number)
{
    struct sim_session *session = &database->sessions[number];
    switch (session->state) {
    case SESSION_FREE:
        due(database, number, SIM_NEVER);
        return;
    case SESSION_IDLE:
    case SESSION_ANSWERED: /* whoever asked asks no more */
        due(database, number, SIM_NEVER);
        if (session->link == NULL || session->in_transaction) {
            SIM_MARK(database->core->marks, MARK_IDLE_ENDED);
            sim_session_roll_back(database, number);
        }
        return;
    case SESSION_WAITING:
        if (session->link != NULL) {
            look_for_blocker(database, number);
        }
        break;
    case SESSION_BUSY:
        break;
    }
    if (session->link == NULL && !goes_on_alone(database, session)) {
        sim_session_free(database, number);
        return;
    }
    if (session->state == SESSION_BUSY && goes_wrong(database, number, true)) {
        return;
    }
    run(database, number);
}
