/* SPDX-License-Identifier: Apache-2.0
 *
 * The port: what is asked of a session, and what is made of its answer or of its silence. */
#include "tests/sim/sim_database.h"

#include <string.h>

#include "common/base/ensure.h"
#include "tests/sim/sim_account.h"

#define NOW_FIRST (1700000000 * INSTANT_SECOND) /* of the database's clock */

static struct sim_session *session_of(const struct sim_link *link)
{
    return &link->database->sessions[link->session];
}

static void wake(struct sim_link *link, int64_t at)
{
    sim_wake(link->database->core, link->serving, at);
}

/* The server has, or will have, all that it needs to commit. */
static bool is_committing(const struct sim_link *link)
{
    const struct sim_session *session = session_of(link);
    const bool waiting = session->state == SESSION_WAITING && link->errand == ERRAND_CLAIM;
    const bool busy = session->state == SESSION_BUSY &&
                      (link->errand == ERRAND_SAVE || link->errand == ERRAND_CLAIM ||
                       link->errand == ERRAND_LONELY);
    return (busy || waiting) && !session->broken && !link->stuck;
}

/* Lets go of the connection; the server finds out, and finishes what it can commit by itself. */
static void hang_up(struct sim_link *link, bool silently, bool sent)
{
    struct sim_core *core = link->database->core;
    if (link->session == SIM_SESSION_NONE) {
        return;
    }
    const uint32_t number = (uint32_t)link->session;
    struct sim_session *session = session_of(link);
    const bool committing = sent && is_committing(link);
    session->link = NULL;
    link->session = SIM_SESSION_NONE;
    link->errand = ERRAND_NONE;
    link->stuck = false;
    if (committing) {
        return;
    }
    if (session->state == SESSION_ANSWERED && session->broken) {
        sim_session_free(link->database, number);
        return;
    }
    const int64_t soon = session->state == SESSION_WAITING ? SIM_CHECK_US : 2 * SIM_MS;
    const int64_t until =
        silently ? sim_between(core, SIM_SECOND, 15 * SIM_SECOND) : sim_between(core, 1, soon);
    session->state = SESSION_IDLE;
    sim_timers_set(&core->timers, ACTOR_SESSION + number, core->now + until);
}

static enum port_answer failed(struct sim_link *link, enum error_kind kind, const char *why,
                               struct error *error)
{
    error_set(error, kind, "%s", why);
    sim_note(link->database->core, EVENT_REFUSED, link->serving, link->errand, kind);
    return PORT_FAILED;
}

static enum port_answer lost(struct sim_link *link, struct error *error)
{
    const bool saving = link->errand == ERRAND_SAVE;
    if (saving) {
        link->unknown = session_of(link)->change;
    }
    const enum port_answer answer =
        failed(link, saving ? ERROR_UNKNOWN : ERROR_RETRY, "the connection is lost", error);
    hang_up(link, false, true);
    return answer;
}

/* ---- Connecting ---- */

static int free_session(struct sim_database *database)
{
    for (uint32_t i = 0; i < database->session_count; i++) {
        if (database->sessions[i].state == SESSION_FREE) {
            return (int)i;
        }
    }
    ENSURE(database->session_count < SIM_SESSIONS_MAX);
    return (int)database->session_count++;
}

static bool is_away(const struct sim_database *database)
{
    return database->core->now < database->down_until;
}

static bool is_read_only(const struct sim_database *database)
{
    return database->core->now < database->read_only_until;
}

static enum port_answer dial(struct sim_link *link, struct error *error)
{
    struct sim_database *database = link->database;
    struct sim_core *core = database->core;
    if (link->errand != ERRAND_DIAL) {
        link->errand = ERRAND_DIAL;
        link->asked_at = core->now;
        wake(link, core->now + sim_between(core, 200, 2000));
        return PORT_WAIT;
    }
    if (database->cut[link->worker] && core->now - link->asked_at < SIM_DEADLINE_US) {
        wake(link, link->asked_at + SIM_DEADLINE_US);
        return PORT_WAIT;
    }
    link->errand = ERRAND_NONE;
    if (database->cut[link->worker] || is_away(database)) {
        return failed(link, ERROR_RETRY, "the database cannot be reached", error);
    }
    if (is_read_only(database)) {
        SIM_MARK(core->marks, MARK_READ_ONLY_SEEN);
        return failed(link, ERROR_RETRY, "session is read-only", error);
    }
    link->session = free_session(database);
    *session_of(link) =
        (struct sim_session){.state = SESSION_IDLE, .link = link, .lane = link->lane};
    sim_note(core, EVENT_CONNECTED, link->serving, (uint32_t)link->session, 0);
    return PORT_DONE;
}

