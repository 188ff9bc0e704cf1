/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract's table of fields. */
#include "common/contract/job_field.h"

#define CHECKOUT (1u << KIND_CHECKOUT)
#define RESERVE  (1u << KIND_RESERVE)
#define COMMIT   (1u << KIND_COMMIT)
#define RELEASE  (1u << KIND_RELEASE)
#define EXTEND   (1u << KIND_EXTEND)
#define CANCEL   (1u << KIND_CANCEL)
#define ADJUST   (1u << KIND_ADJUST)
#define SET      (1u << KIND_SET)
#define DEFINE   (1u << KIND_DEFINE)
#define EXPIRE   (1u << KIND_EXPIRE)

#define SHOPPING (CHECKOUT | RESERVE | COMMIT | RELEASE | EXTEND | CANCEL)
#define STOCK    (ADJUST | SET | DEFINE | EXPIRE)
#define ALL      (SHOPPING | STOCK)
#define CART     (CHECKOUT | RESERVE | ADJUST | SET)
#define ON_HOLD  (COMMIT | RELEASE | EXTEND | EXPIRE)

const struct field_rule field_rules[FIELD_COUNT] = {
    [FIELD_ID] = {SPAN_OF("id"), ALL, ALL},
    [FIELD_KIND] = {SPAN_OF("kind"), ALL, ALL & ~CHECKOUT},
    [FIELD_REF] = {SPAN_OF("ref"), SHOPPING, 0},
    [FIELD_CUSTOMER] = {SPAN_OF("customer"), SHOPPING, CHECKOUT | RESERVE},
    [FIELD_STORE] = {SPAN_OF("store"), SHOPPING, 0},
    [FIELD_ITEMS] = {SPAN_OF("items"), CART | CANCEL, CART},
    [FIELD_POOL] = {SPAN_OF("pool"), STOCK, 0},
    [FIELD_TTL] = {SPAN_OF("ttl"), RESERVE | EXTEND, 0},
    [FIELD_HOLD] = {SPAN_OF("hold"), ON_HOLD, ON_HOLD},
    [FIELD_SALE] = {SPAN_OF("sale"), CANCEL, CANCEL},
    [FIELD_REPLACES] = {SPAN_OF("replaces"), RESERVE, 0},
    [FIELD_NOT_AFTER] = {SPAN_OF("not_after"), SHOPPING, 0},
    [FIELD_SKU] = {SPAN_OF("sku"), DEFINE, DEFINE},
    [FIELD_PER_CUSTOMER] = {SPAN_OF("per_customer"), DEFINE, 0},
    [FIELD_ROUND] = {SPAN_OF("round"), DEFINE, 0},
    [FIELD_OPENS_AT] = {SPAN_OF("opens_at"), DEFINE, 0},
    [FIELD_CLOSES_AT] = {SPAN_OF("closes_at"), DEFINE, 0},
    [FIELD_META] = {SPAN_OF("meta"), ALL, 0},
};

bool field_of(struct span name, enum field *field)
{
    for (uint32_t i = 0; i < FIELD_COUNT; i++) {
        if (span_equal(name, field_rules[i].name)) {
            *field = (enum field)i;
            return true;
        }
    }
    return false;
}

uint32_t fields_listed(enum kind kind)
{
    uint32_t fields = 0;
    for (uint32_t i = 0; i < FIELD_COUNT; i++) {
        fields |= (field_rules[i].listed >> kind & 1) << i;
    }
    return fields;
}

uint32_t fields_required(enum kind kind)
{
    uint32_t fields = 0;
    for (uint32_t i = 0; i < FIELD_COUNT; i++) {
        fields |= (field_rules[i].required >> kind & 1) << i;
    }
    return fields;
}
