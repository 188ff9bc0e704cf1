/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes of bytes that strangers choose: SipHash-2-4. Without the key nobody can find texts that
 * fall together, so no cart of chosen SKUs makes a lookup slow. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t first;
    uint64_t second;
};

uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t size);
