/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements: each compares before it sets, as the real ones do. */
#include "tests/sim/sim_tables.h"

#include <string.h>

#include "common/base/ensure.h"

#define LEASE_US (2 * INSTANT_SECOND)
#define QUIET_US (1 * INSTANT_SECOND)

static struct sim_generation *row_of(struct sim_tables *tables, uint32_t number)
{
    ENSURE(number >= 1 && number <= SIM_GENERATIONS_MAX);
    return &tables->generations[number - 1];
}

const struct sim_generation *sim_tables_generation(const struct sim_tables *tables, uint32_t number)
{
    ENSURE(number >= 1 && number <= SIM_GENERATIONS_MAX);
    return &tables->generations[number - 1];
}

void sim_tables_init(struct sim_tables *tables, uint32_t lanes)
{
    memset(tables, 0, sizeof *tables);
    for (uint32_t i = 0; i < SIM_QUEUES_MAX; i++) {
        tables->lanes[i].saved_at = INSTANT_NONE;
    }
    tables->generations[0] = (struct sim_generation){.state = GENERATION_CURRENT, .lanes = lanes};
    tables->sweeper = SIM_WORKERS_MAX;
}

uint32_t sim_tables_count(const struct sim_tables *tables)
{
    const uint32_t next = sim_tables_find(tables, GENERATION_NONE);
    return next == 0 ? SIM_GENERATIONS_MAX : next - 1;
}

uint32_t sim_tables_find(const struct sim_tables *tables, enum sim_generation_state state)
{
    for (uint32_t i = 0; i < SIM_GENERATIONS_MAX; i++) {
        if (tables->generations[i].state == state) {
            return i + 1;
        }
    }
    return 0;
}

bool sim_tables_is_live(const struct sim_tables *tables, uint32_t generation)
{
    const enum sim_generation_state state = sim_tables_generation(tables, generation)->state;
    return state == GENERATION_CURRENT || state == GENERATION_DRAINING;
}

bool sim_tables_has_work(const struct sim_tables *tables)
{
    for (uint32_t i = 0; i < SIM_GENERATIONS_MAX; i++) {
        const struct sim_generation *generation = &tables->generations[i];
        if (generation->state == GENERATION_COMING ||
            (generation->state == GENERATION_RETIRED && !generation->removed)) {
            return true;
        }
    }
    return false;
}

/* ---- A change ---- */

void sim_tables_begin(struct sim_tables *tables, uint32_t lanes, uint32_t driver, instant now)
{
    const uint32_t current = sim_tables_find(tables, GENERATION_CURRENT);
    const uint32_t free = sim_tables_find(tables, GENERATION_NONE);
    if (current == 0 || free == 0 || sim_tables_find(tables, GENERATION_COMING) != 0 ||
        sim_tables_generation(tables, current)->lanes == lanes) {
        return;
    }
    *row_of(tables, free) = (struct sim_generation){.state = GENERATION_COMING,
                                                    .lanes = lanes,
                                                    .step = CHANGE_RETIRE,
                                                    .step_since = now,
                                                    .driver = driver,
                                                    .driver_seen_at = now};
}

/* The clock may be behind the step's beginning: then no time has passed yet. */
static uint64_t step_ms(const struct sim_generation *row, instant now)
{
    return now < row->step_since ? 0 : (uint64_t)(now - row->step_since) / 1000;
}

void sim_tables_read(const struct sim_tables *tables, instant now, struct lanes_change *change)
{
    const uint32_t coming = sim_tables_find(tables, GENERATION_COMING);
    const uint32_t source = sim_tables_find(tables, GENERATION_CURRENT);
    *change = (struct lanes_change){.generation = 0};
    if (coming == 0 || source == 0) {
        return;
    }
    const struct sim_generation *row = sim_tables_generation(tables, coming);
    const uint32_t source_lanes = sim_tables_generation(tables, source)->lanes;
    *change = (struct lanes_change){.generation = coming,
                                    .lanes = row->lanes,
                                    .source = source,
                                    .source_lanes = source_lanes,
                                    .step = row->step,
                                    .step_ms = step_ms(row, now)};
    for (uint32_t lane = 0; lane < source_lanes; lane++) {
        const struct sim_lane *at = &tables->lanes[sim_queue_of(source, lane)];
        change->drained += at->drained ? 1 : 0;
        change->decided += at->decided;
    }
    for (uint32_t i = 0; i < SIM_GENERATIONS_MAX; i++) {
        change->older += tables->generations[i].state == GENERATION_DRAINING ? 1 : 0;
    }
}

void sim_tables_take(struct sim_tables *tables, uint32_t driver, instant now,
                     struct lanes_change *change)
{
    sim_tables_read(tables, now, change);
    if (change->generation == 0) {
        return;
    }
    struct sim_generation *row = row_of(tables, change->generation);
    if (row->driver != SIM_DRIVER_NONE && row->driver != driver &&
        row->driver_seen_at >= now - LEASE_US) {
        return;
    }
    row->driver = driver;
    row->driver_seen_at = now;
    change->ours = true;
}

