/* SPDX-License-Identifier: Apache-2.0
 *
 * The database in memory behind the lane's port: transactions, epochs, and answers that get lost.
 */
#include <string.h>

#include "common/base/ensure.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_parts.h"

static enum port_answer failed(struct error *error, enum error_kind kind, const char *why)
{
    error_set(error, kind, "%s", why);
    return PORT_FAILED;
}

/* Whether the call ends here, with this answer; if not, it is to be done, and end_of says how it
 * ends. */
static bool begin(struct fake_database *database, enum fault_kind *fault, enum port_answer *answer,
                  struct error *error)
{
    if (fake_waits(database->calls)) {
        *answer = PORT_WAIT;
        return true;
    }
    *fault = fake_fault(database->calls);
    *answer = PORT_WAIT;
    if (*fault == FAULT_CRASH_BEFORE) {
        return true;
    }
    if (*fault == FAULT_BEFORE || database->down) {
        *answer = failed(error, ERROR_RETRY, "the database's connection is lost");
        return true;
    }
    return false;
}

static enum port_answer end_of(enum fault_kind fault, struct error *error)
{
    if (fault == FAULT_AFTER) {
        return failed(error, ERROR_UNKNOWN, "the database's answer is lost");
    }
    return fault == FAULT_NONE ? PORT_DONE : PORT_WAIT;
}

static enum port_answer ready(void *self, struct error *error)
{
    struct fake_database *database = self;
    enum fault_kind fault;
    enum port_answer answer;
    if (begin(database, &fault, &answer, error)) {
        return answer;
    }
    database->readies++;
    return end_of(fault, error);
}

static enum port_answer claim(void *self, struct error *error)
{
    struct fake_database *database = self;
    enum fault_kind fault;
    enum port_answer answer;
    ENSURE(!database->open);
    if (begin(database, &fault, &answer, error)) {
        return answer;
    }
    database->epoch_of_lane = ++database->epoch;
    database->claims++;
    return end_of(fault, error);
}

static enum port_answer count_lonely(void *self, struct span job, uint32_t *begun,
                                     struct error *error)
{
    struct fake_database *database = self;
    enum fault_kind fault;
    enum port_answer answer;
    ENSURE(!database->open && job.size <= sizeof database->lonely[0].name);
    if (begin(database, &fault, &answer, error)) {
        return answer;
    }
    uint32_t i = 0;
    while (i < database->lonely_count &&
           !span_equal(job, (struct span){database->lonely[i].name, database->lonely[i].size})) {
        i++;
    }
    if (i == database->lonely_count) {
        ENSURE(database->lonely_count < FAKE_LONELY_MAX);
        database->lonely_count++;
        memcpy(database->lonely[i].name, job.bytes, job.size);
        database->lonely[i].size = job.size;
    }
    *begun = ++database->lonely[i].begun;
    return end_of(fault, error);
}

static void find(struct memory_database *memory, const struct demand *demand, struct state *state)
{
    memory_load_names(memory, demand, state);
}

static void find_all(struct memory_database *memory, const struct demand *demand,
                     struct state *state)
{
    memory_load_names(memory, demand, state);
    memory_load_rows(memory, demand, state);
}

/* Tries in the scratch how much memory it takes, then does it in the batch's. False: there is too
 * little. */
static bool fetch(struct fake_database *database, const struct demand *demand, struct arena *arena,
                  void (*find_what)(struct memory_database *, const struct demand *,
                                    struct state *),
                  struct state *state)
{
    struct memory_database *memory = &database->memory;
    struct state tried = *state;
    arena_reset(&database->scratch);
    memory->arena = &database->scratch;
    find_what(memory, demand, &tried);
    const bool fits = arena_room(arena) >= database->scratch.used + _Alignof(max_align_t);
    memory->arena = arena;
    if (fits) {
        find_what(memory, demand, state);
    }
    memory->arena = &database->arena;
    memory_keep(memory);
    return fits;
}

static enum port_answer look(void *self, const struct demand *demand, struct arena *arena,
                             struct found *found, struct error *error)
{
    struct fake_database *database = self;
    struct state state = {.now = database->now};
    enum fault_kind fault;
    enum port_answer answer;
    ENSURE(!database->open);
    if (begin(database, &fault, &answer, error)) {
        return answer;
    }
    database->looks++;
    if (!fetch(database, demand, arena, find, &state)) {
        return failed(error, ERROR_JOB, "the batch's memory is full");
    }
    *found = (struct found){state.holds, state.hold_count, state.sales, state.sale_count};
    if (database->after_look != NULL) {
        database->after_look(database);
    }
    return end_of(fault, error);
}

