/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks into a malformed job for what its answer needs. */
#include "common/contract/job_parse.h"

#include "common/contract/job_text.h"
#include "common/contract/json_scan.h"
#include "common/contract/names.h"

#define GLIMPSE_DEPTH_MAX (JOB_SIZE_MAX / 2)
#define RAW_MAX           (6u * JOB_EXPIRE_ID_MAX) /* each character written as \uXXXX */

/* A member that is looked for: how often it was there, and its last value, if that was a string
 * short enough to be valid. */
struct sought {
    struct span name;
    uint32_t count;
    struct span value;
};

struct glimpse {
    struct json_scan scan;
    struct sought id;
    struct sought kind;
    struct sought store;
    uint8_t nested[(GLIMPSE_DEPTH_MAX + 7) / 8];
};

/* Absent if it is too long for anything that is looked for. */
static struct span decode(struct arena *arena, struct span raw)
{
    if (raw.size > RAW_MAX) {
        return SPAN_NONE;
    }
    char *memory = arena_take_bytes(arena, raw.size);
    ENSURE(memory != NULL);
    return json_decode(raw, memory);
}

static struct sought *find_sought(struct glimpse *glimpse, struct span key)
{
    struct sought *all[] = {&glimpse->id, &glimpse->kind, &glimpse->store};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (span_equal(all[i]->name, key)) {
            return all[i];
        }
    }
    return NULL;
}

static bool glimpse_member(struct glimpse *glimpse)
{
    struct json_scan *scan = &glimpse->scan;
    const size_t mark = arena_mark(scan->arena);
    struct span raw;
    bool escaped;
    if (json_scan_peek(scan) != '"' || !json_scan_raw(scan, &raw, &escaped) ||
        !json_scan_mark(scan, ':', "")) {
        return false;
    }
    struct sought *sought = find_sought(glimpse, decode(scan->arena, raw));
    arena_rewind(scan->arena, mark);
    if (sought == NULL || json_scan_peek(scan) != '"') {
        if (sought != NULL) {
            sought->count++;
            sought->value = SPAN_NONE;
        }
        return json_scan_value(scan, glimpse->nested, GLIMPSE_DEPTH_MAX, NULL);
    }
    if (!json_scan_raw(scan, &raw, &escaped)) {
        return false;
    }
    if (sought->count++ == 0) {
        sought->value = decode(scan->arena, raw); /* of a repeated member none counts */
    }
    return true;
}

static bool glimpse_object(struct glimpse *glimpse)
{
    struct json_scan *scan = &glimpse->scan;
    bool more;
    if (json_scan_peek(scan) != '{') {
        return false;
    }
    json_scan_open(scan, '}', &more);
    while (more) {
        if (!glimpse_member(glimpse) || !json_scan_next(scan, '}', 0, &more)) {
            return false;
        }
    }
    json_scan_peek(scan);
    return scan->at == scan->end;
}

static struct span only_value(const struct sought *sought)
{
    return sought->count == 1 ? sought->value : SPAN_NONE;
}

/* The constant text of the kind, the default if none was given. */
static struct span readable_kind(const struct sought *sought)
{
    enum kind kind = KIND_CHECKOUT;
    if (sought->count > 0 && !kind_of(only_value(sought), &kind)) {
        return SPAN_NONE;
    }
    return (struct span){kind_text(kind), (uint32_t)strlen(kind_text(kind))};
}

/* Only an expire's id may begin as an expire's does. */
static bool id_valid(struct span id, struct span kind)
{
    const bool expire = span_equal(kind, SPAN_OF("expire"));
    return expire ? job_expire_id_valid(id) : job_id_valid(id);
}

bool job_glimpse(struct span body, struct arena *arena, struct job_glimpse *result)
{
    ENSURE(arena_room(arena) >= JOB_MEMORY_MAX);
    const size_t mark = arena_mark(arena);
    struct glimpse glimpse = {
        .id.name = SPAN_OF("id"), .kind.name = SPAN_OF("kind"), .store.name = SPAN_OF("store")};
    json_scan_init(&glimpse.scan, body, arena);
    glimpse.scan.lax = true;
    const bool whole = glimpse_object(&glimpse);
    const struct span id = only_value(&glimpse.id);
    const struct span kind = readable_kind(&glimpse.kind);
    if (!whole || span_absent(id) || !id_valid(id, kind)) {
        arena_rewind(arena, mark);
        return false;
    }
    const struct span store = only_value(&glimpse.store);
    *result = (struct job_glimpse){
        .id = id,
        .kind = kind,
        .store = !span_absent(store) && job_store_valid(store) ? store : SPAN_NONE,
    };
    return true;
}
