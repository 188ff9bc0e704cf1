/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes decisions down, a column after the other. */
#include "worker/postgres/save_decision.h"

#include "worker/postgres/database_parts.h"
#include "worker/postgres/movement_line.h"
#include "worker/postgres/rows.h"
#include "worker/postgres/stored_fault.h"
#include "worker/postgres/stored_line.h"

struct decision_row {
    const struct result *result;
    int64_t n;
};

static const struct decision *decision_of(const void *row)
{
    return &((const struct decision_row *)row)->result->decision;
}

static struct stored_line first_of(const void *row)
{
    return movement_first_line(((const struct decision_row *)row)->result);
}

static void put_if_moved(struct parameters *parameters, const struct stored_line *line,
                         int64_t figure)
{
    if (line->moved) {
        array_int4(parameters, (int32_t)figure);
    } else {
        array_null(parameters);
    }
}

static void put_meaning(struct parameters *parameters, const void *row)
{
    array_int8(parameters, (int64_t)decision_of(row)->meaning);
}

static void put_n(struct parameters *parameters, const void *row)
{
    array_int8(parameters, ((const struct decision_row *)row)->n);
}

static void put_version(struct parameters *parameters, const void *row)
{
    const struct stored_line line = first_of(row);
    if (line.moved) {
        array_int8(parameters, line.version);
    } else {
        array_null(parameters);
    }
}

static void put_expires_at(struct parameters *parameters, const void *row)
{
    array_instant(parameters, decision_of(row)->expires_at);
}

static void put_qty(struct parameters *parameters, const void *row)
{
    if (decision_of(row)->item_count > 0) {
        array_int4(parameters, (int32_t)decision_of(row)->items[0].qty);
    } else {
        array_null(parameters);
    }
}

static void put_available(struct parameters *parameters, const void *row)
{
    const struct stored_line line = first_of(row);
    put_if_moved(parameters, &line, line.available);
}

static void put_unsold(struct parameters *parameters, const void *row)
{
    const struct stored_line line = first_of(row);
    put_if_moved(parameters, &line, line.unsold);
}

static void put_held(struct parameters *parameters, const void *row)
{
    const struct stored_line line = first_of(row);
    put_if_moved(parameters, &line, line.held);
}

static void put_taken(struct parameters *parameters, const void *row)
{
    const struct stored_line line = first_of(row);
    if (line.counted) {
        array_int4(parameters, (int32_t)line.taken);
    } else {
        array_null(parameters);
    }
}

static void put_slot(struct parameters *parameters, const void *row)
{
    array_int2(parameters, (int16_t)decision_of(row)->slot);
}

static void put_kind(struct parameters *parameters, const void *row)
{
    array_int2(parameters, (int16_t)decision_of(row)->kind);
}

static void put_outcome(struct parameters *parameters, const void *row)
{
    array_int2(parameters, (int16_t)decision_of(row)->outcome);
}

static void put_reason(struct parameters *parameters, const void *row)
{
    array_int2(parameters, (int16_t)decision_of(row)->reason);
}

static void put_retaken(struct parameters *parameters, const void *row)
{
    array_boolean(parameters, decision_of(row)->retaken);
}

static void put_id(struct parameters *parameters, const void *row)
{
    array_text(parameters, decision_of(row)->job);
}

static void put_sku(struct parameters *parameters, const void *row)
{
    const struct decision *decision = decision_of(row);
    array_text(parameters, decision->item_count > 0 ? decision->items[0].sku : SPAN_NONE);
}

static void put_round(struct parameters *parameters, const void *row)
{
    const struct stored_line line = first_of(row);
    array_text(parameters, stored_round(line.counted, line.round));
}

static void put_customer(struct parameters *parameters, const void *row)
{
    array_text(parameters, decision_of(row)->customer);
}

static void put_store(struct parameters *parameters, const void *row)
{
    array_text(parameters, decision_of(row)->store);
}

static void put_pool(struct parameters *parameters, const void *row)
{
    array_text(parameters, decision_of(row)->pool);
}

static void put_ref(struct parameters *parameters, const void *row)
{
    array_text(parameters, decision_of(row)->ref);
}

/* The own id of what was made is not repeated. */
static void put_hold(struct parameters *parameters, const void *row)
{
    const struct decision *decision = decision_of(row);
    const bool own = decision->outcome == OUTCOME_HELD;
    ENSURE(!own || span_equal(decision->hold, decision->job));
    array_text(parameters, own ? SPAN_NONE : decision->hold);
}

static void put_sale(struct parameters *parameters, const void *row)
{
    const struct decision *decision = decision_of(row);
    const bool own = decision->outcome == OUTCOME_CONFIRMED;
    ENSURE(!own || span_equal(decision->sale, decision->job));
    array_text(parameters, own ? SPAN_NONE : decision->sale);
}

static void put_by(struct parameters *parameters, const void *row)
{
    array_text(parameters, decision_of(row)->by);
}

