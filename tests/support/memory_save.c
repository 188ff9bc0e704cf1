/* SPDX-License-Identifier: Apache-2.0
 *
 * Saves what was marked, and refuses what constraints would refuse. */
#include "common/base/ensure.h"
#include "common/base/limits.h"
#include "tests/support/memory_parts.h"

static struct tally *tally_row(struct memory_database *database, const struct stock *stock,
                               struct span round, struct span customer)
{
    for (uint32_t i = 0; i < database->tally_count; i++) {
        struct tally *tally = &database->tallies[i];
        if (span_equal(tally->pool, stock->pool) && span_equal(tally->sku, stock->sku) &&
            span_equal(tally->round, round) && span_equal(tally->customer, customer)) {
            return tally;
        }
    }
    ENSURE(database->tally_count < MEMORY_TALLIES_MAX);
    struct tally *tally = &database->tallies[database->tally_count++];
    *tally = (struct tally){
        .pool = stock->pool, .sku = stock->sku, .round = round, .customer = customer};
    return tally;
}

static bool edge_is_right(const struct movement *movement, int64_t before, int64_t after)
{
    switch (movement->item->edge) {
    case EDGE_NONE:
        return (before == 0) == (after == 0);
    case EDGE_OUT:
        return before > 0 && after == 0;
    case EDGE_BACK:
        return before == 0 && after > 0;
    }
    return false;
}

static bool is_line_of(const struct decision_item *item, const struct decision_item *items,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (item == &items[i]) {
            return true;
        }
    }
    return false;
}

/* Each movement belongs to a line of its decision, and each line that moved has one. */
static const char *check_lines(const struct result *result)
{
    const struct decision *decision = &result->decision;
    uint32_t moved = 0;
    for (uint32_t i = 0; i < result->movement_count; i++) {
        const struct movement *movement = &result->movements[i];
        const struct decision_item *item = movement->item;
        if (!is_line_of(item, decision->items, decision->item_count) &&
            !is_line_of(item, decision->released_items, decision->released_count)) {
            return "a movement of no line";
        }
        if (!span_equal(item->sku, movement->stock->sku) || item->version != movement->version ||
            item->moved != (movement->version != 0)) {
            return "a movement of another line";
        }
        for (uint32_t k = 0; k < i; k++) {
            if (result->movements[k].item == item) {
                return "two movements of one line";
            }
        }
        moved += item->moved ? 1 : 0;
    }
    for (uint32_t i = 0; i < decision->item_count; i++) {
        moved -= decision->items[i].moved ? 1 : 0;
    }
    for (uint32_t i = 0; i < decision->released_count; i++) {
        moved -= decision->released_items[i].moved ? 1 : 0;
    }
    return moved == 0 ? NULL : "a line that moved without a movement";
}

static const char *save_movement(struct memory_database *database, const struct movement *movement)
{
    const struct stock *row = memory_row(database, movement->stock->pool, movement->stock->sku);
    struct stock *moved = &database->moved[row - database->stocks];
    const int64_t before = moved->unsold - moved->held;
    moved->unsold += movement->unsold_delta;
    moved->held += movement->held_delta;
    const int64_t after = moved->unsold - moved->held;
    const bool moves = movement->unsold_delta != 0 || movement->held_delta != 0;
    if (movement->taken_delta != 0) {
        tally_row(database, row, movement->round, movement->customer)->delta +=
            movement->taken_delta;
    }
    if (!moves) {
        const bool counts_only = movement->version == 0 && movement->taken_delta != 0;
        return counts_only ? NULL : "a movement of nothing";
    }
    if (movement->version != ++moved->version) {
        return "a gap in a SKU's versions";
    }
    if (moved->held < 0 || moved->held > moved->unsold || moved->unsold > UNSOLD_MAX) {
        return "held and unsold out of their bounds";
    }
    return edge_is_right(movement, before, after) ? NULL : "a wrong edge";
}

static const char *save_stocks(struct memory_database *database, const struct state *state)
{
    for (uint32_t i = 0; i < state->stock_count; i++) {
        const struct stock *stock = &state->stocks[i];
        struct stock *row = memory_row(database, stock->pool, stock->sku);
        const struct stock *moved = &database->moved[row - database->stocks];
        if (stock->other != NULL) {
            return "a stock that still points to a line";
        }
        if (stock->mark != MARK_SAME) {
            *row = *stock;
        }
        if (row->unsold != moved->unsold || row->held != moved->held ||
            row->version != moved->version || row->known != stock->known) {
            return "a stock that is not the sum of its movements";
        }
    }
    return NULL;
}

static const char *save_tallies(struct memory_database *database, const struct state *state)
{
    for (uint32_t i = 0; i < state->tally_count; i++) {
        const struct tally *tally = &state->tallies[i];
        const struct stock stock = {.pool = tally->pool, .sku = tally->sku};
        tally_row(database, &stock, tally->round, tally->customer)->taken += tally->delta;
    }
    for (const struct tally *tally = state->new_tallies; tally != NULL; tally = tally->next) {
        const struct stock stock = {.pool = tally->pool, .sku = tally->sku};
        tally_row(database, &stock, tally->round, tally->customer)->taken += tally->delta;
    }
    for (uint32_t i = 0; i < database->tally_count; i++) {
        if (database->tallies[i].taken != database->tallies[i].delta) {
            return "a tally that is not the sum of its movements";
        }
        if (database->tallies[i].taken < 0) {
            return "a negative tally";
        }
    }
    return NULL;
}

static void save_holds(struct memory_database *database, const struct state *state)
{
    for (uint32_t i = 0; i < state->hold_count; i++) {
        for (uint32_t k = 0; k < database->hold_count; k++) {
            if (state->holds[i].mark != MARK_SAME &&
                span_equal(database->holds[k].id, state->holds[i].id)) {
                database->holds[k] = state->holds[i];
            }
        }
    }
    for (const struct hold *hold = state->new_holds; hold != NULL; hold = hold->next) {
        ENSURE(database->hold_count < MEMORY_HOLDS_MAX);
        database->holds[database->hold_count++] = *hold;
    }
}

/* Of a sale nothing changes but what was cancelled of its lines. */
static void save_sales(struct memory_database *database, const struct state *state)
{
    for (uint32_t i = 0; i < state->sale_count; i++) {
        for (uint32_t k = 0; k < database->sale_count; k++) {
            if (state->sales[i].mark != MARK_SAME &&
                span_equal(database->sales[k].id, state->sales[i].id)) {
                database->sales[k] = state->sales[i];
            }
        }
    }
    for (const struct sale *sale = state->new_sales; sale != NULL; sale = sale->next) {
        ENSURE(database->sale_count < MEMORY_SALES_MAX);
        database->sales[database->sale_count++] = *sale;
    }
}

const char *memory_save(struct memory_database *database, const struct state *state,
                        const struct result *results, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (results[i].kind != RESULT_DECISION) {
            continue;
        }
        ENSURE(database->decision_count < MEMORY_DECISIONS_MAX);
        database->decisions[database->decision_count++] = results[i].decision;
        const char *lines = check_lines(&results[i]);
        if (lines != NULL) {
            return lines;
        }
        for (uint32_t k = 0; k < results[i].movement_count; k++) {
            const char *why = save_movement(database, &results[i].movements[k]);
            if (why != NULL) {
                return why;
            }
        }
    }
    const char *why = save_stocks(database, state);
    if (why == NULL) {
        why = save_tallies(database, state);
    }
    save_holds(database, state);
    save_sales(database, state);
    return why;
}