/* A connection that was lost while nothing was under way is made anew. */
static enum port_answer make_ready(struct sim_link *link, struct error *error)
{
    if (link->session != SIM_SESSION_NONE && link->errand == ERRAND_NONE) {
        struct sim_session *session = session_of(link);
        if (session->broken || sim_strikes(link->database->core, FAULT_LOST_IDLE)) {
            hang_up(link, false, true);
        }
    }
    if (link->session == SIM_SESSION_NONE) {
        return dial(link, error);
    }
    return PORT_DONE;
}

/* ---- Errands ---- */

static void plan_trouble(struct sim_link *link)
{
    struct sim_core *core = link->database->core;
    struct sim_session *session = session_of(link);
    const bool saving = link->errand == ERRAND_SAVE;
    session->trouble = TROUBLE_NONE;
    if (sim_strikes(core, saving ? FAULT_LOST_BEFORE_COMMIT : FAULT_DATABASE_LOST)) {
        session->trouble = TROUBLE_LOST_BEFORE;
    } else if (sim_strikes(core, saving ? FAULT_LOST_IN_COMMIT : FAULT_DATABASE_LOST)) {
        session->trouble = TROUBLE_LOST_AFTER;
    } else if (sim_strikes(core, FAULT_SERIALIZATION) ||
               (!saving && sim_strikes(core, FAULT_DEADLOCK))) {
        session->trouble = TROUBLE_REFUSED;
        session->kind = ERROR_RETRY;
    }
}

static void ask(struct sim_link *link, enum sim_errand errand)
{
    struct sim_database *database = link->database;
    link->errand = errand;
    link->asked_at = database->core->now;
    link->stuck = database->cut[link->worker];
    session_of(link)->errand = errand;
    wake(link, link->asked_at + SIM_DEADLINE_US);
    if (!link->stuck) {
        sim_session_begin(database, (uint32_t)link->session, errand);
        plan_trouble(link);
    }
}

/* What is sent to roll back is not waited for; the next errand waits. */
static void leave(struct sim_link *link)
{
    if (link->session == SIM_SESSION_NONE || link->errand == ERRAND_ROLLBACK) {
        return;
    }
    if (link->errand != ERRAND_NONE) {
        hang_up(link, false, true);
        return;
    }
    struct sim_session *session = session_of(link);
    if (session->in_transaction && !session->broken) {
        ask(link, ERRAND_ROLLBACK);
    }
}

/* The errand's answer is there, or it is known that none will come. */
static enum port_answer take_answer(struct sim_link *link, struct error *error)
{
    struct sim_session *session = session_of(link);
    const enum sim_errand errand = link->errand;
    if (session->broken) {
        return lost(link, error);
    }
    session->state = SESSION_IDLE;
    link->errand = ERRAND_NONE;
    if (session->kind == ERROR_NONE) {
        return PORT_DONE;
    }
    const enum port_answer answer = failed(link, session->kind, session->why, error);
    if (errand != ERRAND_ROLLBACK) {
        leave(link);
    }
    return answer;
}

static enum port_answer proceed(struct sim_link *link, struct error *error)
{
    struct sim_core *core = link->database->core;
    const struct sim_session *session = session_of(link);
    const bool there = session->state == SESSION_ANSWERED && core->now >= session->answer_at;
    if (there && !link->stuck && !link->database->cut[link->worker]) {
        return take_answer(link, error);
    }
    if (core->now - link->asked_at >= SIM_DEADLINE_US) {
        return lost(link, error);
    }
    wake(link, link->asked_at + SIM_DEADLINE_US);
    if (session->state == SESSION_ANSWERED && core->now < session->answer_at) {
        wake(link, session->answer_at);
    }
    return PORT_WAIT;
}

