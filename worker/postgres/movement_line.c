/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts lines and movements together. */
#include "worker/postgres/movement_line.h"

#include <string.h>

/* Which movement belongs to which line; NULL: none. */
struct placed {
    const struct movement *items[JOB_ITEMS_MAX];
    const struct movement *released[JOB_ITEMS_MAX];
};

/* The line's place among these; count: it is none of them. */
static uint32_t place_of(const struct decision_item *items, uint32_t count,
                         const struct decision_item *item)
{
    const uintptr_t offset = (uintptr_t)item - (uintptr_t)items;
    return offset < count * sizeof *items ? (uint32_t)(offset / sizeof *items) : count;
}

static void place(const struct result *result, struct placed *placed)
{
    const struct decision *decision = &result->decision;
    memset(placed, 0, sizeof *placed);
    for (uint32_t i = 0; i < result->movement_count; i++) {
        const struct movement *movement = &result->movements[i];
        const uint32_t at = place_of(decision->items, decision->item_count, movement->item);
        if (at < decision->item_count) {
            placed->items[at] = movement;
            continue;
        }
        const uint32_t released =
            place_of(decision->released_items, decision->released_count, movement->item);
        ENSURE(released < decision->released_count);
        placed->released[released] = movement;
    }
}

/* Movements stand in the order of the lines. */
static const struct movement *first_movement(const struct result *result)
{
    const bool first =
        result->movement_count > 0 && result->movements[0].item == &result->decision.items[0];
    return first ? &result->movements[0] : NULL;
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
    return stored_of(item, first_movement(result));
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
