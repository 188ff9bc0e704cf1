/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes the calls of a script, and puts the answers into words. */
#include "tests/conformance/database_play.h"

#include <stdlib.h>
#include <string.h>

#include "common/contract/names.h"
#include "tests/conformance/database_side.h"
#include "tests/conformance/database_words.h"
#include "tests/support/database_world.h"
#include "tests/support/test.h"

enum { JOBS_MAX = 8 };

static const struct database_side *side;
static instant now_last; /* of all that was loaded */
static struct player {
    bool waiting;
    enum database_call call; /* the last one */
    const char *job;
    uint32_t begun;
    char bodies[2048];
    const char *lines[JOBS_MAX + 1];
    struct world_batch batch;
} players[ACTOR_COUNT];

/* ---- Jobs ---- */

static void speak(struct player *player, const char *bodies)
{
    uint32_t count = 0;
    char *rest = NULL;
    const size_t size = strlen(bodies) + 1;
    assert_true(size <= sizeof player->bodies);
    memcpy(player->bodies, bodies, size);
    for (char *line = strtok_r(player->bodies, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        assert_in_range(count, 0, JOBS_MAX - 1);
        player->lines[count++] = line;
    }
    player->lines[count] = NULL;
    world_batch_speak(&player->batch, player->lines);
}

static void demand_more(struct player *player, const struct found *found)
{
    struct world_batch *batch = &player->batch;
    assert_true(demand_add_found(&batch->demand, found->holds, found->hold_count, found->sales,
                                 found->sale_count, &batch->arena));
}

/* As the lane does: what came up after the look is demanded besides. */
static void load_more(struct player *player, const struct database *database)
{
    const struct state *state = &player->batch.state;
    const struct found found = {state->holds, state->hold_count, state->sales, state->sale_count};
    database->ops->abandon(database->self);
    demand_more(player, &found);
}

/* ---- Calls ---- */

static enum port_answer ask(struct player *player, const struct database *database)
{
    struct world_batch *batch = &player->batch;
    struct error *error = &batch->error;
    const struct record record = {
        .entries = batch->entries,
        .results = batch->results,
        .count = batch->count,
        .state = &batch->state,
    };
    switch (player->call) {
    case CLAIM:
        return database->ops->claim(database->self, error);
    case READY:
        return database->ops->ready(database->self, error);
    case COUNT_LONELY:
        return database->ops->count_lonely(
            database->self, (struct span){player->job, (uint32_t)strlen(player->job)},
            &player->begun, error);
    case LOOK:
        return database->ops->look(database->self, &batch->demand, &batch->arena, &batch->found,
                                   error);
    case LOAD:
    case LOAD_CRAMPED:
    case LOAD_MORE:
        return database->ops->load(database->self, &batch->demand, &batch->arena, &batch->state,
                                   error);
    case SAVE:
    case SAVE_CUT:
        return database->ops->save(database->self, &record, error);
    case ABANDON:
    case GO_ON:
    case STRIKE:
        break;
    }
    fail_msg("no call of the port");
    return PORT_FAILED;
}

static void say_loaded(struct player *player, struct text *answer)
{
    struct world_batch *batch = &player->batch;
    words_of_state(&batch->state, answer);
    if (batch->state.now < now_last) {
        text_put(answer, "; earlier than what was loaded before");
    }
    now_last = batch->state.now;
    if (!demand_covers(&batch->demand, batch->state.holds, batch->state.hold_count,
                       batch->state.sales, batch->state.sale_count)) {
        text_put(answer, "; more is to be locked");
        return;
    }
    assert_int_equal(
        decide(&batch->state, batch->entries, batch->count, &batch->arena, batch->results),
        batch->count);
    words_of_results(batch->entries, batch->results, batch->count, answer);
}

static void say_done(struct player *player, struct text *answer)
{
    struct found *found = &player->batch.found;
    text_put(answer, "done");
    switch (player->call) {
    case COUNT_LONELY:
        text_format(answer, ": %u", player->begun);
        break;
    case LOOK:
        demand_more(player, found);
        words_of_found(found, answer);
        break;
    case LOAD:
    case LOAD_CRAMPED:
    case LOAD_MORE:
        say_loaded(player, answer);
        break;
    case CLAIM:
    case READY:
    case SAVE:
    case SAVE_CUT:
    case ABANDON:
    case GO_ON:
    case STRIKE:
        break;
    }
}

static void say_failed(const struct player *player, struct text *answer)
{
    const enum error_kind kind = player->batch.error.kind;
    if (player->call == SAVE_CUT && (kind == ERROR_RETRY || kind == ERROR_UNKNOWN)) {
        text_put(answer, "failed: retry or unknown");
        return;
    }
    words_of_error(&player->batch.error, answer);
}

/* Until there is an answer; or, where the script says that it waits, until it does. */
static void go_on(const struct step *step, struct player *player, struct text *answer)
{
    const struct database database = side->port(step->who);
    const bool may_wait = strcmp(step->answer, "waits") == 0;
    enum port_answer got;
    while ((got = ask(player, &database)) == PORT_WAIT) {
        if (may_wait && side->waits(step->who)) {
            player->waiting = true;
            text_put(answer, "waits");
            return;
        }
        if (!side->pass(step->who)) {
            text_put(answer, "waits for ever");
            return;
        }
    }
    player->waiting = false;
    if (got == PORT_DONE) {
        say_done(player, answer);
    } else {
        say_failed(player, answer);
    }
}

static void call(const struct step *step, struct player *player, struct text *answer)
{
    const struct database database = side->port(step->who);
    assert_false(player->waiting);
    player->call = (enum database_call)step->call;
    player->job = step->argument;
    if ((step->call == LOOK || step->call == LOAD) && step->argument != NULL) {
        speak(player, step->argument);
    } else if (step->call == LOAD_CRAMPED) {
        speak(player, step->argument);
        player->batch.arena.size = player->batch.arena.used + 64;
    } else if (step->call == LOAD_MORE) {
        load_more(player, &database);
    }
    go_on(step, player, answer);
}

static void strike(const struct step *step)
{
    static const char *const names[] = {
        [LOST_NOW] = "lost now",
        [LOST_BEFORE_COMMIT] = "lost before commit",
        [LOST_AFTER_COMMIT] = "lost after commit",
        [IDLE_TOO_LONG] = "idle too long",
        [LEFT_BEHIND_DONE] = "left behind done",
        [SESSION_READ_ONLY] = "read-only",
        [SESSION_WRITABLE] = "writable",
    };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], step->argument) == 0) {
            side->strike(step->who, (enum database_accident)i);
            return;
        }
    }
    fail_msg("no accident: %s", step->argument);
}

