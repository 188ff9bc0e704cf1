/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads over a JSON value of any shape, without recursion: what it costs in stack is known. */
#include "common/contract/json_scan.h"

#define BUCKETS  512u                /* a power of two */
#define KEYS_MAX (JOB_META_MAX / 5u) /* the shortest member is  "":1,  */
#define NO_KEY   UINT16_MAX
_Static_assert(KEYS_MAX < NO_KEY, "a key's number must fit");

struct json_key_seen {
    struct span name;
    uint16_t object;
    uint16_t next; /* in its bucket */
};

struct json_keys {
    uint16_t buckets[BUCKETS];
    uint16_t count;
    uint16_t objects;
    uint16_t open[JOB_DEPTH_MAX]; /* the number of the object that is open at each depth */
    struct json_key_seen seen[KEYS_MAX];
};
_Static_assert(sizeof(struct json_keys) <= JSON_KEYS_SIZE, "its memory is taken by that size");

/* Where a walk over one value stands. */
struct walk {
    struct json_scan *scan;
    uint8_t *nested; /* a bit a level: set, an object; clear, an array */
    uint32_t depth;
    uint32_t depth_max;
    struct json_keys *keys;
    uint32_t path_base;
};

static bool in_object(const struct walk *walk)
{
    ENSURE(walk->depth > 0);
    return walk->nested[(walk->depth - 1) / 8] >> ((walk->depth - 1) % 8) & 1;
}

/* FNV-1a, begun with the object's number. */
static uint32_t bucket_of(uint16_t object, struct span name)
{
    uint32_t hash = 2166136261u ^ object;
    for (uint32_t i = 0; i < name.size; i++) {
        hash = (hash ^ (uint8_t)name.bytes[i]) * 16777619u;
    }
    return (hash ^ hash >> 16) & (BUCKETS - 1);
}

/* False: this object has had the key before. */
static bool keys_add(struct json_keys *keys, uint16_t object, struct span name)
{
    const uint32_t bucket = bucket_of(object, name);
    for (uint16_t i = keys->buckets[bucket]; i != NO_KEY; i = keys->seen[i].next) {
        if (keys->seen[i].object == object && span_equal(keys->seen[i].name, name)) {
            return false;
        }
    }
    ENSURE(keys->count < KEYS_MAX);
    keys->seen[keys->count] = (struct json_key_seen){name, object, keys->buckets[bucket]};
    keys->buckets[bucket] = keys->count++;
    return true;
}

static struct json_step *walk_step(struct walk *walk)
{
    struct json_scan *scan = walk->scan;
    ENSURE(walk->path_base + walk->depth <= JOB_DEPTH_MAX);
    scan->path_size = walk->path_base + walk->depth;
    return &scan->path[scan->path_size - 1];
}

/* A key and its colon. */
static bool walk_key(struct walk *walk)
{
    struct json_scan *scan = walk->scan;
    if (json_scan_peek(scan) != '"') {
        return json_scan_break(scan, "a key in double quotes must stand here");
    }
    if (walk->keys == NULL) {
        struct span raw;
        bool escaped;
        return json_scan_raw(scan, &raw, &escaped) && json_scan_mark(scan, ':', "no colon");
    }
    struct span key;
    if (!json_scan_string(scan, &key)) {
        return false;
    }
    *walk_step(walk) = (struct json_step){.key = key};
    if (!keys_add(walk->keys, walk->keys->open[walk->depth - 1], key)) {
        return json_scan_refuse(scan, "appears twice");
    }
    return json_scan_mark(scan, ':', "no colon after a key");
}

/* The opening bracket, and the key of the first member. An empty container is left open: its end
 * is found as any other's. */
