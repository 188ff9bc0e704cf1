/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns into a decision. */
#include "worker/postgres/stored_decision.h"

#include "worker/postgres/statement.h"
#include "worker/postgres/stored_fault.h"
#include "worker/postgres/stored_line.h"

/* An own id is not repeated in the row. */
static struct span own_or(struct span own, bool is_own, struct span stored)
{
    return span_absent(stored) && is_own ? own : stored;
}

static struct decision plain_of(struct row *row)
{
    struct decision decision = {
        .job = row_text(row, DECISION_ID),
        .kind = (enum kind)row_integer(row, DECISION_KIND),
        .outcome = (enum outcome)row_integer(row, DECISION_OUTCOME),
        .reason = (enum reason)row_integer(row, DECISION_REASON),
        .form = (uint32_t)row_integer(row, DECISION_FORM),
        .meaning = (uint64_t)row_integer(row, DECISION_MEANING),
        .ref = row_text(row, DECISION_REF),
        .customer = row_text(row, DECISION_CUSTOMER),
        .store = row_text(row, DECISION_STORE),
        .pool = row_text(row, DECISION_POOL),
        .slot = (uint32_t)row_integer(row, DECISION_SLOT),
        .expires_at = row_instant(row, DECISION_EXPIRES_AT),
        .retaken = row_boolean(row, DECISION_RETAKEN),
        .by = row_text(row, DECISION_BY),
        .replaces = row_text(row, DECISION_REPLACES),
        .decided_at = row_instant(row, DECISION_DECIDED_AT),
        .meta = row_text(row, DECISION_META),
    };
    const bool holds = decision.kind == KIND_RESERVE && decision.outcome == OUTCOME_HELD;
    const bool sells = decision.outcome == OUTCOME_CONFIRMED;
    decision.hold = own_or(decision.job, holds, row_text(row, DECISION_HOLD));
    decision.sale = own_or(decision.job, sells, row_text(row, DECISION_SALE));
    return decision;
}

static struct decision_item *items_of(struct row *row, const struct stored_lines *lines)
{
    struct decision_item *items = arena_take(row->arena, lines->count * sizeof *items);
    if (items == NULL) {
        row->full = true;
        return NULL;
    }
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct stored_line *line = &lines->lines[i];
        items[i] = (struct decision_item){.sku = line->sku, .qty = line->qty, .moved = line->moved};
        if (line->moved) {
            items[i].version = line->version;
            items[i].available = line->available;
            items[i].edge =
                edge_between(line->available - (line->unsold - line->held), line->available);
        }
    }
    return items;
}

static void put_items(struct row *row, struct decision *decision)
{
    struct stored_lines lines;
    lines.count = 0;
    if (!row_is_null(row, DECISION_SKU)) {
        lines.count = 1;
        lines.lines[0] = (struct stored_line){.sku = row_text(row, DECISION_SKU),
                                              .qty = row_integer(row, DECISION_QTY),
                                              .moved = !row_is_null(row, DECISION_VERSION),
                                              .version = row_integer(row, DECISION_VERSION),
                                              .available = row_integer(row, DECISION_AVAILABLE),
                                              .unsold = row_integer(row, DECISION_UNSOLD_DELTA),
                                              .held = row_integer(row, DECISION_HELD_DELTA)};
        stored_lines_read(row, DECISION_MORE, &lines);
    }
    decision->items = items_of(row, &lines);
    decision->item_count = lines.count;
    if (!row_is_null(row, DECISION_RELEASED)) {
        lines.count = 0;
        stored_lines_read(row, DECISION_RELEASED, &lines);
        decision->released_items = items_of(row, &lines);
        decision->released_count = lines.count;
    }
    stored_faults_read(row, DECISION_FAULTS, &decision->faults, &decision->fault_count);
}

static bool is_sound(const struct decision *decision)
{
    return (unsigned)decision->kind <= KIND_EXPIRE &&
           (unsigned)decision->outcome <= OUTCOME_REJECTED &&
           (unsigned)decision->reason <= REASON_OVER_CAPACITY &&
           (decision->outcome == OUTCOME_REJECTED) == (decision->reason != REASON_NONE);
}

bool stored_decision_read(struct row *row, struct decision *decision)
{
    *decision = plain_of(row);
    put_items(row, decision);
    return !row->full && !row->broken && is_sound(decision);
}
