/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies what is to be committed, and commits it. */
#include "tests/sim/sim_change.h"

#include <string.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"

static bool is_kept(const struct sim_rows *rows, const void *memory)
{
    const uintptr_t begin = (uintptr_t)rows->arena->memory;
    const uintptr_t at = (uintptr_t)memory;
    return memory == NULL || (at >= begin && at < begin + rows->arena->size);
}

static struct span keep(struct sim_rows *rows, struct span span)
{
    if (is_kept(rows, span.bytes)) {
        return span;
    }
    char *bytes = arena_take_bytes(rows->arena, span.size);
    ENSURE(bytes != NULL);
    memcpy(bytes, span.bytes, span.size);
    return (struct span){bytes, span.size};
}

static void *copy(struct sim_rows *rows, const void *memory, size_t size)
{
    void *kept = sim_rows_take(rows, size);
    if (size > 0) {
        memcpy(kept, memory, size);
    }
    return kept;
}

static struct line *keep_lines(struct sim_rows *rows, const struct line *lines, uint32_t count)
{
    struct line *kept = copy(rows, lines, count * sizeof *lines);
    for (uint32_t i = 0; i < count; i++) {
        kept[i].sku = keep(rows, kept[i].sku);
        kept[i].round = keep(rows, kept[i].round);
        kept[i].returned_by = keep(rows, kept[i].returned_by);
        kept[i].returned_mark = MARK_SAME;
    }
    return kept;
}

static const struct decision_item *keep_items(struct sim_rows *rows,
                                              const struct decision_item *items, uint32_t count)
{
    struct decision_item *kept = copy(rows, items, count * sizeof *items);
    for (uint32_t i = 0; i < count; i++) {
        kept[i].sku = keep(rows, kept[i].sku);
    }
    return kept;
}

static void keep_decision(struct sim_rows *rows, struct decision *decision)
{
    struct span *const spans[] = {&decision->job,     &decision->ref,  &decision->customer,
                                  &decision->store,   &decision->pool, &decision->hold,
                                  &decision->sale,    &decision->by,   &decision->meta,
                                  &decision->replaces};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        *spans[i] = keep(rows, *spans[i]);
    }
    decision->items = keep_items(rows, decision->items, decision->item_count);
    decision->released_items = keep_items(rows, decision->released_items, decision->released_count);
    struct fault *faults = copy(rows, decision->faults, decision->fault_count * sizeof *faults);
    for (uint32_t i = 0; i < decision->fault_count; i++) {
        faults[i].sku = keep(rows, faults[i].sku);
    }
    decision->faults = faults;
}

static void put_hold(struct sim_rows *rows, struct sim_change *change, const struct hold *hold)
{
    struct hold *kept = &change->holds[change->hold_count++];
    *kept = *hold;
    struct span *const spans[] = {&kept->id,  &kept->customer, &kept->store,   &kept->pool,
                                  &kept->ref, &kept->sale,     &kept->ended_by};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        *spans[i] = keep(rows, *spans[i]);
    }
    kept->lines = keep_lines(rows, kept->lines, kept->line_count);
    kept->mark = MARK_SAME;
    kept->next = NULL;
}

static void put_sale(struct sim_rows *rows, struct sim_change *change, const struct sale *sale)
{
    struct sale *kept = &change->sales[change->sale_count++];
    *kept = *sale;
    struct span *const spans[] = {&kept->id,   &kept->hold, &kept->customer, &kept->store,
                                  &kept->pool, &kept->ref,  &kept->ended_by};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        *spans[i] = keep(rows, *spans[i]);
    }
    kept->lines = keep_lines(rows, kept->lines, kept->line_count);
    kept->mark = MARK_SAME;
    kept->next = NULL;
}