void sim_tables_record(struct sim_tables *tables, const struct lanes_change *change,
                       enum change_step next, instant now)
{
    struct sim_generation *row = row_of(tables, change->generation);
    if (row->state == GENERATION_COMING && row->step == change->step) {
        row->step = next;
        row->step_since = now;
    }
}

void sim_tables_finish(struct sim_tables *tables, const struct lanes_change *change)
{
    struct sim_generation *source = row_of(tables, change->source);
    struct sim_generation *coming = row_of(tables, change->generation);
    if (source->state != GENERATION_CURRENT || coming->state != GENERATION_COMING ||
        coming->step != CHANGE_DRAIN) {
        return;
    }
    for (uint32_t lane = 0; lane < source->lanes; lane++) {
        if (!tables->lanes[sim_queue_of(change->source, lane)].drained) {
            return;
        }
    }
    source->state = GENERATION_DRAINING;
    *coming = (struct sim_generation){.state = GENERATION_CURRENT, .lanes = coming->lanes};
}

bool sim_tables_leads_to(const struct sim_tables *tables, uint32_t generation)
{
    const enum sim_generation_state state = sim_tables_generation(tables, generation)->state;
    const uint32_t coming = sim_tables_find(tables, GENERATION_COMING);
    const bool taken_away =
        coming != 0 && sim_tables_generation(tables, coming)->step >= CHANGE_UNBIND;
    return state == GENERATION_COMING || (state == GENERATION_CURRENT && !taken_away);
}

/* ---- A generation that goes ---- */

static bool is_quiet(const struct sim_tables *tables, uint32_t generation, instant now)
{
    const uint32_t lanes = sim_tables_generation(tables, generation)->lanes;
    instant last = INSTANT_NONE;
    for (uint32_t lane = 0; lane < lanes; lane++) {
        const struct sim_lane *at = &tables->lanes[sim_queue_of(generation, lane)];
        if (!at->drained) {
            return false;
        }
        last = at->saved_at > last ? at->saved_at : last;
    }
    return now - last > QUIET_US;
}

/* A change that waits for what is older. */
static bool is_asked_for(const struct sim_tables *tables)
{
    const uint32_t coming = sim_tables_find(tables, GENERATION_COMING);
    return coming != 0 && sim_tables_generation(tables, coming)->step == CHANGE_RETIRE;
}

static bool may_go(const struct sim_tables *tables, uint32_t number, uint32_t driver, instant now)
{
    const struct sim_generation *row = sim_tables_generation(tables, number);
    const bool free = row->driver == SIM_DRIVER_NONE || row->driver == driver ||
                      row->driver_seen_at < now - LEASE_US;
    if (row->state == GENERATION_DRAINING) {
        return free && is_asked_for(tables) && is_quiet(tables, number, now);
    }
    return free && row->state == GENERATION_RETIRED && !row->removed;
}

void sim_tables_find_retiring(struct sim_tables *tables, uint32_t driver, instant now,
                              struct retirement *retirement)
{
    uint32_t first = 0;
    for (uint32_t number = 1; number <= SIM_GENERATIONS_MAX; number++) {
        if (may_go(tables, number, driver, now) &&
            (first == 0 ||
             row_of(tables, number)->driver_seen_at < row_of(tables, first)->driver_seen_at)) {
            first = number;
        }
    }
    *retirement = (struct retirement){.generation = first};
    if (first == 0) {
        return;
    }
    struct sim_generation *row = row_of(tables, first);
    row->driver = driver;
    row->driver_seen_at = now;
    retirement->lanes = row->lanes;
    retirement->state =
        row->state == GENERATION_DRAINING ? RETIREMENT_DRAINING : RETIREMENT_RETIRED;
}

void sim_tables_retire(struct sim_tables *tables, uint32_t generation)
{
    struct sim_generation *row = row_of(tables, generation);
    if (row->state != GENERATION_DRAINING) {
        return;
    }
    row->state = GENERATION_RETIRED;
    for (uint32_t lane = 0; lane < row->lanes; lane++) {
        tables->lanes[sim_queue_of(generation, lane)].epoch++;
    }
}

void sim_tables_revive(struct sim_tables *tables, uint32_t generation)
{
    struct sim_generation *row = row_of(tables, generation);
    if (row->state == GENERATION_RETIRED && !row->removed) {
        row->state = GENERATION_DRAINING;
        row->driver = SIM_DRIVER_NONE;
    }
}

bool sim_tables_goes_on(struct sim_tables *tables, uint32_t driver, uint32_t generation,
                        instant now)
{
    struct sim_generation *row = row_of(tables, generation);
    if (row->state != GENERATION_RETIRED || row->driver != driver) {
        return false;
    }
    row->driver_seen_at = now;
    return true;
}

void sim_tables_forget(struct sim_tables *tables, uint32_t generation)
{
    struct sim_generation *row = row_of(tables, generation);
    if (row->state == GENERATION_RETIRED) {
        row->removed = true;
        row->driver = SIM_DRIVER_NONE;
    }
}
