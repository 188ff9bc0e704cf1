/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes stock and customers' counts. */
#include "worker/postgres/database_parts.h"
#include "worker/postgres/rows.h"
#include "worker/postgres/save_change.h"
#include "worker/postgres/stored_line.h"

struct stock_row {
    const struct stock *stock;
    struct locked locked;
};

static void put_stock_place(struct parameters *parameters, const void *row)
{
    array_place(parameters, ROW(stock_row, row)->locked.place);
}

static void put_stock_read(struct parameters *parameters, const void *row)
{
    array_int8(parameters, ROW(stock_row, row)->locked.version);
}

static void put_stock_unsold(struct parameters *parameters, const void *row)
{
    array_int4(parameters, (int32_t)ROW(stock_row, row)->stock->unsold);
}

static void put_stock_held(struct parameters *parameters, const void *row)
{
    array_int4(parameters, (int32_t)ROW(stock_row, row)->stock->held);
}

static void put_stock_version(struct parameters *parameters, const void *row)
{
    array_int8(parameters, ROW(stock_row, row)->stock->version);
}

static void put_stock_known(struct parameters *parameters, const void *row)
{
    array_boolean(parameters, ROW(stock_row, row)->stock->known);
}

static void put_stock_limit(struct parameters *parameters, const void *row)
{
    const uint32_t limit = ROW(stock_row, row)->stock->per_customer;
    if (limit == 0) {
        array_null(parameters);
    } else {
        array_int4(parameters, (int32_t)limit);
    }
}

static void put_stock_round(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW(stock_row, row)->stock->round);
}

static void put_stock_opens(struct parameters *parameters, const void *row)
{
    array_instant(parameters, ROW(stock_row, row)->stock->opens_at);
}

static void put_stock_closes(struct parameters *parameters, const void *row)
{
    array_instant(parameters, ROW(stock_row, row)->stock->closes_at);
}

static const struct row_column stock_columns[] = {
    {ELEMENT_PLACE, put_stock_place},   {ELEMENT_INT8, put_stock_read},
    {ELEMENT_INT4, put_stock_unsold},   {ELEMENT_INT4, put_stock_held},
    {ELEMENT_INT8, put_stock_version},  {ELEMENT_BOOLEAN, put_stock_known},
    {ELEMENT_INT4, put_stock_limit},    {ELEMENT_TEXT, put_stock_round},
    {ELEMENT_INSTANT, put_stock_opens}, {ELEMENT_INSTANT, put_stock_closes},
};

void save_stock(struct postgres_database *database, const struct state *state)
{
    const size_t mark = arena_mark(&database->scratch);
    struct stock_row *rows = rows_take(database, state->stock_count, sizeof *rows);
    uint32_t count = 0;
    if (rows == NULL) {
        return;
    }
    for (uint32_t i = 0; i < state->stock_count; i++) {
        const struct stock *stock = &state->stocks[i];
        ENSURE(stock->held >= 0 && stock->held <= stock->unsold && stock->unsold <= UNSOLD_MAX);
        if (stock->mark != MARK_SAME) {
            rows[count++] = (struct stock_row){stock, database->load.locked[i]};
        }
    }
    const struct row_set set = {
        STATEMENT_CHANGE_STOCK, ROW_COLUMNS(stock_columns), rows, sizeof *rows, count,
        rows_lead_count};
    rows_send_all(database, &set, mark);
}

static void put_tally_customer(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(tally, row)->customer);
}

static void put_tally_pool(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(tally, row)->pool);
}

static void put_tally_sku(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(tally, row)->sku);
}

static void put_tally_round(struct parameters *parameters, const void *row)
{
    array_text(parameters, stored_round(true, ROW_POINTER(tally, row)->round));
}

static void put_tally_delta(struct parameters *parameters, const void *row)
{
    array_int4(parameters, (int32_t)ROW_POINTER(tally, row)->delta);
}

static const struct row_column tally_columns[] = {
    {ELEMENT_TEXT, put_tally_customer}, {ELEMENT_TEXT, put_tally_pool},
    {ELEMENT_TEXT, put_tally_sku},      {ELEMENT_TEXT, put_tally_round},
    {ELEMENT_INT4, put_tally_delta},
};

/* How many tallies rise (or else fall), put into rows unless that is NULL. */
static uint32_t put_tallies(const struct state *state, bool rise, const struct tally **rows)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->tally_count; i++) {
        const struct tally *tally = &state->tallies[i];
        if (tally->delta != 0 && (tally->delta > 0) == rise) {
            rows[count++] = tally;
        }
    }
    for (const struct tally *tally = state->new_tallies; tally != NULL; tally = tally->next) {
        if (tally->delta != 0 && (tally->delta > 0) == rise) {
            rows[count++] = tally;
        }
    }
    return count;
}

static uint32_t tally_count(const struct state *state)
{
    uint32_t count = state->tally_count;
    for (const struct tally *tally = state->new_tallies; tally != NULL; tally = tally->next) {
        count++;
    }
    return count;
}

/* Apart, since a row to be inserted is checked before it is found to be there already: a negative
 * one would never come through. */
void save_tallies(struct postgres_database *database, const struct state *state)
{
    const size_t mark = arena_mark(&database->scratch);
    const struct tally **rows = rows_take(database, tally_count(state), sizeof *rows);
    if (rows == NULL) {
        return;
    }
    struct row_set set = {STATEMENT_COUNT_LESS, ROW_COLUMNS(tally_columns),      rows,
                          sizeof *rows,         put_tallies(state, false, rows), rows_lead_count};
    rows_send(database, &set);
    set.statement = STATEMENT_COUNT_MORE;
    set.row_count = put_tallies(state, true, rows);
    set.lead = NULL;
    rows_send_all(database, &set, mark);
}
