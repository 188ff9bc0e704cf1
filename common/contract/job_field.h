/* SPDX-License-Identifier: Apache-2.0
 *
 * The fields of a job: their names, and which kinds list them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/ensure.h"
#include "common/base/span.h"
#include "common/contract/job.h"

enum field {
    FIELD_ID,
    FIELD_KIND,
    FIELD_REF,
    FIELD_CUSTOMER,
    FIELD_STORE,
    FIELD_ITEMS,
    FIELD_POOL,
    FIELD_TTL,
    FIELD_HOLD,
    FIELD_SALE,
    FIELD_REPLACES,
    FIELD_NOT_AFTER,
    FIELD_SKU,
    FIELD_PER_CUSTOMER,
    FIELD_ROUND,
    FIELD_OPENS_AT,
    FIELD_CLOSES_AT,
    FIELD_META,
};
#define FIELD_COUNT (FIELD_META + 1u)

struct span field_name(enum field field);

/* False: no field of any kind. */
bool field_of(struct span name, enum field *field) MUST_CHECK;

/* Sets of fields, bit 1 << field: those that the kind lists, those that it requires. */
uint32_t fields_listed(enum kind kind);
uint32_t fields_required(enum kind kind);
