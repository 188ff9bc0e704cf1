/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract's table of fields, by kind. */
#include "common/contract/job_field.h"

#include "common/contract/names.h"

#define SET_OF(field) (1u << (field))

/* What all kinds list, what those of shoppers do, and those of stock keepers. */
#define ALL (SET_OF(FIELD_ID) | SET_OF(FIELD_KIND) | SET_OF(FIELD_META))
#define SHOPPING                                                              \
    (ALL | SET_OF(FIELD_REF) | SET_OF(FIELD_CUSTOMER) | SET_OF(FIELD_STORE) | \
     SET_OF(FIELD_NOT_AFTER))
#define STOCK (ALL | SET_OF(FIELD_POOL))
#define LIMITS                                                                   \
    (SET_OF(FIELD_PER_CUSTOMER) | SET_OF(FIELD_ROUND) | SET_OF(FIELD_OPENS_AT) | \
     SET_OF(FIELD_CLOSES_AT))

#define ID_KIND (SET_OF(FIELD_ID) | SET_OF(FIELD_KIND))
#define ITEMS   SET_OF(FIELD_ITEMS)
#define CART    (SET_OF(FIELD_CUSTOMER) | ITEMS)
#define TTL     SET_OF(FIELD_TTL)
#define HOLD    SET_OF(FIELD_HOLD)
#define SALE    SET_OF(FIELD_SALE)
#define SKU     SET_OF(FIELD_SKU)

static const struct {
    uint32_t listed;
    uint32_t required;
} rules[KIND_COUNT] = {
    [KIND_CHECKOUT] = {SHOPPING | ITEMS, SET_OF(FIELD_ID) | CART},
    [KIND_RESERVE] = {SHOPPING | ITEMS | TTL | SET_OF(FIELD_REPLACES), ID_KIND | CART},
    [KIND_COMMIT] = {SHOPPING | HOLD, ID_KIND | HOLD},
    [KIND_RELEASE] = {SHOPPING | HOLD, ID_KIND | HOLD},
    [KIND_EXTEND] = {SHOPPING | HOLD | TTL, ID_KIND | HOLD},
    [KIND_CANCEL] = {SHOPPING | SALE | ITEMS, ID_KIND | SALE},
    [KIND_ADJUST] = {STOCK | ITEMS, ID_KIND | ITEMS},
    [KIND_SET] = {STOCK | ITEMS, ID_KIND | ITEMS},
    [KIND_DEFINE] = {STOCK | SKU | LIMITS, ID_KIND | SKU},
    [KIND_EXPIRE] = {STOCK | HOLD, ID_KIND | HOLD},
};

static const struct span names[FIELD_COUNT] = {
    [FIELD_ID] = SPAN_OF("id"),
    [FIELD_KIND] = SPAN_OF("kind"),
    [FIELD_REF] = SPAN_OF("ref"),
    [FIELD_CUSTOMER] = SPAN_OF("customer"),
    [FIELD_STORE] = SPAN_OF("store"),
    [FIELD_ITEMS] = SPAN_OF("items"),
    [FIELD_POOL] = SPAN_OF("pool"),
    [FIELD_TTL] = SPAN_OF("ttl"),
    [FIELD_HOLD] = SPAN_OF("hold"),
    [FIELD_SALE] = SPAN_OF("sale"),
    [FIELD_REPLACES] = SPAN_OF("replaces"),
    [FIELD_NOT_AFTER] = SPAN_OF("not_after"),
    [FIELD_SKU] = SPAN_OF("sku"),
    [FIELD_PER_CUSTOMER] = SPAN_OF("per_customer"),
    [FIELD_ROUND] = SPAN_OF("round"),
    [FIELD_OPENS_AT] = SPAN_OF("opens_at"),
    [FIELD_CLOSES_AT] = SPAN_OF("closes_at"),
    [FIELD_META] = SPAN_OF("meta"),
};

struct span field_name(enum field field)
{
    ENSURE(field < FIELD_COUNT);
    return names[field];
}

bool field_of(struct span name, enum field *field)
{
    for (uint32_t i = 0; i < FIELD_COUNT; i++) {
        if (names[i].size == name.size && memcmp(names[i].bytes, name.bytes, name.size) == 0) {
            *field = (enum field)i;
            return true;
        }
    }
    return false;
}

uint32_t fields_listed(enum kind kind)
{
    ENSURE(kind < KIND_COUNT);
    return rules[kind].listed;
}

uint32_t fields_required(enum kind kind)
{
    ENSURE(kind < KIND_COUNT);
    return rules[kind].required;
}