static void put_replaces(struct parameters *parameters, const void *row)
{
    array_text(parameters, decision_of(row)->replaces);
}

static void put_more(struct parameters *parameters, const void *row)
{
    movement_put_more(((const struct decision_row *)row)->result, parameters);
}

static void put_released(struct parameters *parameters, const void *row)
{
    movement_put_released(((const struct decision_row *)row)->result, parameters);
}

static void put_faults(struct parameters *parameters, const void *row)
{
    const struct decision *decision = decision_of(row);
    struct text text;
    if (decision->fault_count == 0) {
        array_null(parameters);
        return;
    }
    if (array_build(parameters, &text)) {
        struct json json = json_on(&text);
        stored_faults_write(&json, decision->faults, decision->fault_count);
        array_built(parameters, &text);
    }
}

static void put_meta(struct parameters *parameters, const void *row)
{
    array_text(parameters, decision_of(row)->meta);
}

/* In the order of the statement. */
static const struct row_column columns[] = {
    {ELEMENT_INT8, put_meaning},  {ELEMENT_INT8, put_n},
    {ELEMENT_INT8, put_version},  {ELEMENT_INSTANT, put_expires_at},
    {ELEMENT_INT4, put_qty},      {ELEMENT_INT4, put_available},
    {ELEMENT_INT4, put_unsold},   {ELEMENT_INT4, put_held},
    {ELEMENT_INT4, put_taken},    {ELEMENT_INT2, put_slot},
    {ELEMENT_INT2, put_kind},     {ELEMENT_INT2, put_outcome},
    {ELEMENT_INT2, put_reason},   {ELEMENT_BOOLEAN, put_retaken},
    {ELEMENT_TEXT, put_id},       {ELEMENT_TEXT, put_sku},
    {ELEMENT_TEXT, put_round},    {ELEMENT_TEXT, put_customer},
    {ELEMENT_TEXT, put_store},    {ELEMENT_TEXT, put_pool},
    {ELEMENT_TEXT, put_ref},      {ELEMENT_TEXT, put_hold},
    {ELEMENT_TEXT, put_sale},     {ELEMENT_TEXT, put_by},
    {ELEMENT_TEXT, put_replaces}, {ELEMENT_JSON, put_more},
    {ELEMENT_JSON, put_released}, {ELEMENT_JSON, put_faults},
    {ELEMENT_JSON, put_meta},
};

static void lead(const struct postgres_database *database, struct parameters *parameters,
                 uint32_t rows)
{
    (void)rows; /* a unique key makes sure that all come in */
    parameter_instant(parameters, database->load.state->now);
    parameter_int4(parameters, (int32_t)database->generation);
    parameter_int2(parameters, (int16_t)database->lane);
    parameter_int2(parameters, EVENT_FORM);
}

/* By id: two transactions that insert some of the same ids must not wait for each other. Runs of 1,
 * 2, 4 ... rows are merged, to and fro; returns where the sorted ones are. */
static struct decision_row *sort_by_id(struct decision_row *rows, struct decision_row *scratch,
                                       uint32_t count)
{
    for (uint32_t run = 1; run < count; run *= 2) {
        for (uint32_t begin = 0; begin < count; begin += 2 * run) {
            const uint32_t middle = begin + run < count ? begin + run : count;
            const uint32_t end = middle + run < count ? middle + run : count;
            uint32_t left = begin;
            uint32_t right = middle;
            for (uint32_t to = begin; to < end; to++) {
                const bool from_left =
                    right == end ||
                    (left < middle && span_compare(decision_of(&rows[left])->job,
                                                   decision_of(&rows[right])->job) <= 0);
                scratch[to] = from_left ? rows[left++] : rows[right++];
            }
        }
        struct decision_row *swap = rows;
        rows = scratch;
        scratch = swap;
    }
    return rows;
}

uint32_t save_decisions(struct postgres_database *database, const struct record *record)
{
    const size_t mark = arena_mark(&database->scratch);
    struct decision_row *rows = arena_take(&database->scratch, record->count * sizeof *rows);
    struct decision_row *other = arena_take(&database->scratch, record->count * sizeof *rows);
    uint32_t count = 0;
    if (rows == NULL || other == NULL) {
        trip_refuse(&database->trip, ERROR_JOB, "the batch does not fit into memory");
        return 0;
    }
    for (uint32_t i = 0; i < record->count; i++) {
        const struct result *result = &record->results[i];
        if (result->kind == RESULT_DECISION) {
            ENSURE(result->decision.decided_at == database->load.state->now);
            rows[count] = (struct decision_row){result, database->decided + count + 1};
            count++;
        }
    }
    const struct row_set set = {.statement = STATEMENT_RECORD,
                                .columns = columns,
                                .column_count = sizeof columns / sizeof columns[0],
                                .rows = sort_by_id(rows, other, count),
                                .row_size = sizeof *rows,
                                .row_count = count,
                                .lead = lead};
    rows_send(database, &set);
    arena_rewind(&database->scratch, mark);
    return count;
}
