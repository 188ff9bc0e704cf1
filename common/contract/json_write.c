/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes JSON onto a bounded text. */
#include "common/contract/json_write.h"

#include <string.h>

#include "common/base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

#define EACH_BYTE UINT64_C(0x0101010101010101) /* times a byte: a word of eight of it */
#define WORD      ((uint32_t)sizeof(uint64_t))
#define HIGH_BITS (EACH_BYTE * 0x80)

/* Appends a few bytes where they surely fit; the text's own function does the rest. An event is
 * some hundred such pieces. */
static inline void put(struct text *text, const char *bytes, size_t size)
{
    if (!text_has_room(text, size)) {
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

/* A word in which the high bit of each zero byte is set; behind the first of them perhaps others.
 */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE) & ~word & HIGH_BITS;
}

/* All eight bytes are ASCII that needs no escape. */
static inline bool is_plain_word(uint64_t word)
{
    const uint64_t below_space = (word - EACH_BYTE * 0x20) & ~word & HIGH_BITS;
    const uint64_t quotes = zero_bytes(word ^ EACH_BYTE * '"');
    const uint64_t backslashes = zero_bytes(word ^ EACH_BYTE * '\\');
    return (below_space | quotes | backslashes | (word & HIGH_BITS)) == 0;
}

static inline bool is_plain_byte(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Copies a word if it is plain. */
static inline bool copy_plain_word(char *to, const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    if (!is_plain_word(word)) {
        return false;
    }
    memcpy(to, &word, sizeof word);
    return true;
}

/* The same with four to eight bytes, in two halves that may overlap. */
static inline bool copy_plain_halves(char *to, const char *from, uint32_t size)
{
    uint32_t first;
    uint32_t last;
    memcpy(&first, from, sizeof first);
    memcpy(&last, from + size - sizeof last, sizeof last);
    if (!is_plain_word((uint64_t)last << 32 | first)) {
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
    while (size - done > WORD && copy_plain_word(to + done, from + done)) {
        done += WORD;
    }
    const uint32_t rest = size - done;
    if (rest >= WORD / 2 && rest <= WORD && copy_plain_halves(to + done, from + done, rest)) {
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
    put(json->text, key, size);
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
    put_comma(json);
    text_put_integer(json->text, value);
}

/* What json_span has no shorter way for; apart, so that its own way stays short. */
static __attribute__((noinline)) void put_any(struct text *text, const char *at, const char *end)
{
    while (at < end) {
        const size_t run = plain_run(at, end);
        put(text, at, run);
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
    char *at = text->bytes + text->size;
    if (json->comma) {
        *at++ = ',';
    }
    *at++ = '"';
    const uint32_t plain = copy_plain(at, value.bytes, value.size);
    text->size = (size_t)(at - text->bytes) + plain;
    if (plain < value.size) {
        put_any(text, value.bytes + plain, value.bytes + value.size);
    }
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

void json_verbatim(struct json *json, struct span value)
{
    const struct span bytes = span_absent(value) ? SPAN_OF("null") : value;
    put_comma(json);
    put(json->text, bytes.bytes, bytes.size);
}
