/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of bytes that belongs to somebody else: a SKU inside a message, an id inside an arena. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* No NUL at its end. An absent text has bytes == NULL; an empty one has not. */
struct span {
    const char *bytes;
    uint32_t size;
};

#define SPAN_NONE        ((struct span){NULL, 0})
#define SPAN_OF(literal) ((struct span){"" literal, sizeof(literal) - 1})

/* printf("%.*s", SPAN_ARGUMENTS(span)) */
#define SPAN_ARGUMENTS(s) (int)(s).size, ((s).bytes == NULL ? "" : (s).bytes)

static inline bool span_absent(struct span span)
{
    return span.bytes == NULL;
}

/* Absent equals absent only. */
static inline bool span_equal(struct span a, struct span b)
{
    if (a.bytes == NULL || b.bytes == NULL) {
        return a.bytes == b.bytes;
    }
    if (a.size != b.size || a.size == 0) {
        return a.size == b.size;
    }
    /* Ids and SKUs of one length differ in their last byte more often than in another. */
    const uint32_t last = a.size - 1;
    return a.bytes[last] == b.bytes[last] && memcmp(a.bytes, b.bytes, last) == 0;
}

/* By bytes, as PostgreSQL's collation "C" does: the order in which stock rows are locked. Absent
 * comes where empty does. */
static inline int span_compare(struct span a, struct span b)
{
    int difference = 0;
    if (a.bytes != NULL && b.bytes != NULL) {
        difference = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    }
    return difference != 0 ? difference : (a.size > b.size) - (a.size < b.size);
}
