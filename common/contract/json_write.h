/* SPDX-License-Identifier: Apache-2.0
 *
 * The only writer of JSON. It puts commas where they belong, escapes as little as JSON allows, and
 * writes the same value the same way for ever: copies of an event are compared by their bytes.
 *
 *     struct json json = json_on(&text);
 *     json_object(&json);
 *     json_member_span(&json, "job", job->id);
 *     json_member_integer(&json, "qty", 3);
 *     json_key(&json, "faults");
 *     json_array(&json);
 *     json_array_end(&json);
 *     json_object_end(&json);                {"job":"1001.1","qty":3,"faults":[]}
 *
 * What does not fit is the text's to say: text.full. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/base/instant.h"
#include "common/base/span.h"
#include "common/base/text.h"

struct json {
    struct text *text;
    bool comma; /* the next key or element needs one in front */
};

struct json json_on(struct text *text);

void json_object(struct json *json);
void json_object_end(struct json *json);
void json_array(struct json *json);
void json_array_end(struct json *json);
void json_key_span(struct json *json, struct span key); /* anything */

/* Whatever the compiler thinks of it: a key's length is a constant only there. */
#define IN_PLACE __attribute__((always_inline))

/* A key of so many bytes, piece by piece. */
void json_key_without_room(struct json *json, const char *key, size_t size);

static inline IN_PLACE void json_key_sized(struct json *json, const char *key, size_t size)
{
    struct text *text = json->text;
    if (!text_has_room(text, size + sizeof ",\"\":" - 1)) {
        json_key_without_room(json, key, size);
        return;
    }
    char *at = text->bytes + text->size;
    if (json->comma) {
        *at++ = ',';
    }
    *at++ = '"';
    memcpy(at, key, size);
    memcpy(at + size, "\":", sizeof "\":");
    text->size = (size_t)(at - text->bytes) + size + sizeof "\":" - 1;
    json->comma = false;
}

/* Plain ASCII, needs no escapes. Keys are literals, and an event has some thirty. */
static inline IN_PLACE void json_key(struct json *json, const char *key)
{
    json_key_sized(json, key, strlen(key));
}

/* JSON already: a value, or the members of an object with their keys. Absent: null. */
static inline void json_verbatim(struct json *json, struct span value)
{
    const struct span bytes = span_absent(value) ? SPAN_OF("null") : value;
    if (json->comma) {
        text_put_bytes(json->text, ",", 1);
    }
    text_put_bytes(json->text, bytes.bytes, bytes.size);
    json->comma = true;
}

/* Values: an element of an array, or after a key. */
void json_null(struct json *json);
void json_boolean(struct json *json, bool value);
void json_integer(struct json *json, int64_t value);
void json_span(struct json *json, struct span value); /* absent: null; bad UTF-8: U+FFFD */
void json_instant(struct json *json, instant value);  /* INSTANT_NONE: null */

/* A string of our own words and checked names, which need no escapes: of one, or of several. */
void json_word(struct json *json, struct span word);
void json_joined(struct json *json, const struct span *pieces, uint32_t count);

/* NULL: null. */
static inline void json_string(struct json *json, const char *value)
{
    json_span(json, value == NULL ? SPAN_NONE : (struct span){value, (uint32_t)strlen(value)});
}

/* A key and its value. */
static inline void json_member_boolean(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_boolean(json, value);
}

static inline void json_member_integer(struct json *json, const char *key, int64_t value)
{
    json_key(json, key);
    json_integer(json, value);
}

static inline void json_member_span(struct json *json, const char *key, struct span value)
{
    json_key(json, key);
    json_span(json, value);
}

static inline void json_member_string(struct json *json, const char *key, const char *value)
{
    json_key(json, key);
    json_string(json, value);
}

static inline void json_member_instant(struct json *json, const char *key, instant value)
{
    json_key(json, key);
    json_instant(json, value);
}

static inline void json_member_verbatim(struct json *json, const char *key, struct span value)
{
    json_key(json, key);
    json_verbatim(json, value);
}