static void put_named(struct sim_rows *rows, struct sim_change *change, const struct state *state)
{
    change->holds =
        sim_rows_take(rows, (state->hold_count + change->entry_count) * sizeof *change->holds);
    change->sales =
        sim_rows_take(rows, (state->sale_count + change->entry_count) * sizeof *change->sales);
    for (uint32_t i = 0; i < state->hold_count; i++) {
        if (state->holds[i].mark != MARK_SAME) {
            put_hold(rows, change, &state->holds[i]);
        }
    }
    for (const struct hold *hold = state->new_holds; hold != NULL; hold = hold->next) {
        put_hold(rows, change, hold);
    }
    for (uint32_t i = 0; i < state->sale_count; i++) {
        if (state->sales[i].mark != MARK_SAME) {
            put_sale(rows, change, &state->sales[i]);
        }
    }
    for (const struct sale *sale = state->new_sales; sale != NULL; sale = sale->next) {
        put_sale(rows, change, sale);
    }
}

static void put_stocks(struct sim_rows *rows, struct sim_change *change, const struct state *state)
{
    change->stocks = sim_rows_take(rows, state->stock_count * sizeof *change->stocks);
    for (uint32_t i = 0; i < state->stock_count; i++) {
        const struct stock *stock = &state->stocks[i];
        if (stock->mark == MARK_SAME) {
            continue;
        }
        const uint32_t row = sim_rows_find(rows, stock->pool, stock->sku);
        struct sim_stock_change *put = &change->stocks[change->stock_count++];
        *put = (struct sim_stock_change){.row = row, .stock = *stock};
        put->stock.pool = rows->rows[row].stock.pool;
        put->stock.sku = rows->rows[row].stock.sku;
        put->stock.round = keep(rows, stock->round);
        put->stock.mark = MARK_SAME;
        put->stock.other = NULL;
        put->stock.told = 0;
    }
}

static void put_tally(struct sim_rows *rows, struct sim_change *change, const struct tally *tally)
{
    if (tally->delta == 0) {
        return;
    }
    change->tallies[change->tally_count++] =
        (struct sim_tally_change){.row = sim_rows_find(rows, tally->pool, tally->sku),
                                  .round = keep(rows, tally->round),
                                  .customer = keep(rows, tally->customer),
                                  .delta = tally->delta};
}

static void put_tallies(struct sim_rows *rows, struct sim_change *change, const struct state *state)
{
    uint32_t count = state->tally_count;
    for (const struct tally *tally = state->new_tallies; tally != NULL; tally = tally->next) {
        count++;
    }
    change->tallies = sim_rows_take(rows, count * sizeof *change->tallies);
    for (uint32_t i = 0; i < state->tally_count; i++) {
        put_tally(rows, change, &state->tallies[i]);
    }
    for (const struct tally *tally = state->new_tallies; tally != NULL; tally = tally->next) {
        put_tally(rows, change, tally);
    }
}

static void put_movements(struct sim_rows *rows, struct sim_change *change,
                          const struct record *record)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < record->count; i++) {
        count += record->results[i].kind == RESULT_DECISION ? record->results[i].movement_count : 0;
    }
    change->movements = sim_rows_take(rows, count * sizeof *change->movements);
    for (uint32_t i = 0; i < record->count; i++) {
        const struct result *result = &record->results[i];
        for (uint32_t k = 0; result->kind == RESULT_DECISION && k < result->movement_count; k++) {
            const struct movement *movement = &result->movements[k];
            if (movement->version != 0) {
                change->movements[change->movement_count++] = (struct sim_movement){
                    sim_rows_find(rows, movement->stock->pool, movement->stock->sku),
                    movement->unsold_delta, movement->held_delta, movement->version};
            }
        }
    }
}

struct sim_change *sim_change_of(struct sim_rows *rows, const struct record *record)
{
    struct sim_change *change = sim_rows_take(rows, sizeof *change);
    *change = (struct sim_change){.now = record->state->now};
    change->entries = sim_rows_take(rows, record->count * sizeof *change->entries);
    for (uint32_t i = 0; i < record->count; i++) {
        const struct entry *from = &record->entries[i];
        struct sim_entry *to = &change->entries[change->entry_count++];
        *to = (struct sim_entry){.id = keep(rows, from->job->id),
                                 .meaning = from->meaning,
                                 .slot = from->slot,
                                 .from_stock_exchange = from->from_stock_exchange,
                                 .result = record->results[i]};
        if (to->result.kind == RESULT_DECISION) {
            keep_decision(rows, &to->result.decision);
            change->decision_count++;
        }
    }
    put_named(rows, change, record->state);
    put_stocks(rows, change, record->state);
    put_tallies(rows, change, record->state);
    put_movements(rows, change, record);
    return change;
}

