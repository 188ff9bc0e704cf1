/* SPDX-License-Identifier: Apache-2.0
 *
 * The port: which errand may begin, how each goes on, and what a failure leaves behind. */
#include "worker/postgres/database.h"

#include <string.h>
#include <sys/random.h>

#include "common/connect/postgres_wait.h"
#include "worker/postgres/database_parts.h"
#include "worker/postgres/row.h"

static const int poll_ms = 250; /* how soon a deadline is noticed at the latest */

static void close_connection(struct postgres_database *database)
{
    if (database->postgres.connection != NULL) {
        postgres_drop(&database->postgres);
    }
    database->phase = DATABASE_CLOSED;
    database->errand = ERRAND_NONE;
    database->trip.under_way = false;
    database->awaited = false;
}

static enum port_answer await(struct postgres_database *database, enum port_answer answer)
{
    database->awaited = answer == PORT_WAIT;
    return answer;
}

static void begin(struct postgres_database *database, enum database_errand errand)
{
    database->errand = errand;
    arena_reset(&database->scratch);
    trip_begin(&database->trip, &database->postgres);
}

/* Locks must not wait for the next call: the rollback is sent now, its answer taken then. */
static void leave(struct postgres_database *database)
{
    blocker_stop(&database->blocker);
    database->awaited = false;
    if (database->phase != DATABASE_READY || database->errand == ERRAND_ROLLBACK) {
        return;
    }
    if (database->trip.under_way || database->postgres.connection == NULL) {
        close_connection(database);
        return;
    }
    if (PQtransactionStatus(database->postgres.connection) != PQTRANS_IDLE) {
        begin(database, ERRAND_ROLLBACK);
        database_send(database, STATEMENT_ROLLBACK, NULL);
        trip_end(&database->trip);
        if (!database->trip.lost) {
            (void)PQflush(database->postgres.connection); /* the next step sees what became of it */
        }
    }
}

static enum port_answer dial(struct postgres_database *database, struct error *error)
{
    if (database->phase == DATABASE_CLOSED) {
        if (!postgres_dial_begin(&database->dial, &database->postgres, database->config,
                                 POSTGRES_LANE, database->name, error)) {
            return PORT_FAILED;
        }
        database->phase = DATABASE_DIALING;
    }
    switch (postgres_dial_step(&database->dial, &database->postgres, error)) {
    case POSTGRES_DIAL_WAIT:
        return PORT_WAIT;
    case POSTGRES_DIAL_FAILED:
        database->phase = DATABASE_CLOSED;
        return PORT_FAILED;
    case POSTGRES_DIAL_DONE:
        break;
    }
    ENSURE(PQenterPipelineMode(database->postgres.connection) == 1); /* it is idle */
    database->phase = DATABASE_PREPARING;
    begin(database, ERRAND_PREPARE);
    trip_prepare(&database->trip);
    trip_end(&database->trip);
    return PORT_DONE;
}

/* A connection that the other side has closed while nothing was under way is made anew: nothing
 * has failed yet. */
static void drop_if_closed(struct postgres_database *database)
{
    struct pollfd peer = {.fd = -1, .events = POLLRDHUP};
    if (database->phase != DATABASE_READY || database->errand != ERRAND_NONE) {
        return;
    }
    if (database->postgres.connection != NULL) {
        peer.fd = PQsocket(database->postgres.connection);
    }
    if (peer.fd == -1 || poll(&peer, 1, 0) != 0) {
        close_connection(database);
    }
}

/* Goes on with what has to be done before any errand. PORT_DONE: one may begin. */
static enum port_answer make_ready(struct postgres_database *database, struct error *error)
{
    drop_if_closed(database);
    if (database->phase == DATABASE_CLOSED || database->phase == DATABASE_DIALING) {
        const enum port_answer answer = dial(database, error);
        if (answer != PORT_DONE) {
            return answer;
        }
    }
    if (database->errand == ERRAND_PREPARE || database->errand == ERRAND_ROLLBACK) {
        const enum port_answer answer = trip_step(&database->trip, database, error);
        if (answer == PORT_WAIT) {
            return answer;
        }
        database->errand = ERRAND_NONE;
        if (answer == PORT_FAILED) {
            close_connection(database);
            return answer;
        }
        database->phase = DATABASE_READY;
    }
    ENSURE(database->phase == DATABASE_READY);
    return PORT_DONE;
}

