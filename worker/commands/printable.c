/* SPDX-License-Identifier: Apache-2.0
 *
 * Escapes what cannot be seen. */
#include "worker/commands/printable.h"

#include <stdint.h>

#include "common/base/utf8.h"

/* Those that are there, but draw nothing of their own. */
static const struct {
    uint32_t first;
    uint32_t last;
} invisible[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x061c, 0x061c},   {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f},
};

static uint32_t character_of(const char *bytes, size_t size)
{
    uint32_t character = (uint8_t)bytes[0];
    if (size > 1) {
        character &= 0x7fu >> size;
    }
    for (size_t i = 1; i < size; i++) {
        character = character << 6 | ((uint8_t)bytes[i] & 0x3f);
    }
    return character;
}

static bool is_visible(uint32_t character)
{
    for (size_t i = 0; i < sizeof invisible / sizeof invisible[0]; i++) {
        if (character >= invisible[i].first && character <= invisible[i].last) {
            return false;
        }
    }
    return true;
}

static void put_escape(uint32_t character, FILE *out)
{
    switch (character) {
    case '\n':
        (void)fputs("\\n", out);
        break;
    case '\r':
        (void)fputs("\\r", out);
        break;
    case '\t':
        (void)fputs("\\t", out);
        break;
    default:
        (void)fprintf(out, character < 0x80 ? "\\x%02x" : "\\u{%x}", (unsigned)character);
    }
}

void printable_print(struct span text, FILE *out)
{
    for (uint32_t i = 0; i < text.size;) {
        const char *at = text.bytes + i;
        const size_t size = utf8_size(at, text.size - i);
        if (size == 0) {
            (void)fprintf(out, "\\x%02x", (unsigned)(uint8_t)*at);
            i++;
            continue;
        }
        const uint32_t character = character_of(at, size);
        if (is_visible(character)) {
            (void)fwrite(at, 1, size, out); /* whether it arrives is looked at once, at the end */
        } else {
            put_escape(character, out);
        }
        i += (uint32_t)size;
    }
}

void printable_line(struct span json, FILE *out)
{
    for (uint32_t i = 0; i < json.size; i++) {
        const char byte = json.bytes[i];
        (void)fputc(byte == '\n' || byte == '\r' ? ' ' : byte, out);
    }
    (void)fputc('\n', out);
}
