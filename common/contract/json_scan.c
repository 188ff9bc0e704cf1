/* SPDX-License-Identifier: Apache-2.0
 *
 * The tokens of JSON. */
#include "common/contract/json_scan.h"

#include "common/base/utf8.h"
#include "common/contract/json_plain.h"

#define REPLACEMENT_CHARACTER 0xfffdu
#define ESCAPE_HEX            4u /* digits of a \u escape */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_high_surrogate(uint32_t unit)
{
    return (unit & 0xfc00) == 0xd800;
}

static bool is_low_surrogate(uint32_t unit)
{
    return (unit & 0xfc00) == 0xdc00;
}

/* Four hexadecimal digits. */
static bool hex_unit(const char *at, const char *end, uint32_t *unit)
{
    if (end - at < (ptrdiff_t)ESCAPE_HEX) {
        return false;
    }
    uint32_t value = 0;
    for (uint32_t i = 0; i < ESCAPE_HEX; i++) {
        const char byte = at[i];
        const char lower = (char)(byte | 0x20);
        if (is_digit(byte)) {
            value = value << 4 | (uint32_t)(byte - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            value = value << 4 | (uint32_t)(lower - 'a' + 10);
        } else {
            return false;
        }
    }
    *unit = value;
    return true;
}

/* The unit of a \u escape that begins here, if one does. */
static bool escaped_unit(const char *at, const char *end, uint32_t *unit)
{
    return end - at >= 2 && at[0] == '\\' && at[1] == 'u' && hex_unit(at + 2, end, unit);
}

void json_scan_init(struct json_scan *scan, struct span bytes, struct arena *arena)
{
    scan->begin = bytes.bytes;
    scan->at = bytes.bytes;
    scan->end = bytes.bytes + bytes.size;
    scan->arena = arena;
    scan->lax = false;
    scan->path_size = 0;
    scan->fault = NULL;
    scan->fault_syntax = false;
}

bool json_scan_refuse(struct json_scan *scan, const char *fault)
{
    scan->fault = fault;
    scan->fault_syntax = false;
    return false;
}

bool json_scan_break(struct json_scan *scan, const char *fault)
{
    scan->fault = fault;
    scan->fault_syntax = true;
    return false;
}

char json_scan_peek_far(struct json_scan *scan)
{
    while (scan->at < scan->end) {
        const char byte = *scan->at;
        if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t') {
            return byte;
        }
        scan->at++;
    }
    return '\0';
}

bool json_scan_mark(struct json_scan *scan, char mark, const char *fault)
{
    if (json_scan_peek(scan) != mark || scan->at == scan->end) {
        return json_scan_break(scan, fault);
    }
    scan->at++;
    return true;
}

/* Behind a backslash and "u". */
static bool scan_unit(struct json_scan *scan)
{
    uint32_t unit;
    uint32_t second;
    if (!hex_unit(scan->at, scan->end, &unit)) {
        return json_scan_break(scan, "\\u needs four hexadecimal digits");
    }
    if (unit == 0 && !scan->lax) {
        return json_scan_break(scan, "\\u0000 is not allowed");
    }
    const char *next = scan->at + ESCAPE_HEX;
    const bool pair = is_high_surrogate(unit) && escaped_unit(next, scan->end, &second) &&
                      is_low_surrogate(second);
    if ((is_high_surrogate(unit) || is_low_surrogate(unit)) && !pair && !scan->lax) {
        return json_scan_break(scan, "half of a surrogate pair stands alone");
    }
    scan->at = pair ? next + 2 + ESCAPE_HEX : next;
    return true;
}

static bool scan_escape(struct json_scan *scan)
{
    if (scan->end - scan->at < 2) {
        scan->at = scan->end;
        return json_scan_break(scan, "a string has no end");
    }
    const char letter = scan->at[1];
    if (letter == 'u') {
        scan->at += 2;
        return scan_unit(scan);
    }
    if (letter == '\0' || strchr("\"\\/bfnrt", letter) == NULL) {
        return json_scan_break(scan, "no such escape");
    }
    scan->at += 2;
    return true;
}

/* Past the bytes that stand for themselves, as far as whole words reach. */
static inline const char *skip_plain_words(const char *at, const char *end)
{
    while (end - at >= (ptrdiff_t)JSON_WORD) {
        const uint64_t special = json_word_special(json_word_at(at));
        if (special != 0) {
            return at + json_plain_before(special);
        }
        at += JSON_WORD;
    }
    return at;
}

/* One character that needs a look, or that stands too near to the end. */
static bool scan_character(struct json_scan *scan, bool *escaped)
{
    const uint8_t byte = (uint8_t)*scan->at;
    if (byte == '\\') {
        *escaped = true;
        return scan_escape(scan);
    }
    if (byte < 0x20) {
        return json_scan_break(scan, "a control character in a string must be escaped");
    }
    const size_t size = byte < 0x80 ? 1 : utf8_size(scan->at, (size_t)(scan->end - scan->at));
    if (size == 0) {
        return json_scan_break(scan, "not valid UTF-8");
    }
    scan->at += size;
    return true;
}

bool json_scan_raw(struct json_scan *scan, struct span *raw, bool *escaped)
{
    ENSURE(scan->at < scan->end && *scan->at == '"');
    const char *begin = ++scan->at;
    *escaped = false;
    for (;;) {
        scan->at = skip_plain_words(scan->at, scan->end);
        if (scan->at == scan->end) {
            return json_scan_break(scan, "a string has no end");
        }
        if (*scan->at == '"') {
            break;
        }
        if (!scan_character(scan, escaped)) {
            return false;
        }
    }
    *raw = (struct span){begin, (uint32_t)(scan->at - begin)};
    scan->at++;
    return true;
}

