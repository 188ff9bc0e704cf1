/* SPDX-License-Identifier: Apache-2.0
 *
 * The way from a SKU to its slot, and from there to a lane. */
#include "common/contract/slot.h"

#include "common/base/ensure.h"
#include "common/base/limits.h"

/* Four bits at a time: the remainders of 0 to 15 for the reflected polynomial 0xEDB88320. SKUs are
 * short, so a table that fits into one cache line beats a larger one. */
static const uint32_t crc32_nibbles[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t slot_lane(uint32_t slot, uint32_t lanes)
{
    ENSURE(slot < SLOTS);
    ENSURE(lanes >= 1 && lanes <= LANES_MAX);
    return slot * lanes / SLOTS;
}

uint32_t slot_of_job(const struct job *job)
{
    const struct span other = span_absent(job->hold) ? job->sale : job->hold;
    if (!span_absent(other)) {
        return till_slot(other.bytes, other.size);
    }
    ENSURE(job->item_count > 0);
    return till_slot(job->items[0].sku.bytes, job->items[0].sku.size);
}

__attribute__((visibility("default"))) uint32_t till_crc32(const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= byte[i];
        crc = crc32_nibbles[crc & 15] ^ (crc >> 4);
        crc = crc32_nibbles[crc & 15] ^ (crc >> 4);
    }
    return ~crc;
}

__attribute__((visibility("default"))) uint32_t till_slot(const char *sku, size_t size)
{
    return till_crc32(sku, size) % SLOTS;
}
