/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads and writes single characters of UTF-8. */
#include "common/base/utf8.h"

#include "common/base/ensure.h"

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

static size_t utf8_size_of_three(const uint8_t *byte)
{
    const bool overlong = byte[0] == 0xe0 && byte[1] < 0xa0;
    const bool surrogate = byte[0] == 0xed && byte[1] >= 0xa0;
    const bool whole = is_continuation(byte[1]) && is_continuation(byte[2]);
    return whole && !overlong && !surrogate ? 3 : 0;
}

static size_t utf8_size_of_four(const uint8_t *byte)
{
    const bool overlong = byte[0] == 0xf0 && byte[1] < 0x90;
    const bool too_high = byte[0] > 0xf4 || (byte[0] == 0xf4 && byte[1] >= 0x90);
    const bool whole =
        is_continuation(byte[1]) && is_continuation(byte[2]) && is_continuation(byte[3]);
    return whole && !overlong && !too_high ? 4 : 0;
}

size_t utf8_size(const char *bytes, size_t size)
{
    const uint8_t *byte = (const uint8_t *)bytes;
    if (size >= 1 && byte[0] < 0x80) {
        return 1;
    }
    if (size >= 2 && byte[0] >= 0xc2 && byte[0] < 0xe0) {
        return is_continuation(byte[1]) ? 2 : 0;
    }
    if (size >= 3 && (byte[0] & 0xf0) == 0xe0) {
        return utf8_size_of_three(byte);
    }
    if (size >= 4 && (byte[0] & 0xf8) == 0xf0) {
        return utf8_size_of_four(byte);
    }
    return 0;
}

size_t utf8_put(char *bytes, uint32_t character)
{
    ENSURE(character <= 0x10ffff);
    ENSURE(character < 0xd800 || character > 0xdfff);
    if (character < 0x80) {
        bytes[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        bytes[0] = (char)(0xc0 | character >> 6);
        bytes[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        bytes[0] = (char)(0xe0 | character >> 12);
        bytes[1] = (char)(0x80 | (character >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    bytes[0] = (char)(0xf0 | character >> 18);
    bytes[1] = (char)(0x80 | (character >> 12 & 0x3f));
    bytes[2] = (char)(0x80 | (character >> 6 & 0x3f));
    bytes[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

bool utf8_has_control(struct span text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        const uint8_t byte = (uint8_t)text.bytes[i];
        if (byte < 0x20 || byte == 0x7f) {
            return true;
        }
        if (byte == 0xc2 && i + 1 < text.size && (uint8_t)text.bytes[i + 1] < 0xa0) {
            return true;
        }
    }
    return false;
}
