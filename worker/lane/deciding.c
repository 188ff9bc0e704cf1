/* SPDX-License-Identifier: Apache-2.0
 *
 * What every kind of job needs while it is decided: memory, and the SKUs that it is about. */
#include "worker/lane/deciding.h"

#include "common/base/ensure.h"

size_t deciding_room(const struct job *job, const struct known *named)
{
    /* Every piece may be followed by padding; there are fewer than this many, tallies apart. */
    const size_t pieces = 16;
    const size_t padding = _Alignof(max_align_t);
    const size_t fixed =
        sizeof(struct known) + sizeof(struct hold) + sizeof(struct sale) + pieces * padding;
    const size_t each = sizeof(struct want) + 2 * sizeof(struct decision_item) +
                        sizeof(struct fault) + sizeof(struct line) + 2 * sizeof(struct movement) +
                        2 * (sizeof(struct tally) + padding);
    size_t skus = job->item_count;
    if (named != NULL && named->hold != NULL) {
        skus += named->hold->line_count;
    }
    if (named != NULL && named->sale != NULL) {
        skus += named->sale->line_count;
    }
    return fixed + skus * each;
}

void *deciding_take(struct deciding *deciding, size_t size)
{
    void *memory = arena_take(deciding->arena, size);
    ENSURE(memory != NULL);
    return memory;
}

/* Room for so many wants and items, none there yet. */
static void wants_begin(struct deciding *deciding, uint32_t count)
{
    deciding->wants = deciding_take(deciding, count * sizeof(struct want));
    deciding->want_count = 0;
    deciding->items = deciding_take(deciding, count * sizeof(struct decision_item));
    deciding->decision->items = deciding->items;
    deciding->decision->item_count = 0;
}

static void want_put(struct deciding *deciding, struct want want)
{
    deciding->wants[deciding->want_count] = want;
    deciding->items[deciding->want_count] =
        (struct decision_item){.sku = want.sku, .qty = want.qty};
    deciding->want_count++;
    deciding->decision->item_count++;
}

void wants_of_job(struct deciding *deciding, struct span pool)
{
    const struct job *job = deciding->job;
    wants_begin(deciding, job->item_count);
    for (uint32_t i = 0; i < job->item_count; i++) {
        const struct item *item = &job->items[i];
        want_put(deciding, (struct want){.sku = item->sku,
                                         .stock = state_stock(deciding->state, pool, item->sku),
                                         .qty = item->qty,
                                         .if_version = item->if_version});
    }
}

static void want_line(struct deciding *deciding, struct span pool, struct line *line, int64_t qty)
{
    struct stock *stock = state_stock(deciding->state, pool, line->sku);
    ENSURE(stock != NULL); /* whoever loads a hold or sale loads and locks its SKUs */
    want_put(deciding, (struct want){.sku = line->sku,
                                     .stock = stock,
                                     .qty = qty,
                                     .if_version = VERSION_NONE,
                                     .line = line});
}

void wants_of_hold(struct deciding *deciding, struct hold *hold)
{
    wants_begin(deciding, hold->line_count);
    for (uint32_t i = 0; i < hold->line_count; i++) {
        want_line(deciding, hold->pool, &hold->lines[i], hold->lines[i].qty);
    }
}

void wants_of_sale(struct deciding *deciding, struct sale *sale)
{
    const bool ended = sale_left(sale) == 0;
    wants_begin(deciding, sale->line_count);
    for (uint32_t i = 0; i < sale->line_count; i++) {
        struct line *line = &sale->lines[i];
        const int64_t qty = ended ? line->qty : line->qty - line->returned;
        if (qty > 0) {
            want_line(deciding, sale->pool, line, qty);
        }
    }
}

int64_t sale_left(const struct sale *sale)
{
    int64_t left = 0;
    for (uint32_t i = 0; i < sale->line_count; i++) {
        left += sale->lines[i].qty - sale->lines[i].returned;
    }
    return left;
}

void hold_end(struct hold *hold, enum hold_state state, struct span by)
{
    hold->state = state;
    hold->ended_by = by;
    if (hold->mark == MARK_SAME) {
        hold->mark = MARK_CHANGED;
    }
}

struct sale *sale_make(struct deciding *deciding, struct line *lines, uint32_t count)
{
    struct decision *decision = deciding->decision;
    struct sale *sale = deciding_take(deciding, sizeof *sale);
    decision->sale = decision->job;
    *sale = (struct sale){.id = decision->job,
                          .hold = decision->hold,
                          .customer = decision->customer,
                          .store = decision->store,
                          .pool = decision->pool,
                          .ref = decision->ref,
                          .slot = decision->slot,
                          .lines = lines,
                          .line_count = count};
    state_add_sale(deciding->state, sale);
    deciding->made_sale = sale;
    return sale;
}

bool is_late(const struct deciding *deciding)
{
    const instant not_after = deciding->job->not_after;
    return not_after != INSTANT_NONE && deciding->state->now > not_after;
}
