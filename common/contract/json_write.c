/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes JSON onto a bounded text. */
#include "common/contract/json_write.h"

#include <string.h>

#include "common/base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Appends a few bytes where they surely fit; the text's own function does the rest. An event is
 * some hundred such pieces. */
static inline void put(struct text *text, const char *bytes, size_t size)
{
    if (size >= text->capacity - text->size) {
        text_put_bytes(text, bytes, size);
        return;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

static inline void put_byte(struct text *text, char byte)
{
    put(text, &byte, 1);
}

static inline void put_comma(struct json *json)
{
    if (json->comma) {
        put_byte(json->text, ',');
    }
    json->comma = true;
}

static void put_escape(struct text *text, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "btn?fr"; /* of 0x08 to 0x0d; 0x0b has none */
    if (byte == '"' || byte == '\\') {
        text_put_bytes(text, (const char[]){'\\', (char)byte}, 2);
        return;
    }
    if (byte >= 0x08 && byte <= 0x0d && byte != 0x0b) {
        text_put_bytes(text, (const char[]){'\\', letters[byte - 0x08]}, 2);
        return;
    }
    text_put_bytes(text, (const char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6);
}

/* How many bytes from here on can be written as they are. */
static size_t plain_run(const char *at, const char *end)
{
    const char *begin = at;
    while (at < end) {
        const uint8_t byte = (uint8_t)*at;
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            break;
        }
        const size_t size = byte < 0x80 ? 1 : utf8_size(at, (size_t)(end - at));
        if (size == 0) {
            break;
        }
        at += size;
    }
    return (size_t)(at - begin);
}

struct json json_on(struct text *text)
{
    return (struct json){.text = text};
}

void json_object(struct json *json)
{
    put_comma(json);
    put_byte(json->text, '{');
    json->comma = false;
}

void json_object_end(struct json *json)
{
    put_byte(json->text, '}');
    json->comma = true;
}

void json_array(struct json *json)
{
    put_comma(json);
    put_byte(json->text, '[');
    json->comma = false;
}

void json_array_end(struct json *json)
{
    put_byte(json->text, ']');
    json->comma = true;
}

void json_key(struct json *json, const char *key)
{
    put_comma(json);
    put_byte(json->text, '"');
    put(json->text, key, strlen(key));
    put(json->text, "\":", 2);
    json->comma = false;
}

void json_key_span(struct json *json, struct span key)
{
    json_span(json, key);
    put_byte(json->text, ':');
    json->comma = false;
}

void json_null(struct json *json)
{
    json_verbatim(json, SPAN_OF("null"));
}

void json_boolean(struct json *json, bool value)
{
    json_verbatim(json, value ? SPAN_OF("true") : SPAN_OF("false"));
}

void json_integer(struct json *json, int64_t value)
{
    char digits[sizeof "-9223372036854775808"];
    char *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        *--at = '-';
    }
    put_comma(json);
    put(json->text, at, (size_t)(digits + sizeof digits - at));
}

void json_span(struct json *json, struct span value)
{
    if (span_absent(value)) {
        json_null(json);
        return;
    }
    put_comma(json);
    put_byte(json->text, '"');
    const char *at = value.bytes;
    const char *end = value.bytes + value.size;
    while (at < end) {
        const size_t run = plain_run(at, end);
        put(json->text, at, run);
        at += run;
        if (at == end) {
            break;
        }
        if ((uint8_t)*at < 0x80) {
            put_escape(json->text, (uint8_t)*at);
        } else {
            text_put(json->text, REPLACEMENT);
        }
        at++;
    }
    put_byte(json->text, '"');
}

void json_string(struct json *json, const char *value)
{
    json_span(json, value == NULL ? SPAN_NONE : (struct span){value, (uint32_t)strlen(value)});
}

void json_instant(struct json *json, instant value)
{
    if (value == INSTANT_NONE) {
        json_null(json);
        return;
    }
    char quoted[1 + INSTANT_TEXT_SIZE + 1];
    quoted[0] = '"';
    instant_write(value, quoted + 1);
    quoted[1 + INSTANT_TEXT_SIZE] = '"';
    json_verbatim(json, (struct span){quoted, sizeof quoted});
}

void json_verbatim(struct json *json, struct span value)
{
    const struct span bytes = span_absent(value) ? SPAN_OF("null") : value;
    put_comma(json);
    put(json->text, bytes.bytes, bytes.size);
}

void json_member_boolean(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_boolean(json, value);
}

void json_member_integer(struct json *json, const char *key, int64_t value)
{
    json_key(json, key);
    json_integer(json, value);
}

void json_member_span(struct json *json, const char *key, struct span value)
{
    json_key(json, key);
    json_span(json, value);
}

void json_member_string(struct json *json, const char *key, const char *value)
{
    json_key(json, key);
    json_string(json, value);
}

void json_member_instant(struct json *json, const char *key, instant value)
{
    json_key(json, key);
    json_instant(json, value);
}

void json_member_verbatim(struct json *json, const char *key, struct span value)
{
    json_key(json, key);
    json_verbatim(json, value);
}