static bool demands(const struct demand *demand, struct span job)
{
    for (uint32_t i = 0; i < demand->ids.count; i++) {
        if (!span_absent(job) && span_equal(demand->ids.keys[i].name, job)) {
            return true;
        }
    }
    return false;
}

static enum port_answer load(void *self, const struct demand *demand, struct arena *arena,
                             struct state *state, struct error *error)
{
    struct fake_database *database = self;
    enum fault_kind fault;
    enum port_answer answer;
    ENSURE(!database->open);
    if (begin(database, &fault, &answer, error)) {
        return answer;
    }
    database->loads++;
    database->loads_unconfirmed += database->broker->unconfirmed > 0 ? 1 : 0;
    if (database->epoch_of_lane != database->epoch) {
        return failed(error, ERROR_FENCED, "the lane is another's");
    }
    if (demands(demand, database->crashing_job)) {
        database->calls->crashed = true;
        return PORT_WAIT;
    }
    struct state loaded = {.now = ++database->now, .seed = {1, 2}, .drained = database->drained};
    if (!fetch(database, demand, arena, find_all, &loaded)) {
        return failed(error, ERROR_JOB, "the batch's memory is full");
    }
    database->open = fault == FAULT_NONE;
    *state = loaded;
    return end_of(fault, error);
}

static bool is_recorded(const struct record *record, struct span job)
{
    for (uint32_t i = 0; i < record->count; i++) {
        if (!span_absent(job) && span_equal(record->entries[i].job->id, job)) {
            return true;
        }
    }
    return false;
}

/* All that came before the marker is published, confirmed and acknowledged. */
static void write_marker(struct fake_database *database)
{
    const struct fake_broker *broker = database->broker;
    uint32_t i = 0;
    while (i < broker->job_count && broker->jobs[i].acknowledged) {
        i++;
    }
    ENSURE(i < broker->job_count && broker->unconfirmed == 0);
    ENSURE(span_equal(broker->jobs[i].delivery.type, SPAN_OF("till.marker")));
    database->drained = true;
    database->markers++;
}

static void write(struct fake_database *database, const struct record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        if (record->results[i].kind == RESULT_DECISION) { /* Promise 2. */
            ENSURE(fake_database_decision(database, record->entries[i].job->id) == NULL);
            database->stragglers += database->drained ? 1 : 0;
        }
    }
    if (record->marker) {
        write_marker(database);
    }
    const char *broken =
        memory_save(&database->memory, record->state, record->results, record->count);
    ENSURE(broken == NULL);
    memory_keep(&database->memory);
    for (uint32_t i = 0; i < database->lonely_count; i++) {
        const struct span name = {database->lonely[i].name, database->lonely[i].size};
        if (span_equal(record->lonely, name)) {
            database->lonely[i].begun = 0;
        }
    }
    database->commits++;
    database->largest = record->count > database->largest ? record->count : database->largest;
}

static enum port_answer save(void *self, const struct record *record, struct error *error)
{
    struct fake_database *database = self;
    enum fault_kind fault;
    enum port_answer answer;
    ENSURE(database->open && (record->count > 0) != record->marker);
    if (begin(database, &fault, &answer, error)) {
        return answer;
    }
    database->saves++;
    if (database->save_error != ERROR_NONE) {
        return failed(error, database->save_error, "the database will not save");
    }
    if (is_recorded(record, database->bad_job)) {
        return failed(error, database->bad_error, "the database refuses a job");
    }
    write(database, record);
    database->open = false;
    return end_of(fault, error);
}

static void abandon(void *self)
{
    struct fake_database *database = self;
    database->abandons += database->open ? 1 : 0;
    database->open = false;
    database->calls->waited = 0;
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

void fake_database_init(struct fake_database *database, struct fake_calls *calls, void *memory,
                        size_t size)
{
    memset(database, 0, sizeof *database);
    database->calls = calls;
    database->now = 1000 * 1000000;
    database->bad_error = ERROR_JOB;
    arena_init(&database->arena, memory, size / 2);
    arena_init(&database->scratch, (char *)memory + size / 2, size / 2);
    memory_database_init(&database->memory, &database->arena);
}

struct database fake_database_port(struct fake_database *database)
{
    return (struct database){&ops, database};
}

const struct decision *fake_database_decision(const struct fake_database *database, struct span job)
{
    for (uint32_t i = 0; i < database->memory.decision_count; i++) {
        if (span_equal(database->memory.decisions[i].job, job)) {
            return &database->memory.decisions[i];
        }
    }
    return NULL;
}

uint32_t fake_lonely_begun(const struct fake_database *database, struct span job)
{
    for (uint32_t i = 0; i < database->lonely_count; i++) {
        if (span_equal(job, (struct span){database->lonely[i].name, database->lonely[i].size})) {
            return database->lonely[i].begun;
        }
    }
    return 0;
}
