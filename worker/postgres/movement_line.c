/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds each line's movement. */
#include "worker/postgres/movement_line.h"

#include <string.h>

/* Which movement belongs to which line; NULL: none. */
struct placed {
    const struct movement *items[JOB_ITEMS_MAX];
    const struct movement *released[JOB_ITEMS_MAX];
};

/* The movement at this place, if there is one and it is of this SKU. */
static const struct movement *movement_of(const struct result *result, uint32_t at, struct span sku)
{
    if (at >= result->movement_count || !span_equal(result->movements[at].stock->sku, sku)) {
        return NULL;
    }
    return &result->movements[at];
}

static void place_released(const struct decision *decision, const struct movement *movement,
                           struct placed *placed)
{
    for (uint32_t i = 0; i < decision->released_count; i++) {
        if (span_equal(decision->released_items[i].sku, movement->stock->sku)) {
            placed->released[i] = movement;
        }
    }
}

/* Movements stand in the order of the lines. A second one of a SKU only counts off what the
 * replaced hold had counted. */
static void place(const struct result *result, struct placed *placed)
{
    const struct decision *decision = &result->decision;
    uint32_t at = 0;
    memset(placed, 0, sizeof *placed);
    for (uint32_t i = 0; i < decision->item_count; i++) {
        placed->items[i] = movement_of(result, at, decision->items[i].sku);
        at += placed->items[i] != NULL;
        const struct movement *second =
            placed->items[i] == NULL ? NULL : movement_of(result, at, decision->items[i].sku);
        if (second != NULL) {
            place_released(decision, second, placed);
            at++;
        }
    }
    for (uint32_t i = 0; i < decision->released_count; i++) {
        const struct movement *movement = movement_of(result, at, decision->released_items[i].sku);
        if (movement != NULL) {
            placed->released[i] = movement;
            at++;
        }
    }
    ENSURE(at == result->movement_count);
}

static struct stored_line stored_of(const struct decision_item *item,
                                    const struct movement *movement)
{
    struct stored_line line = {.sku = item->sku,
                               .qty = item->qty,
                               .moved = item->moved,
                               .version = item->version,
                               .available = item->available};
    ENSURE(!item->moved || (movement != NULL && movement->version == item->version));
    if (movement != NULL) {
        line.unsold = movement->unsold_delta;
        line.held = movement->held_delta;
        line.counted = movement->taken_delta != 0;
        line.taken = movement->taken_delta;
        line.round = movement->round;
    }
    return line;
}

static void put_lines(struct parameters *parameters, const struct decision_item *items,
                      const struct movement *const *movements, uint32_t from, uint32_t to)
{
    struct text text;
    if (!array_build(parameters, &text)) {
        return;
    }
    struct json json = json_on(&text);
    json_array(&json);
    for (uint32_t i = from; i < to; i++) {
        const struct stored_line line = stored_of(&items[i], movements[i]);
        stored_line_write(&json, &line);
    }
    json_array_end(&json);
    array_built(parameters, &text);
}

struct stored_line movement_first_line(const struct result *result)
{
    if (result->decision.item_count == 0) {
        return (struct stored_line){.moved = false};
    }
    const struct decision_item *item = &result->decision.items[0];
    return stored_of(item, movement_of(result, 0, item->sku));
}

void movement_put_more(const struct result *result, struct parameters *parameters)
{
    const struct decision *decision = &result->decision;
    struct placed placed;
    if (decision->item_count < 2) {
        array_null(parameters);
        return;
    }
    place(result, &placed);
    put_lines(parameters, decision->items, placed.items, 1, decision->item_count);
}

void movement_put_released(const struct result *result, struct parameters *parameters)
{
    const struct decision *decision = &result->decision;
    struct placed placed;
    if (decision->released_count == 0) {
        array_null(parameters);
        return;
    }
    place(result, &placed);
    put_lines(parameters, decision->released_items, placed.released, 0, decision->released_count);
}