static char decoded_letter(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter; /* a quote or a slash stands for itself */
    }
}

/* The character of the \u escape (or pair of them) that begins here; how long it is as sent. */
static uint32_t decoded_unit(const char *at, const char *end, uint32_t *sent)
{
    uint32_t unit = REPLACEMENT_CHARACTER;
    uint32_t second;
    ENSURE(escaped_unit(at, end, &unit));
    *sent = 2 + ESCAPE_HEX;
    if (!is_high_surrogate(unit)) {
        return is_low_surrogate(unit) ? REPLACEMENT_CHARACTER : unit;
    }
    if (!escaped_unit(at + *sent, end, &second) || !is_low_surrogate(second)) {
        return REPLACEMENT_CHARACTER;
    }
    *sent += 2 + ESCAPE_HEX;
    return 0x10000 + ((unit & 0x3ff) << 10) + (second & 0x3ff);
}

struct span json_decode(struct span raw, char *memory)
{
    const char *at = raw.bytes;
    const char *end = raw.bytes + raw.size;
    char *out = memory;
    while (at < end) {
        if (*at != '\\') {
            *out++ = *at++;
        } else if (at[1] != 'u') {
            *out++ = decoded_letter(at[1]);
            at += 2;
        } else {
            uint32_t sent;
            out += utf8_put(out, decoded_unit(at, end, &sent));
            at += sent;
        }
    }
    ENSURE((size_t)(out - memory) <= raw.size);
    return (struct span){memory, (uint32_t)(out - memory)};
}

/* Most strings need no second look. */
static inline bool scan_plain_string(struct json_scan *scan, struct span *value)
{
    const char *begin = scan->at + 1;
    const char *end = skip_plain_words(begin, scan->end);
    if (end == scan->end || *end != '"') {
        return false;
    }
    *value = (struct span){begin, (uint32_t)(end - begin)};
    scan->at = end + 1;
    return true;
}

bool json_scan_string(struct json_scan *scan, struct span *value)
{
    struct span raw;
    bool escaped;
    ENSURE(scan->at < scan->end && *scan->at == '"');
    if (scan_plain_string(scan, value)) {
        return true;
    }
    if (!json_scan_raw(scan, &raw, &escaped)) {
        return false;
    }
    if (!escaped) {
        *value = raw;
        return true;
    }
    const size_t mark = arena_mark(scan->arena);
    char *memory = arena_take_bytes(scan->arena, raw.size);
    ENSURE(memory != NULL); /* the caller made sure of room for the whole body */
    *value = json_decode(raw, memory);
    arena_rewind(scan->arena, mark + value->size);
    return true;
}

/* The digits of an integer after its sign; false if 64 bits do not hold it. */
static bool integer_of(const char *at, const char *end, bool negative, int64_t *value)
{
    int64_t result = 0;
    for (; at < end; at++) {
        const int64_t digit = negative ? '0' - *at : *at - '0';
        if (__builtin_mul_overflow(result, 10, &result) ||
            __builtin_add_overflow(result, digit, &result)) {
            return false;
        }
    }
    *value = result;
    return true;
}

bool json_scan_integer(struct json_scan *scan, int64_t *value)
{
    const char first = json_scan_peek(scan);
    if (first != '-' && !is_digit(first)) {
        return json_scan_refuse(scan, "must be a number");
    }
    const bool negative = first == '-';
    const char *begin = scan->at + negative;
    const char *end = begin;
    while (end < scan->end && is_digit(*end)) {
        end++;
    }
    if (end == begin || (end - begin > 1 && *begin == '0')) {
        return json_scan_break(scan, "not a number as JSON writes it");
    }
    if (end < scan->end && (*end == '.' || *end == 'e' || *end == 'E')) {
        return json_scan_refuse(scan, "must be an integer, without fraction and exponent");
    }
    if (!integer_of(begin, end, negative, value)) {
        return json_scan_refuse(scan, "is out of range");
    }
    scan->at = end;
    return true;
}

bool json_scan_word(struct json_scan *scan, const char *word)
{
    const size_t size = strlen(word);
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0) {
        return json_scan_break(scan, "not a value as JSON writes it");
    }
    scan->at += size;
    return true;
}

void json_scan_open(struct json_scan *scan, char close, bool *more)
{
    scan->at++;
    *more = json_scan_peek(scan) != close;
    scan->at += !*more;
}

bool json_scan_key(struct json_scan *scan, uint32_t level, struct span *key)
{
    ENSURE(level < JOB_DEPTH_MAX);
    if (json_scan_peek(scan) != '"') {
        return json_scan_break(scan, "a key in double quotes must stand here");
    }
    if (!json_scan_string(scan, key)) {
        return false;
    }
    scan->path[level] = (struct json_step){*key, 0};
    scan->path_size = level + 1;
    return json_scan_mark(scan, ':', "a colon must follow the key");
}

bool json_scan_next(struct json_scan *scan, char close, uint32_t level, bool *more)
{
    const char mark = json_scan_peek(scan);
    if (mark != ',' && mark != close) {
        return json_scan_break(scan, "a comma or the closing bracket must stand here");
    }
    scan->path_size = level;
    scan->at++;
    *more = mark == ',';
    return true;
}
