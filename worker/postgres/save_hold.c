/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes holds, and what was returned of sales. */
#include "worker/postgres/database_parts.h"
#include "worker/postgres/rows.h"
#include "worker/postgres/save_change.h"
#include "worker/postgres/stored_line.h"

struct return_row {
    const struct sale *sale;
    const struct line *line;
};

static void put_hold_id(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(hold, row)->id);
}

static void put_hold_customer(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(hold, row)->customer);
}

static void put_hold_store(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(hold, row)->store);
}

static void put_hold_pool(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(hold, row)->pool);
}

static void put_hold_ref(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(hold, row)->ref);
}

static void put_hold_slot(struct parameters *parameters, const void *row)
{
    array_int2(parameters, (int16_t)ROW_POINTER(hold, row)->slot);
}

static void put_hold_state(struct parameters *parameters, const void *row)
{
    array_int2(parameters, (int16_t)ROW_POINTER(hold, row)->state);
}

static void put_hold_expires(struct parameters *parameters, const void *row)
{
    array_instant(parameters, ROW_POINTER(hold, row)->expires_at);
}

static void put_hold_sale(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(hold, row)->sale);
}

static void put_hold_ended_by(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(hold, row)->ended_by);
}

static void put_hold_sku(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW_POINTER(hold, row)->lines[0].sku);
}

static void put_hold_qty(struct parameters *parameters, const void *row)
{
    array_int4(parameters, (int32_t)ROW_POINTER(hold, row)->lines[0].qty);
}

static void put_hold_round(struct parameters *parameters, const void *row)
{
    const struct line *line = &ROW_POINTER(hold, row)->lines[0];
    array_text(parameters, stored_round(line->counted, line->round));
}

static void put_hold_more(struct parameters *parameters, const void *row)
{
    const struct hold *hold = ROW_POINTER(hold, row);
    struct text text;
    if (hold->line_count < 2) {
        array_null(parameters);
        return;
    }
    if (!array_build(parameters, &text)) {
        return;
    }
    struct json json = json_on(&text);
    json_array(&json);
    for (uint32_t i = 1; i < hold->line_count; i++) {
        const struct line *line = &hold->lines[i];
        const struct stored_line stored = {
            .sku = line->sku, .qty = line->qty, .counted = line->counted, .round = line->round};
        stored_line_write(&json, &stored);
    }
    json_array_end(&json);
    array_built(parameters, &text);
}

static const struct row_column new_hold_columns[] = {
    {ELEMENT_TEXT, put_hold_id},    {ELEMENT_TEXT, put_hold_customer},
    {ELEMENT_TEXT, put_hold_store}, {ELEMENT_TEXT, put_hold_pool},
    {ELEMENT_TEXT, put_hold_ref},   {ELEMENT_INT2, put_hold_slot},
    {ELEMENT_INT2, put_hold_state}, {ELEMENT_INSTANT, put_hold_expires},
    {ELEMENT_TEXT, put_hold_sale},  {ELEMENT_TEXT, put_hold_ended_by},
    {ELEMENT_TEXT, put_hold_sku},   {ELEMENT_INT4, put_hold_qty},
    {ELEMENT_TEXT, put_hold_round}, {ELEMENT_JSON, put_hold_more},
};

static const struct row_column changed_hold_columns[] = {
    {ELEMENT_TEXT, put_hold_id},         {ELEMENT_INT2, put_hold_state},
    {ELEMENT_INSTANT, put_hold_expires}, {ELEMENT_TEXT, put_hold_sale},
    {ELEMENT_TEXT, put_hold_ended_by},   {ELEMENT_TEXT, put_hold_round},
    {ELEMENT_JSON, put_hold_more},
};

static void save_new_holds(struct postgres_database *database, const struct state *state)
{
    const size_t mark = arena_mark(&database->scratch);
    uint32_t count = 0;
    for (const struct hold *hold = state->new_holds; hold != NULL; hold = hold->next) {
        count++;
    }
    const struct hold **rows = rows_take(database, count, sizeof *rows);
    if (rows == NULL) {
        return;
    }
    count = 0;
    for (const struct hold *hold = state->new_holds; hold != NULL; hold = hold->next) {
        rows[count++] = hold;
    }
    const struct row_set set = {
        STATEMENT_ADD_HOLDS, ROW_COLUMNS(new_hold_columns), rows, sizeof *rows, count, NULL};
    rows_send_all(database, &set, mark);
}

void save_holds(struct postgres_database *database, const struct state *state)
{
    const size_t mark = arena_mark(&database->scratch);
    const struct hold **rows = rows_take(database, state->hold_count, sizeof *rows);
    uint32_t count = 0;
    if (rows == NULL) {
        return;
    }
    for (uint32_t i = 0; i < state->hold_count; i++) {
        if (state->holds[i].mark != MARK_SAME) {
            rows[count++] = &state->holds[i];
        }
    }
    const struct row_set set = {
        STATEMENT_CHANGE_HOLDS, ROW_COLUMNS(changed_hold_columns), rows, sizeof *rows, count,
        rows_lead_count};
    rows_send_all(database, &set, mark);
    save_new_holds(database, state);
}

static void put_return_sale(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW(return_row, row)->sale->id);
}

static void put_return_sku(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW(return_row, row)->line->sku);
}

static void put_return_qty(struct parameters *parameters, const void *row)
{
    array_int4(parameters, (int32_t)ROW(return_row, row)->line->returned);
}

static void put_return_by(struct parameters *parameters, const void *row)
{
    array_text(parameters, ROW(return_row, row)->line->returned_by);
}

static void put_return_ends(struct parameters *parameters, const void *row)
{
    const struct return_row *returned = row;
    const struct span ended_by = returned->sale->ended_by;
    array_boolean(parameters,
                  !span_absent(ended_by) && span_equal(returned->line->returned_by, ended_by));
}

static const struct row_column return_columns[] = {
    {ELEMENT_TEXT, put_return_sale},    {ELEMENT_TEXT, put_return_sku},
    {ELEMENT_INT4, put_return_qty},     {ELEMENT_TEXT, put_return_by},
    {ELEMENT_BOOLEAN, put_return_ends},
};

/* Adds the lines of a sale of which something was cancelled; returns how many, with rows NULL
 * without adding. */
static uint32_t put_returns(const struct sale *sale, struct return_row *rows)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sale->line_count; i++) {
        if (sale->lines[i].returned_mark == MARK_SAME) {
            continue;
        }
        if (rows != NULL) {
            rows[count] = (struct return_row){sale, &sale->lines[i]};
        }
        count++;
    }
    return count;
}

static uint32_t put_all_returns(const struct state *state, struct return_row *rows)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->sale_count; i++) {
        count += put_returns(&state->sales[i], rows == NULL ? NULL : rows + count);
    }
    for (const struct sale *sale = state->new_sales; sale != NULL; sale = sale->next) {
        count += put_returns(sale, rows == NULL ? NULL : rows + count);
    }
    return count;
}

void save_returns(struct postgres_database *database, const struct state *state)
{
    const size_t mark = arena_mark(&database->scratch);
    const uint32_t count = put_all_returns(state, NULL);
    struct return_row *rows = rows_take(database, count, sizeof *rows);
    if (rows == NULL) {
        return;
    }
    const struct row_set set = {STATEMENT_RETURN, ROW_COLUMNS(return_columns),  rows,
                                sizeof *rows,     put_all_returns(state, rows), NULL};
    rows_send_all(database, &set, mark);
}
