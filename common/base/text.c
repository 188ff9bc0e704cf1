/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending to bounded strings. */
#include "common/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/ensure.h"

void text_init(struct text *text, char *memory, size_t capacity)
{
    ENSURE(capacity > 0);
    *text = (struct text){.bytes = memory, .capacity = capacity};
    memory[0] = '\0';
}

void text_reset(struct text *text)
{
    text_init(text, text->bytes, text->capacity);
}

void text_put_what_fits(struct text *text, const char *bytes, size_t size)
{
    ENSURE(text->size < text->capacity);
    const size_t room = text->capacity - 1 - text->size;
    if (size > room) {
        text->full = true;
        size = room;
    }
    if (size > 0) {
        memcpy(text->bytes + text->size, bytes, size);
    }
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_put_integer(struct text *text, int64_t number)
{
    char digits[sizeof "-9223372036854775808"];
    char *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        *--at = '-';
    }
    text_put_bytes(text, at, (size_t)(digits + sizeof digits - at));
}

void text_format(struct text *text, const char *format, ...)
{
    ENSURE(text->size < text->capacity);
    const size_t room = text->capacity - text->size;
    va_list arguments;
    va_start(arguments, format);
    const int wanted = vsnprintf(text->bytes + text->size, room, format, arguments);
    va_end(arguments);
    ENSURE(wanted >= 0);
    if ((size_t)wanted >= room) {
        text->full = true;
        text->size = text->capacity - 1;
        return;
    }
    text->size += (size_t)wanted;
}
