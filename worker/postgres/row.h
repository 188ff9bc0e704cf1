/* SPDX-License-Identifier: Apache-2.0
 *
 * One row of a binary result. What is read is copied into the arena: nothing points into libpq's
 * memory afterwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "common/base/arena.h"
#include "common/base/instant.h"
#include "common/base/span.h"

/* The caller asks once, at the end, whether all went well. */
struct row {
    const PGresult *result;
    int number;
    struct arena *arena;
    bool full;   /* the arena was */
    bool broken; /* somebody else has written what is no record of ours */
};

bool row_is_null(const struct row *row, int column);

/* Of an integer column, whatever its width; NULL is 0. */
int64_t row_integer(const struct row *row, int column);
bool row_boolean(const struct row *row, int column);
instant row_instant(const struct row *row, int column); /* NULL: INSTANT_NONE */
struct span row_text(struct row *row, int column);      /* NULL: absent */