struct span sim_change_decided(const struct sim_rows *rows, const struct sim_change *change)
{
    for (uint32_t i = 0; i < change->entry_count; i++) {
        const struct sim_known *known = sim_rows_known(rows, change->entries[i].id);
        if (change->entries[i].result.kind == RESULT_DECISION && known != NULL &&
            known->decision != NULL) {
            return change->entries[i].id;
        }
    }
    return SPAN_NONE;
}

static const char *apply_stocks(struct sim_rows *rows, const struct sim_change *change)
{
    for (uint32_t i = 0; i < change->movement_count; i++) {
        const struct sim_movement *movement = &change->movements[i];
        struct sim_row *row = &rows->rows[movement->row];
        row->unsold_moved += movement->unsold_delta;
        row->held_moved += movement->held_delta;
        if (movement->version != ++row->version_moved) {
            return "a gap in a SKU's versions";
        }
        if (row->held_moved < 0 || row->held_moved > row->unsold_moved ||
            row->unsold_moved > UNSOLD_MAX) {
            return "held and unsold out of their bounds";
        }
    }
    for (uint32_t i = 0; i < change->stock_count; i++) {
        struct sim_row *row = &rows->rows[change->stocks[i].row];
        if ((change->locked & 1u << change->stocks[i].row) == 0) {
            return "a stock row changed that was not locked";
        }
        row->stock = change->stocks[i].stock;
        if (row->known_at == 0 && row->stock.known) {
            row->known_at = change->committed_at;
        }
    }
    for (uint32_t i = 0; i < rows->row_count; i++) {
        const struct sim_row *row = &rows->rows[i];
        if (row->stock.unsold != row->unsold_moved || row->stock.held != row->held_moved ||
            row->stock.version != row->version_moved) {
            return "a stock that is not the sum of its movements";
        }
    }
    return NULL;
}

static void apply_known(struct sim_rows *rows, const struct sim_change *change)
{
    for (uint32_t i = 0; i < change->entry_count; i++) {
        const struct sim_entry *entry = &change->entries[i];
        struct sim_known *known = sim_rows_know(rows, entry->id);
        if (entry->result.kind == RESULT_DECISION) {
            known->decision = &entry->result.decision;
        }
        if (change->forgets_lonely) {
            rows->lonely_count -= known->lonely > 0 ? 1 : 0;
            known->lonely = 0;
        }
    }
    for (uint32_t i = 0; i < change->hold_count; i++) {
        struct sim_known *known = sim_rows_know(rows, change->holds[i].id);
        if (known->hold == NULL) {
            ENSURE(rows->hold_count < SIM_HOLDS_MAX);
            known->hold = sim_rows_take(rows, sizeof *known->hold);
            rows->holds[rows->hold_count++] = known->hold;
        }
        *known->hold = change->holds[i];
    }
    for (uint32_t i = 0; i < change->sale_count; i++) {
        sim_rows_know(rows, change->sales[i].id)->sale = &change->sales[i];
    }
}

const char *sim_change_apply(struct sim_rows *rows, const struct sim_change *change)
{
    apply_known(rows, change);
    for (uint32_t i = 0; i < change->tally_count; i++) {
        const struct sim_tally_change *tally = &change->tallies[i];
        struct sim_tally *row = sim_rows_tally(rows, tally->row, tally->round, tally->customer);
        row->taken += tally->delta;
        if (row->taken < 0) {
            return "a negative count of a customer";
        }
    }
    return apply_stocks(rows, change);
}
