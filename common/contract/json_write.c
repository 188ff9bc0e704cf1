/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes JSON onto a bounded text. */
#include "common/contract/json_write.h"

#include <string.h>

#include "common/base/utf8.h"
#include "common/contract/json_plain.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static inline void put_byte(struct text *text, char byte)
{
    text_put_bytes(text, &byte, 1);
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

static inline bool is_plain_byte(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Copies a word if it is plain. */
static inline bool copy_plain_word(char *to, const char *from)
{
    const bool plain = json_word_special(json_word_at(from)) == 0;
    if (plain) {
        memcpy(to, from, JSON_WORD);
    }
    return plain;
}

/* The same with four to eight bytes, in two halves that may overlap. */
static inline bool copy_plain_halves(char *to, const char *from, uint32_t size)
{
    uint32_t first;
    uint32_t last;
    memcpy(&first, from, sizeof first);
    memcpy(&last, from + size - sizeof last, sizeof last);
    if (json_word_special((uint64_t)last << 32 | first) != 0) {
        return false;
    }
    memcpy(to, &first, sizeof first);
    memcpy(to + size - sizeof last, &last, sizeof last);
    return true;
}

/* Copies while all is plain, where there is room; how many bytes it came to. */
static inline uint32_t copy_plain(char *to, const char *from, uint32_t size)
{
    uint32_t done = 0;
    while (size - done > JSON_WORD && copy_plain_word(to + done, from + done)) {
        done += JSON_WORD;
    }
    const uint32_t rest = size - done;
    if (rest >= JSON_WORD / 2 && rest <= JSON_WORD &&
        copy_plain_halves(to + done, from + done, rest)) {
        return size;
    }
    for (; done < size && is_plain_byte((uint8_t)from[done]); done++) {
        to[done] = from[done];
    }
    return done;
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

void json_key_without_room(struct json *json, const char *key, size_t size)
{
    put_comma(json);
    put_byte(json->text, '"');
    text_put_bytes(json->text, key, size);
    text_put_bytes(json->text, "\":", 2);
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
    put_comma(json);
    text_put_integer(json->text, value);
}

/* What json_span has no shorter way for; apart, so that its own way stays short. */
static __attribute__((noinline)) void put_any(struct text *text, const char *at, const char *end)
{
    while (at < end) {
        const size_t run = plain_run(at, end);
        text_put_bytes(text, at, run);
        at += run;
        if (at == end) {
            break;
        }
        if ((uint8_t)*at < 0x80) {
            put_escape(text, (uint8_t)*at);
        } else {
            text_put(text, REPLACEMENT);
        }
        at++;
    }
}

static __attribute__((noinline)) void put_any_quoted(struct json *json, struct span value)
{
    put_comma(json);
    put_byte(json->text, '"');
    put_any(json->text, value.bytes, value.bytes + value.size);
    put_byte(json->text, '"');
}

void json_joined(struct json *json, const struct span *pieces, uint32_t count)
{
    put_comma(json);
    put_byte(json->text, '"');
    for (uint32_t i = 0; i < count; i++) {
        text_put_bytes(json->text, pieces[i].bytes, pieces[i].size);
    }
    put_byte(json->text, '"');
}

/* In front of a string for which there is room with its quotes. */
static inline char *open_quote(const struct json *json)
{
    char *at = json->text->bytes + json->text->size;
    if (json->comma) {
        *at++ = ',';
    }
    *at++ = '"';
    return at;
}

/* Behind it. */
static inline void close_quote(struct json *json, char *at)
{
    memcpy(at, "\"", sizeof "\"");
    json->text->size = (size_t)(at + 1 - json->text->bytes);
    json->comma = true;
}

void json_word(struct json *json, struct span word)
{
    if (!text_has_room(json->text, word.size + sizeof ",\"\"")) {
        put_any_quoted(json, word);
        return;
    }
    char *at = open_quote(json);
    memcpy(at, word.bytes, word.size);
    close_quote(json, at + word.size);
}

void json_span(struct json *json, struct span value)
{
    struct text *text = json->text;
    if (span_absent(value)) {
        json_null(json);
        return;
    }
    if (!text_has_room(text, value.size + sizeof ",\"\"")) {
        put_any_quoted(json, value);
        return;
    }
    char *at = open_quote(json);
    const uint32_t plain = copy_plain(at, value.bytes, value.size);
    if (plain == value.size) {
        close_quote(json, at + plain);
        return;
    }
    text->size = (size_t)(at + plain - text->bytes);
    put_any(text, value.bytes + plain, value.bytes + value.size);
    put_byte(text, '"');
    json->comma = true;
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
