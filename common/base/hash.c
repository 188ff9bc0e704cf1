/* SPDX-License-Identifier: Apache-2.0
 *
 * SipHash-2-4 as Aumasson and Bernstein describe it. */
#include "common/base/hash.h"

#include <endian.h>
#include <string.h>

/* The four words of "somepseudorandomlygeneratedbytes". */
static const uint64_t initial[4] = {0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261,
                                    0x7465646279746573};

static inline uint64_t rotated(uint64_t word, unsigned bits)
{
    return (word << bits) | (word >> (64 - bits));
}

static inline void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotated(v[1], 13) ^ v[0];
    v[0] = rotated(v[0], 32);
    v[2] += v[3];
    v[3] = rotated(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotated(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotated(v[1], 17) ^ v[2];
    v[2] = rotated(v[2], 32);
}

static inline void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v);
    mix(v);
    v[0] ^= word;
}

/* Little-endian. */
static inline uint64_t whole_word(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return le64toh(word);
}

/* Of fewer bytes than a word has. */
static inline uint64_t last_word(const uint8_t *bytes, size_t size)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t size)
{
    const uint8_t *rest = bytes;
    const uint64_t last = (uint64_t)size << 56;
    uint64_t v[4] = {initial[0] ^ key.first, initial[1] ^ key.second, initial[2] ^ key.first,
                     initial[3] ^ key.second};
    while (size >= sizeof(uint64_t)) {
        absorb(v, whole_word(rest));
        rest += sizeof(uint64_t);
        size -= sizeof(uint64_t);
    }
    absorb(v, last | last_word(rest, size));
    v[2] ^= 0xff;
    for (int round = 0; round < 4; round++) {
        mix(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
