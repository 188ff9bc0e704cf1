/* SPDX-License-Identifier: Apache-2.0
 *
 * Applies a decision's changes to the state and writes them down as movements. */
#include "worker/lane/movement.h"

#include "common/base/ensure.h"

void movements_begin(struct deciding *deciding, uint32_t skus)
{
    deciding->movements = deciding_take(deciding, 2 * skus * sizeof(struct movement));
    deciding->movement_count = 0;
}

/* Changes the stock and returns the edge that this was. */
static enum edge stock_change(struct stock *stock, int64_t unsold_delta, int64_t held_delta)
{
    const int64_t before = stock_available(stock);
    stock->unsold += unsold_delta;
    stock->held += held_delta;
    stock->version++;
    stock->mark = MARK_CHANGED;
    return edge_between(before, stock_available(stock));
}

static void tally_change(struct deciding *deciding, const struct stock *stock,
                         struct counting counting)
{
    const struct span customer = deciding->decision->customer;
    struct tally *tally = state_tally(deciding->state, stock, counting.round, customer);
    if (tally == NULL) {
        tally = deciding_take(deciding, sizeof *tally);
        *tally = (struct tally){
            .pool = stock->pool, .sku = stock->sku, .round = counting.round, .customer = customer};
        state_add_tally(deciding->state, stock, tally);
    }
    tally->taken += counting.delta;
    tally->delta += counting.delta;
}

void stock_move(struct deciding *deciding, struct stock *stock, int64_t unsold_delta,
                int64_t held_delta, struct counting counting, struct decision_item *item)
{
    const bool moved = unsold_delta != 0 || held_delta != 0;
    if (!moved && counting.delta == 0) {
        return;
    }
    struct movement movement = {
        .stock = stock, .item = item, .unsold_delta = unsold_delta, .held_delta = held_delta};
    if (moved) {
        item->edge = stock_change(stock, unsold_delta, held_delta);
        movement.version = stock->version;
        item->moved = true;
        item->version = stock->version;
        item->available = stock_available(stock);
    }
    if (counting.delta != 0) {
        movement.taken_delta = counting.delta;
        movement.round = counting.round;
        movement.customer = deciding->decision->customer;
        tally_change(deciding, stock, counting);
    }
    deciding->movements[deciding->movement_count++] = movement;
}
