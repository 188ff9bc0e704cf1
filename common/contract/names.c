/* SPDX-License-Identifier: Apache-2.0
 *
 * Enum members and the words that the outside knows them by. A word never changes. */
#include "common/contract/names.h"

static const char *const kind_texts[KIND_COUNT] = {
    [KIND_CHECKOUT] = "checkout", [KIND_RESERVE] = "reserve", [KIND_COMMIT] = "commit",
    [KIND_RELEASE] = "release",   [KIND_EXTEND] = "extend",   [KIND_CANCEL] = "cancel",
    [KIND_ADJUST] = "adjust",     [KIND_SET] = "set",         [KIND_DEFINE] = "define",
    [KIND_EXPIRE] = "expire",
};

static const char *const outcome_texts[OUTCOME_COUNT] = {
    [OUTCOME_CONFIRMED] = "confirmed", [OUTCOME_HELD] = "held",
    [OUTCOME_SOLD_OUT] = "sold_out",   [OUTCOME_RELEASED] = "released",
    [OUTCOME_EXTENDED] = "extended",   [OUTCOME_CANCELLED] = "cancelled",
    [OUTCOME_EXPIRED] = "expired",     [OUTCOME_STOCKED] = "stocked",
    [OUTCOME_LATE] = "late",           [OUTCOME_REJECTED] = "rejected",
};

static const char *const reason_texts[REASON_COUNT] = {
    [REASON_NONE] = NULL,
    [REASON_UNKNOWN_STORE] = "unknown_store",
    [REASON_UNKNOWN_HOLD] = "unknown_hold",
    [REASON_UNKNOWN_SALE] = "unknown_sale",
    [REASON_HOLD_RELEASED] = "hold_released",
    [REASON_HOLD_EXPIRED] = "hold_expired",
    [REASON_ALREADY_COMMITTED] = "already_committed",
    [REASON_ALREADY_CANCELLED] = "already_cancelled",
    [REASON_NOT_CANCELLABLE] = "not_cancellable",
    [REASON_UNKNOWN_SKU] = "unknown_sku",
    [REASON_NOT_ON_SALE] = "not_on_sale",
    [REASON_OVER_LIMIT] = "over_limit",
    [REASON_VERSION_CHANGED] = "version_changed",
    [REASON_BELOW_HELD] = "below_held",
    [REASON_OVER_CAPACITY] = "over_capacity",
    [REASON_SOLD_OUT] = "sold_out",
};

static const char *const hold_state_texts[HOLD_STATE_COUNT] = {
    [HOLD_ACTIVE] = "active",       [HOLD_EXPIRED] = "expired",     [HOLD_RELEASED] = "released",
    [HOLD_COMMITTED] = "committed", [HOLD_CANCELLED] = "cancelled",
};

static const char *const answer_reason_texts[ANSWER_REASON_COUNT] = {
    [ANSWER_MALFORMED] = "malformed",
    [ANSWER_NOT_ALLOWED] = "not_allowed",
    [ANSWER_ID_REUSED] = "id_reused",
    [ANSWER_PARKED] = "parked",
};

static const char *const dead_reason_texts[DEAD_REASON_COUNT] = {
    [DEAD_MALFORMED] = "malformed",
    [DEAD_FAILED] = "failed",
    [DEAD_CRASHING] = "crashing",
    [DEAD_DELIVERY_LIMIT] = "delivery_limit",
};

static bool find(const char *const *texts, uint32_t count, struct span text, uint32_t *index)
{
    for (uint32_t i = 0; i < count; i++) {
        if (texts[i] == NULL) {
            continue;
        }
        if (span_equal(text, (struct span){texts[i], (uint32_t)strlen(texts[i])})) {
            *index = i;
            return true;
        }
    }
    return false;
}

const char *kind_text(enum kind kind)
{
    ENSURE(kind < KIND_COUNT);
    return kind_texts[kind];
}

const char *outcome_text(enum outcome outcome)
{
    ENSURE(outcome < OUTCOME_COUNT);
    return outcome_texts[outcome];
}

const char *reason_text(enum reason reason)
{
    ENSURE(reason < REASON_COUNT);
    return reason_texts[reason];
}

const char *hold_state_text(enum hold_state state)
{
    ENSURE(state < HOLD_STATE_COUNT);
    return hold_state_texts[state];
}

const char *answer_reason_text(enum answer_reason reason)
{
    ENSURE(reason < ANSWER_REASON_COUNT);
    return answer_reason_texts[reason];
}

const char *dead_reason_text(enum dead_reason reason)
{
    ENSURE(reason < DEAD_REASON_COUNT);
    return dead_reason_texts[reason];
}

bool kind_of(struct span text, enum kind *kind)
{
    uint32_t index;
    if (!find(kind_texts, KIND_COUNT, text, &index)) {
        return false;
    }
    *kind = (enum kind)index;
    return true;
}

bool outcome_of(struct span text, enum outcome *outcome)
{
    uint32_t index;
    if (!find(outcome_texts, OUTCOME_COUNT, text, &index)) {
        return false;
    }
    *outcome = (enum outcome)index;
    return true;
}

bool reason_of(struct span text, enum reason *reason)
{
    uint32_t index;
    if (!find(reason_texts, REASON_COUNT, text, &index)) {
        return false;
    }
    *reason = (enum reason)index;
    return true;
}

bool hold_state_of(struct span text, enum hold_state *state)
{
    uint32_t index;
    if (!find(hold_state_texts, HOLD_STATE_COUNT, text, &index)) {
        return false;
    }
    *state = (enum hold_state)index;
    return true;
}

bool answer_reason_of(struct span text, enum answer_reason *reason)
{
    uint32_t index;
    if (!find(answer_reason_texts, ANSWER_REASON_COUNT, text, &index)) {
        return false;
    }
    *reason = (enum answer_reason)index;
    return true;
}

bool dead_reason_of(struct span text, enum dead_reason *reason)
{
    uint32_t index;
    if (!find(dead_reason_texts, DEAD_REASON_COUNT, text, &index)) {
        return false;
    }
    *reason = (enum dead_reason)index;
    return true;
}

bool kind_is_stock(enum kind kind)
{
    return kind == KIND_ADJUST || kind == KIND_SET || kind == KIND_DEFINE || kind == KIND_EXPIRE;
}
