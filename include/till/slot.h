/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a SKU belongs. A publisher sets the slot, in decimal, as the routing key of a job. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* CRC-32 (IEEE, as in zlib and gzip) of the bytes. */
uint32_t till_crc32(const void *bytes, size_t size);

/* The slot of a SKU, 0 to 1023: the CRC-32 of its UTF-8 bytes, modulo 1024. It never changes. */
uint32_t till_slot(const char *sku, size_t size);

#ifdef __cplusplus
}
#endif
