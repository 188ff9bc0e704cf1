/* SPDX-License-Identifier: Apache-2.0
 *
 * What must be true of the recorded data: a table of SQL. */
#pragma once

#include <stddef.h>

/* Invariants of the same source stand together and are checked in one pass over it. Source is a
 * query with the columns pool, sku and id, of which the first two or the last name a thing, and
 * whatever else the others look at. */
struct invariant {
    const char *name;
    const char *sentence;
    const char *things;
    const char *source;
    const char *scope; /* which rows of the source it is about; "true" for all */
    const char *bad;   /* true or NULL: the row breaks it */
    const char *text;  /* what is wrong with such a row */
};

extern const struct invariant invariants[];
extern const size_t invariant_count;