/* PORT_DONE: the errand is under way, begun before or just now, then *now is set. */
static enum port_answer go(struct postgres_database *database, enum database_errand errand,
                           bool *now, struct error *error)
{
    *now = database->errand != errand;
    if (!*now) {
        return PORT_DONE;
    }
    const enum port_answer answer = make_ready(database, error);
    if (answer == PORT_DONE) {
        ENSURE(database->errand == ERRAND_NONE); /* one at a time */
        begin(database, errand);
    }
    return await(database, answer);
}

/* Goes on with the errand's trip. What has failed leaves no transaction open. On an old primary a
 * lock may be waited for in vain, for a commit that waits for its standby: so where there are
 * several hosts, trying again is to try whichever is right by now. */
static enum port_answer proceed(struct postgres_database *database, struct error *error)
{
    const enum port_answer answer = trip_step(&database->trip, database, error);
    if (answer == PORT_WAIT) {
        blocker_step(&database->blocker, database->config,
                     PQbackendPID(database->postgres.connection), trip_age_ms(&database->trip));
        return await(database, answer);
    }
    blocker_stop(&database->blocker);
    database->errand = ERRAND_NONE;
    if (answer == PORT_FAILED && error->kind == ERROR_RETRY &&
        database->postgres.outdated_ms != 0) {
        close_connection(database); /* next time all hosts are asked */
    } else if (answer == PORT_FAILED) {
        leave(database);
    }
    return await(database, answer);
}

/* A server may answer and write nothing: its disk is full, or its standby confirms no commit. So
 * something is written that changes nothing. */
