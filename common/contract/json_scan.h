/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads JSON strictly, front to back, one value at a time: exactly RFC 8259, in UTF-8, without
 * U+0000 and lone surrogates. It knows where it stands, so that a fault can be pointed at.
 *
 * Functions that return false have set the fault, and the scan is over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/limits.h"
#include "common/base/span.h"

/* A member's key, or, with an absent key, an element's index. */
struct json_step {
    struct span key;
    uint32_t index;
};

struct json_scan {
    const char *begin;
    const char *at;
    const char *end;
    struct arena *arena; /* where strings with escapes are decoded */
    bool lax;            /* U+0000 and lone surrogates may be: it is JSON, if no job */
    struct json_step path[JOB_DEPTH_MAX];
    uint32_t path_size;
    const char *fault; /* what is wrong, for a person; a constant */
    bool fault_syntax; /* the bytes are at fault, at .at; else the meaning of the value before */
};

/* The keys that an object has had, of all objects of one value. */
struct json_keys;
#define JSON_KEYS_SIZE 65536u /* bytes of a struct json_keys */

void json_scan_init(struct json_scan *scan, struct span bytes, struct arena *arena);

/* Sets a fault of the value just read, or of the bytes at which the scan stands; returns false. */
bool json_scan_refuse(struct json_scan *scan, const char *fault);
bool json_scan_break(struct json_scan *scan, const char *fault);

/* What json_scan_peek does where there may be white space. */
char json_scan_peek_far(struct json_scan *scan);

/* Skips white space; the byte that follows, '\0' at the end. */
static inline char json_scan_peek(struct json_scan *scan)
{
    const bool at_byte = scan->at < scan->end && (uint8_t)*scan->at > ' ';
    return at_byte ? *scan->at : json_scan_peek_far(scan);
}

/* After white space, this very byte. */
bool json_scan_mark(struct json_scan *scan, char mark, const char *fault) MUST_CHECK;

/* A string, decoded. Without escapes it is the bytes of the body themselves. */
bool json_scan_string(struct json_scan *scan, struct span *value) MUST_CHECK;

/* The same, as it was sent; only its value's bytes, without quotes. json_decode() gives the value.
 * Takes nothing off the arena. */
bool json_scan_raw(struct json_scan *scan, struct span *raw, bool *escaped) MUST_CHECK;

/* The value of a raw string, in at most raw.size bytes of memory. A lone surrogate (of a lax scan)
 * becomes U+FFFD. */
struct span json_decode(struct span raw, char *memory);

/* A number written as an integer that 64 bits hold. */
bool json_scan_integer(struct json_scan *scan, int64_t *value) MUST_CHECK;

/* null, true or false: this one. */
bool json_scan_word(struct json_scan *scan, const char *word) MUST_CHECK;

/* The members of an object or the elements of an array, one by one; level is the number of steps
 * that the container's own path has, and close its closing bracket:
 *
 *     json_scan_open(scan, '}', &more);            stands at the opening bracket
 *     while (more) {
 *         json_scan_key(scan, level, &key)         of an object: the path now ends in this key
 *         ... the value ...
 *         json_scan_next(scan, '}', level, &more)  the path is the container's again
 *     } */
void json_scan_open(struct json_scan *scan, char close, bool *more);
bool json_scan_key(struct json_scan *scan, uint32_t level, struct span *key) MUST_CHECK;
bool json_scan_next(struct json_scan *scan, char close, uint32_t level, bool *more) MUST_CHECK;

/* Begins with no keys seen; the memory is JSON_KEYS_SIZE bytes, aligned for anything. */
struct json_keys *json_keys_init(void *memory);

/* Any value, to its end. Nested deeper than depth_max it is at fault; nested has a bit for each
 * level: (depth_max + 7) / 8 bytes, of which nothing need be set. With keys, duplicates are at
 * fault and the path is kept; then depth_max is below JOB_DEPTH_MAX and the value has at most
 * JOB_META_MAX bytes. Without (NULL), neither. */
bool json_scan_value(struct json_scan *scan, uint8_t *nested, uint32_t depth_max,
                     struct json_keys *keys) MUST_CHECK;