static void play_step(const struct step *step, struct text *answer)
{
    struct player *player = &players[step->who];
    const struct database database = side->port(step->who);
    switch ((enum database_call)step->call) {
    case ABANDON:
        database.ops->abandon(database.self);
        player->waiting = false;
        text_put(answer, "done");
        break;
    case GO_ON:
        if (player->waiting) {
            go_on(step, player, answer);
        } else {
            text_put(answer, "has not waited");
        }
        break;
    case STRIKE:
        strike(step);
        text_put(answer, "done");
        break;
    case CLAIM:
    case READY:
    case COUNT_LONELY:
    case LOOK:
    case LOAD:
    case LOAD_CRAMPED:
    case LOAD_MORE:
    case SAVE:
    case SAVE_CUT:
        call(step, player, answer);
        break;
    }
}

/* ---- Sides ---- */

static void begin(const struct database_side *which)
{
    side = which;
    side->begin();
    now_last = INT64_MIN;
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        players[i].waiting = false;
        world_batch_init(&players[i].batch);
    }
}

static void end(void)
{
    side->end();
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        world_batch_free(&players[i].batch);
    }
}

static void begin_simulated(const struct script *script)
{
    (void)script;
    begin(&database_simulated);
}

static void begin_real(const struct script *script)
{
    (void)script;
    begin(&database_real);
}

const struct side played_on_simulated_database = {"simulated", begin_simulated, play_step, end};
const struct side played_on_real_database = {"PostgreSQL", begin_real, play_step, end};