static enum port_answer ready(void *self, struct error *error)
{
    struct postgres_database *database = self;
    bool now;
    const enum port_answer answer = go(database, ERRAND_READY, &now, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    if (now) {
        database_send_lane(database, STATEMENT_READY, NULL);
        trip_end(&database->trip);
    }
    return proceed(database, error);
}

static bool take_claimed(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    const struct row row = {.result = result};
    if (PQntuples(result) != 1) {
        return error_set(
            error, ERROR_FENCED,
            "generation %u has no lane %u to claim: it has not come yet, or is retired",
            database->generation, database->lane);
    }
    database->epoch = row_integer(&row, LANE_EPOCH);
    return true;
}

static void send_claim(struct postgres_database *database)
{
    struct parameters parameters = database_parameters(database);
    parameter_int4(&parameters, (int32_t)database->generation);
    parameter_int2(&parameters, (int16_t)database->lane);
    parameter_text(&parameters,
                   (struct span){database->worker, (uint32_t)strlen(database->worker)});
    parameter_text(&parameters, (struct span){database->run, (uint32_t)strlen(database->run)});
    trip_send(&database->trip, STATEMENT_CLAIM, &parameters, take_claimed);
}

static enum port_answer claim(void *self, struct error *error)
{
    struct postgres_database *database = self;
    bool now;
    const enum port_answer answer = go(database, ERRAND_CLAIM, &now, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    if (now) {
        send_claim(database);
        trip_end(&database->trip);
    }
    return proceed(database, error);
}

static enum port_answer count_lonely(void *self, struct span job, uint32_t *begun,
                                     struct error *error)
{
    struct postgres_database *database = self;
    bool now;
    enum port_answer answer = go(database, ERRAND_LONELY, &now, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    if (now) {
        send_count_lonely(database, job);
        trip_end(&database->trip);
    }
    answer = proceed(database, error);
    if (answer == PORT_DONE) {
        *begun = database->begun;
    }
    return answer;
}

static void read_into(struct postgres_database *database, struct state *state, struct arena *arena)
{
    struct hash_key seed;
    ENSURE(getrandom(&seed, sizeof seed, 0) == sizeof seed); /* so few bytes always come at once */
    *state = (struct state){.seed = seed, .others = SPAN_NONE};
    database->load = (struct load){.arena = arena, .state = state};
}

static enum port_answer look(void *self, const struct demand *demand, struct arena *arena,
                             struct found *found, struct error *error)
{
    struct postgres_database *database = self;
    bool now;
    enum port_answer answer = go(database, ERRAND_LOOK, &now, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    if (now) {
        read_into(database, &database->looked, arena);
        load_names(database, demand);
        trip_end(&database->trip);
    }
    answer = proceed(database, error);
    if (answer == PORT_DONE) {
        struct state *looked = &database->looked;
        load_link(looked);
        *found =
            (struct found){looked->holds, looked->hold_count, looked->sales, looked->sale_count};
    }
    return answer;
}

static enum port_answer load(void *self, const struct demand *demand, struct arena *arena,
                             struct state *state, struct error *error)
{
    struct postgres_database *database = self;
    ENSURE(database->epoch > 0); /* the lane was claimed */
    bool now;
    enum port_answer answer = go(database, ERRAND_LOAD, &now, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    if (now) {
        read_into(database, state, arena);
        load_batch(database, demand);
        trip_end(&database->trip);
    }
    answer = proceed(database, error);
    if (answer == PORT_DONE) {
        load_link(state);
    }
    return answer;
}

/* Whether the COMMIT may have been done: unless the server has refused something before it, nobody
 * knows how far it came with what was sent. */
static bool is_unknown(const struct trip *trip)
{
    const bool before_commit = trip->refused && trip->failed_at + 1 < trip->sent;
    return trip->lost && !before_commit;
}

static enum port_answer save(void *self, const struct record *record, struct error *error)
{
    struct postgres_database *database = self;
    if (database->errand != ERRAND_SAVE) {
        ENSURE(database->phase == DATABASE_READY && database->errand == ERRAND_NONE);
        ENSURE(record->state->stocks == database->load.stocks); /* what was loaded last */
        begin(database, ERRAND_SAVE);
        database->committed = false;
        save_batch(database, record);
        trip_end(&database->trip);
    }
    const enum port_answer answer = proceed(database, error);
    if (answer != PORT_FAILED) {
        return answer;
    }
    if (database->committed) { /* and the connection broke behind it */
        return PORT_DONE;
    }
    if (error->kind == ERROR_UNKNOWN) {
        close_connection(database);
    } else if (is_unknown(&database->trip)) {
        error->kind = ERROR_UNKNOWN;
        (void)error_wrap(error, "commit"); /* false, as the answer says */
    }
    return answer;
}

static void abandon(void *self)
{
    leave(self);
}

void postgres_database_init(struct postgres_database *database, const struct config *config,
                            const struct postgres_lane *lane, void *memory)
{
    memset(database, 0, sizeof *database);
    database->config = config;
    database->name = lane->name;
    database->worker = lane->worker;
    database->run = lane->run;
    database->generation = lane->generation;
    database->lane = lane->lane;
    arena_init(&database->scratch, memory, POSTGRES_DATABASE_MEMORY);
}

void postgres_database_close(struct postgres_database *database)
{
    blocker_stop(&database->blocker);
    postgres_dial_abandon(&database->dial, &database->postgres);
    close_connection(database);
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

struct database postgres_database_port(struct postgres_database *database)
{
    return (struct database){&ops, database};
}

uint32_t postgres_database_interest(const struct postgres_database *database,
                                    struct pollfd polls[POSTGRES_DATABASE_POLLS], int *timeout_ms)
{
    uint32_t count = 0;
    *timeout_ms = poll_ms;
    if (database->awaited && database->postgres.connection != NULL) {
        polls[count++] =
            (struct pollfd){.fd = PQsocket(database->postgres.connection),
                            .events = database->phase == DATABASE_DIALING ? database->dial.events
                                      : database->trip.unsent             ? POLLIN | POLLOUT
                                                                          : POLLIN};
    }
    return count + blocker_interest(&database->blocker, &polls[count]);
}