static bool walk_open(struct walk *walk, bool object, bool *empty)
{
    struct json_scan *scan = walk->scan;
    if (walk->depth == walk->depth_max) {
        return json_scan_refuse(scan, "is nested too deep");
    }
    scan->at++;
    const uint8_t bit = (uint8_t)(1u << walk->depth % 8);
    uint8_t *bits = &walk->nested[walk->depth / 8];
    *bits = (uint8_t)(object ? *bits | bit : *bits & ~bit);
    if (walk->keys != NULL && object) {
        walk->keys->open[walk->depth] = walk->keys->objects++;
    }
    walk->depth++;
    *empty = json_scan_peek(scan) == (object ? '}' : ']');
    if (*empty) {
        return true;
    }
    if (object) {
        return walk_key(walk);
    }
    if (walk->keys != NULL) {
        *walk_step(walk) = (struct json_step){.key = SPAN_NONE};
    }
    return true;
}

static bool walk_digits(struct json_scan *scan)
{
    const char *begin = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        scan->at++;
    }
    return scan->at > begin || json_scan_break(scan, "not a number as JSON writes it");
}

static bool walk_number(struct json_scan *scan)
{
    scan->at += *scan->at == '-';
    const char *begin = scan->at;
    if (!walk_digits(scan)) {
        return false;
    }
    if (*begin == '0' && scan->at - begin > 1) {
        scan->at = begin;
        return json_scan_break(scan, "a number must not begin with a zero");
    }
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (!walk_digits(scan)) {
            return false;
        }
    }
    if (scan->at < scan->end && (*scan->at | 0x20) == 'e') {
        scan->at++;
        scan->at += scan->at < scan->end && (*scan->at == '+' || *scan->at == '-');
        return walk_digits(scan);
    }
    return true;
}

static bool walk_scalar(struct json_scan *scan, char first)
{
    struct span raw;
    bool escaped;
    switch (first) {
    case '"':
        return json_scan_raw(scan, &raw, &escaped);
    case 't':
        return json_scan_word(scan, "true");
    case 'f':
        return json_scan_word(scan, "false");
    case 'n':
        return json_scan_word(scan, "null");
    default:
        if (first == '-' || (first >= '0' && first <= '9')) {
            return walk_number(scan);
        }
        return json_scan_break(scan, "not a value as JSON writes it");
    }
}

/* After a value: closes what ends here, up to the next value or the end of all. */
static bool walk_on(struct walk *walk)
{
    struct json_scan *scan = walk->scan;
    while (walk->depth > 0) {
        const bool object = in_object(walk);
        const char mark = json_scan_peek(scan);
        if (mark == ',') {
            scan->at++;
            if (object) {
                return walk_key(walk);
            }
            if (walk->keys != NULL) {
                walk_step(walk)->index++;
            }
            return true;
        }
        if (mark != (object ? '}' : ']')) {
            return json_scan_break(scan, object ? "a comma or } must stand here"
                                                : "a comma or ] must stand here");
        }
        scan->at++;
        walk->depth--;
        if (walk->keys != NULL) {
            scan->path_size = walk->path_base + walk->depth;
        }
    }
    return true;
}

struct json_keys *json_keys_init(void *memory)
{
    struct json_keys *keys = memory;
    memset(keys->buckets, 0xff, sizeof keys->buckets);
    keys->count = 0;
    keys->objects = 0;
    return keys;
}

bool json_scan_value(struct json_scan *scan, uint8_t *nested, uint32_t depth_max,
                     struct json_keys *keys)
{
    ENSURE(keys == NULL || scan->path_size + depth_max <= JOB_DEPTH_MAX);
    struct walk walk = {
        .scan = scan, .depth_max = depth_max, .keys = keys, .path_base = scan->path_size};
    walk.nested = nested;
    do {
        const char first = json_scan_peek(scan);
        bool empty = true;
        if (first == '{' || first == '[') {
            if (!walk_open(&walk, first == '{', &empty)) {
                return false;
            }
        } else if (!walk_scalar(scan, first)) {
            return false;
        }
        if (empty && !walk_on(&walk)) {
            return false;
        }
    } while (walk.depth > 0);
    return true;
}
