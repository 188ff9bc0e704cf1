/* SPDX-License-Identifier: Apache-2.0
 *
 * Eight bytes of a JSON string at a time: which of them are ASCII that stands for itself. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define JSON_WORD ((uint32_t)sizeof(uint64_t))

#define EACH_BYTE UINT64_C(0x0101010101010101) /* times a byte: a word of eight of it */
#define HIGH_BITS (EACH_BYTE * 0x80)

/* A word in which the high bit of each zero byte is set; behind the first of them perhaps others.
 */
static inline uint64_t json_zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE) & ~word & HIGH_BITS;
}

/* The first byte is the lowest one, whatever the machine. */
static inline uint64_t json_word_at(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return le64toh(word);
}

/* 0: all eight bytes are ASCII that needs no escape. Else the lowest bit that is set is in the
 * first byte that is not: a control character, a quote, a backslash, or no ASCII. */
static inline uint64_t json_word_special(uint64_t word)
{
    const uint64_t below_space = (word - EACH_BYTE * 0x20) & ~word & HIGH_BITS;
    const uint64_t quotes = json_zero_bytes(word ^ EACH_BYTE * '"');
    const uint64_t backslashes = json_zero_bytes(word ^ EACH_BYTE * '\\');
    return below_space | quotes | backslashes | (word & HIGH_BITS);
}

/* How many bytes stand before that one. */
static inline uint32_t json_plain_before(uint64_t special)
{
    return (uint32_t)__builtin_ctzll(special) / 8;
}
