/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks for the slots of many ids at once. */
#include "worker/postgres/hold_slot.h"

#include <stdlib.h>

/* A decision on a hold or sale has that one's slot, so the id of a commit is as good as that of the
 * reserve. */
static const char slots_of[] =
    "SELECT coalesce((SELECT d.slot FROM decisions AS d WHERE d.id = w.id),"
    " (SELECT h.slot FROM holds AS h WHERE h.id = w.id))"
    " FROM unnest($1::text[]) WITH ORDINALITY AS w (id, place) ORDER BY w.place";

/* PostgreSQL's form of an array: an id may hold quotes, backslashes, braces and commas. */
static void put_id(struct text *text, struct span id)
{
    text_put(text, "\"");
    for (uint32_t i = 0; i < id.size; i++) {
        const char byte = id.bytes[i];
        if (byte == '"' || byte == '\\') {
            text_put(text, "\\");
        }
        text_put_bytes(text, &byte, 1);
    }
    text_put(text, "\"");
}

bool hold_slot_look(struct postgres *postgres, const struct span *ids, uint32_t count,
                    struct text *memory, uint32_t *slots, struct error *error)
{
    const char *const parameters[] = {memory->bytes};
    PGresult *result;
    text_reset(memory);
    text_put(memory, "{");
    for (uint32_t i = 0; i < count; i++) {
        text_put(memory, i == 0 ? "" : ",");
        put_id(memory, ids[i]);
    }
    text_put(memory, "}");
    ENSURE(!memory->full);
    if (!postgres_query(postgres, slots_of, 1, parameters, &result, error)) {
        return error_wrap(error, "slots of holds and sales");
    }
    ENSURE(PQntuples(result) == (int)count);
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = PQgetisnull(result, (int)i, 0)
                       ? SORT_SLOT_UNKNOWN
                       : (uint32_t)strtoul(PQgetvalue(result, (int)i, 0), NULL, 10);
    }
    PQclear(result);
    return true;
}
