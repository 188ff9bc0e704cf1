/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways to say no. A refusal changes nothing but the decision. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/lane/deciding.h"

void refuse_late(struct deciding *deciding);
void refuse(struct deciding *deciding, enum reason reason);

/* "already": and who already did it. */
void refuse_by(struct deciding *deciding, enum reason reason, struct span by);

/* Whether a SKU stands in the way; if so, fills the fault's figures. */
typedef bool check(const struct deciding *deciding, const struct want *want, struct fault *fault);

struct refusal {
    check *stands_in_the_way;
    enum reason reason;
};

check sku_is_not_cancellable;
check sku_is_unknown;
check sku_is_not_on_sale;
check sku_is_over_limit;
check sku_version_has_changed;
check sku_falls_below_held;
check sku_is_over_capacity;
check sku_is_sold_out;

/* Goes through the refusals in their order. If some SKU stands in the way, the job is refused for
 * the first of these reasons, with a fault for every SKU that stands in the way so. */
bool refused(struct deciding *deciding, const struct refusal *refusals, uint32_t count);