/* PORT_DONE: the errand is under way; *now says that it has just been asked. */
static enum port_answer go(struct sim_link *link, enum sim_errand errand, bool *now,
                           struct error *error)
{
    *now = link->errand != errand;
    if (!*now) {
        return PORT_DONE;
    }
    if (link->errand == ERRAND_ROLLBACK) {
        const enum port_answer rolled_back = proceed(link, error);
        if (rolled_back != PORT_DONE) {
            return rolled_back;
        }
    }
    const enum port_answer answer = make_ready(link, error);
    if (answer == PORT_DONE) {
        ENSURE(link->errand == ERRAND_NONE); /* one at a time */
        if (is_read_only(link->database) && errand != ERRAND_LOOK && errand != ERRAND_SAVE) {
            SIM_MARK(link->database->core->marks, MARK_READ_ONLY_SEEN);
            hang_up(link, false, true);
            return failed(link, ERROR_RETRY, "the session has become read-only", error);
        }
    }
    return answer;
}

/* ---- The port ---- */

static enum port_answer ready(void *self, struct error *error)
{
    struct sim_link *link = self;
    if (link->errand == ERRAND_ROLLBACK) {
        return proceed(link, error);
    }
    return make_ready(link, error);
}

static enum port_answer claim(void *self, struct error *error)
{
    struct sim_link *link = self;
    bool now;
    const enum port_answer answer = go(link, ERRAND_CLAIM, &now, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    if (now) {
        ask(link, ERRAND_CLAIM);
    }
    return proceed(link, error);
}

static struct sim_known *lonely_of(struct sim_database *database, struct span job)
{
    struct sim_known *known = sim_rows_known(&database->rows, job);
    if (known == NULL) {
        char *bytes = arena_take_bytes(database->rows.arena, job.size);
        ENSURE(bytes != NULL);
        memcpy(bytes, job.bytes, job.size);
        known = sim_rows_know(&database->rows, (struct span){bytes, job.size});
    }
    return known;
}

static enum port_answer count_lonely(void *self, struct span job, uint32_t *begun,
                                     struct error *error)
{
    struct sim_link *link = self;
    bool now;
    enum port_answer answer = go(link, ERRAND_LONELY, &now, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    if (now) {
        SIM_MARK(link->database->core->marks, MARK_LONELY);
        session_of(link)->lonely = lonely_of(link->database, job);
        ask(link, ERRAND_LONELY);
    }
    answer = proceed(link, error);
    if (answer == PORT_DONE) {
        *begun = link->begun;
    }
    return answer;
}

static const struct state state_empty = {.seed = {1, 2}};

static enum port_answer look(void *self, const struct demand *demand, struct arena *arena,
                             struct found *found, struct error *error)
{
    struct sim_link *link = self;
    bool now;
    enum port_answer answer = go(link, ERRAND_LOOK, &now, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    if (now) {
        link->demand = demand;
        link->arena = arena;
        link->looked = state_empty;
        ask(link, ERRAND_LOOK);
    }
    answer = proceed(link, error);
    if (answer == PORT_DONE) {
        const struct state *looked = &link->looked;
        *found =
            (struct found){looked->holds, looked->hold_count, looked->sales, looked->sale_count};
    }
    return answer;
}

/* Of a commit of which it was not known whether it was done, it is known now. */
static void resolve_unknown(struct sim_link *link)
{
    const struct sim_change *unknown = link->unknown;
    link->unknown = NULL;
    if (unknown == NULL || unknown->decision_count == 0) {
        return;
    }
    bool done = false;
    for (uint32_t i = 0; i < unknown->entry_count; i++) {
        const struct sim_known *known =
            sim_rows_known(&link->database->rows, unknown->entries[i].id);
        done |= known != NULL && known->decision == &unknown->entries[i].result.decision;
    }
    SIM_MARK(link->database->core->marks,
             done ? MARK_COMMIT_UNKNOWN_DONE : MARK_COMMIT_UNKNOWN_LOST);
}

static enum port_answer load(void *self, const struct demand *demand, struct arena *arena,
                             struct state *state, struct error *error)
{
    struct sim_link *link = self;
    bool now;
    ENSURE(link->epoch > 0); /* the lane was claimed */
    const enum port_answer begun = go(link, ERRAND_LOAD, &now, error);
    if (begun != PORT_DONE) {
        return begun;
    }
    if (now) {
        link->demand = demand;
        link->arena = arena;
        link->state = state;
        *state = state_empty;
        ask(link, ERRAND_LOAD);
    }
    const enum port_answer answer = proceed(link, error);
    if (answer == PORT_DONE) {
        resolve_unknown(link);
    }
    return answer;
}

static enum port_answer save(void *self, const struct record *record, struct error *error)
{
    struct sim_link *link = self;
    if (link->errand != ERRAND_SAVE) {
        struct sim_session *session = session_of(link);
        ENSURE(link->errand == ERRAND_NONE && link->session != SIM_SESSION_NONE);
        ENSURE(record->state == link->state); /* what was loaded last */
        struct sim_change *change = sim_change_of(&link->database->rows, record);
        change->lane = link->lane;
        change->serving = link->serving;
        change->marker = record->marker;
        change->locked = session->rows;
        change->locked_at = session->locked_at;
        change->read_at = session->read_at;
        change->forgets_lonely = session->lonely_seen;
        session->change = change;
        if (session->broken || sim_strikes(link->database->core, FAULT_LOST_IDLE)) {
            link->errand = ERRAND_SAVE;
            return lost(link, error);
        }
        ask(link, ERRAND_SAVE);
    }
    return proceed(link, error);
}

static void abandon(void *self)
{
    leave(self);
}

static const struct database_ops ops = {
    .ready = ready,
    .claim = claim,
    .count_lonely = count_lonely,
    .look = look,
    .load = load,
    .save = save,
    .abandon = abandon,
};

void sim_database_init(struct sim_database *database, struct sim_core *core,
                       struct sim_account *account, struct arena *arena,
                       const struct sim_world *world)
{
    database->session_count = 0;
    memset(database->links, 0, sizeof database->links);
    memset(database->cut, 0, sizeof database->cut);
    database->core = core;
    database->account = account;
    sim_tables_init(&database->tables, world->lanes);
    database->down_until = database->read_only_until = 0;
    database->jump = 0;
    database->tick = world->tick;
    database->statements = database->commits = 0;
    database->first = database->last = NULL;
    for (uint32_t i = 0; i < SIM_QUEUES_MAX; i++) {
        database->lane_holders[i] = SIM_SESSION_NONE;
    }
    sim_rows_init(&database->rows, arena);
}

struct database sim_database_port(struct sim_database *database, uint32_t serving, uint32_t worker,
                                  uint32_t run, uint32_t lane)
{
    struct sim_link *link = &database->links[serving];
    *link = (struct sim_link){.database = database,
                              .serving = serving,
                              .worker = worker,
                              .run = run,
                              .lane = lane,
                              .session = SIM_SESSION_NONE};
    return (struct database){&ops, link};
}

void sim_database_turn(struct sim_database *database, uint32_t session)
{
    sim_session_turn(database, session);
}

void sim_database_crashed(struct sim_database *database, uint32_t serving, bool silently)
{
    struct sim_link *link = &database->links[serving];
    if (link->database == NULL || link->session == SIM_SESSION_NONE) {
        return;
    }
    /* What it has sent may still have been in its own machine. */
    const bool committing = is_committing(link);
    const bool sent = committing && prng_below(&database->core->chance, 2) == 0;
    if (committing && !sent && link->errand == ERRAND_SAVE) {
        SIM_MARK(database->core->marks, MARK_CRASH_IN_SAVE_LOST);
    }
    session_of(link)->crashed = true;
    hang_up(link, silently, sent);
}

void sim_database_restart(struct sim_database *database, int64_t away)
{
    database->down_until = database->core->now + away;
    database->tables.sweeper = SIM_WORKERS_MAX;
    for (uint32_t i = 0; i < database->session_count; i++) {
        if (database->sessions[i].state != SESSION_FREE) {
            sim_session_roll_back(database, i);
        }
    }
}

instant sim_database_now(const struct sim_database *database)
{
    const instant now = NOW_FIRST + database->core->now + database->jump;
    return now - now % database->tick;
}
