/* SPDX-License-Identifier: Apache-2.0
 *
 * A line of a decision or hold as the database stores it: the first in columns, the others as a
 * JSON array. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/limits.h"
#include "common/contract/json_write.h"
#include "worker/postgres/row.h"

struct stored_line {
    struct span sku;
    int64_t qty;
    bool moved; /* stock: then the figures down to held say how */
    int64_t version;
    int64_t available;
    int64_t unsold; /* by how much each changed */
    int64_t held;
    bool counted; /* to the customer */
    int64_t taken;
    struct span round; /* if counted; absent: under none */
};

struct stored_lines {
    struct stored_line lines[JOB_ITEMS_MAX];
    uint32_t count;
};

/* A round as a column or member says it: the one without a name is the empty text. */
struct span stored_round(bool counted, struct span round);
struct span loaded_round(struct span stored);

void stored_line_write(struct json *json, const struct stored_line *line);

/* Adds the lines of a JSON column; NULL has none. Texts are in the row's arena. */
void stored_lines_read(struct row *row, int column, struct stored_lines *lines);
