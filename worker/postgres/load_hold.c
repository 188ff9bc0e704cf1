/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes holds and sales. A sale is what a confirmed checkout or commit decided, less what was
 * returned; how a commit's units are counted stands with its hold. */
#include "worker/postgres/database_parts.h"
#include "worker/postgres/row.h"
#include "worker/postgres/stored_line.h"

static struct line *lines_of(struct row *row, int sku, int qty, int round, int more,
                             uint32_t *count)
{
    struct stored_lines stored;
    const struct span first_round = row_text(row, round);
    stored.count = 1;
    stored.lines[0] = (struct stored_line){.sku = row_text(row, sku),
                                           .qty = row_integer(row, qty),
                                           .counted = !span_absent(first_round),
                                           .round = loaded_round(first_round)};
    stored_lines_read(row, more, &stored);
    struct line *lines = arena_take(row->arena, stored.count * sizeof *lines);
    if (lines == NULL) {
        row->full = true;
        return NULL;
    }
    for (uint32_t i = 0; i < stored.count; i++) {
        const struct stored_line *line = &stored.lines[i];
        lines[i] = (struct line){
            .sku = line->sku, .qty = line->qty, .counted = line->counted, .round = line->round};
    }
    *count = stored.count;
    return lines;
}

static struct sale *sale_of_id(const struct state *state, struct span id)
{
    for (uint32_t i = 0; i < state->sale_count; i++) {
        if (span_equal(state->sales[i].id, id)) {
            return &state->sales[i];
        }
    }
    return NULL;
}

static struct sale sale_of(struct row *row)
{
    struct sale sale = {
        .id = row_text(row, SALE_ID),
        .hold = row_text(row, SALE_HOLD),
        .customer = row_text(row, SALE_CUSTOMER),
        .store = row_text(row, SALE_STORE),
        .pool = row_text(row, SALE_POOL),
        .ref = row_text(row, SALE_REF),
        .slot = (uint32_t)row_integer(row, SALE_SLOT),
    };
    sale.lines = lines_of(row, SALE_SKU, SALE_QTY, SALE_ROUND, SALE_MORE, &sale.line_count);
    return sale;
}

bool take_sales(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    struct state *state = database->load.state;
    struct row row = {.result = result, .arena = database->load.arena};
    state->sales = arena_take(row.arena, (size_t)PQntuples(result) * sizeof *state->sales);
    if (state->sales == NULL) {
        return load_full(error);
    }
    for (; row.number < PQntuples(result); row.number++) {
        const struct sale sale = sale_of(&row);
        if (row.full) {
            return load_full(error);
        }
        if (row.broken) {
            return load_broken("sale", sale.id, error);
        }
        if (sale_of_id(state, sale.id) == NULL) { /* two jobs may name it in two ways */
            state->sales[state->sale_count++] = sale;
        }
    }
    return true;
}

static struct line *line_of_sku(struct line *lines, uint32_t count, struct span sku)
{
    for (uint32_t i = 0; i < count; i++) {
        if (span_equal(lines[i].sku, sku)) {
            return &lines[i];
        }
    }
    return NULL;
}

bool take_returns(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    struct row row = {.result = result, .arena = database->load.arena};
    for (; row.number < PQntuples(result); row.number++) {
        const struct span id = row_text(&row, RETURN_SALE);
        const struct span sku = row_text(&row, RETURN_SKU);
        const struct span by = row_text(&row, RETURN_LAST_BY);
        if (row.full) {
            return load_full(error);
        }
        struct sale *sale = sale_of_id(database->load.state, id);
        struct line *line = sale == NULL ? NULL : line_of_sku(sale->lines, sale->line_count, sku);
        const int64_t returned = row_integer(&row, RETURN_QTY);
        if (line == NULL || returned > line->qty) {
            return load_broken("the returns of sale", id, error);
        }
        line->returned = returned;
        line->returned_by = by;
        if (row_boolean(&row, RETURN_ENDS)) {
            sale->ended_by = by;
        }
    }
    return true;
}

static struct hold hold_of(struct row *row)
{
    struct hold hold = {
        .id = row_text(row, HOLD_ID),
        .customer = row_text(row, HOLD_CUSTOMER),
        .store = row_text(row, HOLD_STORE),
        .pool = row_text(row, HOLD_POOL),
        .ref = row_text(row, HOLD_REF),
        .slot = (uint32_t)row_integer(row, HOLD_SLOT),
        .state = (enum hold_state)row_integer(row, HOLD_STATE),
        .expires_at = row_instant(row, HOLD_EXPIRES_AT),
        .sale = row_text(row, HOLD_SALE),
        .ended_by = row_text(row, HOLD_ENDED_BY),
    };
    hold.lines = lines_of(row, HOLD_SKU, HOLD_QTY, HOLD_ROUND, HOLD_MORE, &hold.line_count);
    return hold;
}

bool take_holds(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    struct state *state = database->load.state;
    struct row row = {.result = result, .arena = database->load.arena};
    state->holds = arena_take(row.arena, (size_t)PQntuples(result) * sizeof *state->holds);
    if (state->holds == NULL) {
        return load_full(error);
    }
    for (; row.number < PQntuples(result); row.number++) {
        const struct hold hold = hold_of(&row);
        if (row.full) {
            return load_full(error);
        }
        if (row.broken || (unsigned)hold.state > HOLD_CANCELLED) {
            return load_broken("hold", hold.id, error);
        }
        state->holds[state->hold_count++] = hold;
    }
    return true;
}

static struct hold *hold_of_id(const struct state *state, struct span id)
{
    for (uint32_t i = 0; i < state->hold_count; i++) {
        if (span_equal(state->holds[i].id, id)) {
            return &state->holds[i];
        }
    }
    return NULL;
}

void load_link(struct state *state)
{
    for (uint32_t i = 0; i < state->sale_count; i++) {
        struct sale *sale = &state->sales[i];
        const struct hold *hold = span_absent(sale->hold) ? NULL : hold_of_id(state, sale->hold);
        for (uint32_t k = 0; hold != NULL && k < sale->line_count; k++) {
            const struct line *line =
                line_of_sku(hold->lines, hold->line_count, sale->lines[k].sku);
            if (line != NULL) {
                sale->lines[k].counted = line->counted;
                sale->lines[k].round = line->round;
            }
        }
    }
}
