/* SPDX-License-Identifier: Apache-2.0
 *
 * Enum members and the words that the outside knows them by. A word never changes. */
#include "common/contract/names.h"

static const struct span kind_texts[KIND_COUNT] = {
    [KIND_CHECKOUT] = SPAN_OF("checkout"), [KIND_RESERVE] = SPAN_OF("reserve"),
    [KIND_COMMIT] = SPAN_OF("commit"),     [KIND_RELEASE] = SPAN_OF("release"),
    [KIND_EXTEND] = SPAN_OF("extend"),     [KIND_CANCEL] = SPAN_OF("cancel"),
    [KIND_ADJUST] = SPAN_OF("adjust"),     [KIND_SET] = SPAN_OF("set"),
    [KIND_DEFINE] = SPAN_OF("define"),     [KIND_EXPIRE] = SPAN_OF("expire"),
};

static const struct span outcome_texts[OUTCOME_COUNT] = {
    [OUTCOME_CONFIRMED] = SPAN_OF("confirmed"), [OUTCOME_HELD] = SPAN_OF("held"),
    [OUTCOME_SOLD_OUT] = SPAN_OF("sold_out"),   [OUTCOME_RELEASED] = SPAN_OF("released"),
    [OUTCOME_EXTENDED] = SPAN_OF("extended"),   [OUTCOME_CANCELLED] = SPAN_OF("cancelled"),
    [OUTCOME_EXPIRED] = SPAN_OF("expired"),     [OUTCOME_STOCKED] = SPAN_OF("stocked"),
    [OUTCOME_LATE] = SPAN_OF("late"),           [OUTCOME_REJECTED] = SPAN_OF("rejected"),
};

static const struct span reason_texts[REASON_COUNT] = {
    [REASON_NONE] = SPAN_NONE,
    [REASON_UNKNOWN_STORE] = SPAN_OF("unknown_store"),
    [REASON_UNKNOWN_HOLD] = SPAN_OF("unknown_hold"),
    [REASON_UNKNOWN_SALE] = SPAN_OF("unknown_sale"),
    [REASON_HOLD_RELEASED] = SPAN_OF("hold_released"),
    [REASON_HOLD_EXPIRED] = SPAN_OF("hold_expired"),
    [REASON_ALREADY_COMMITTED] = SPAN_OF("already_committed"),
    [REASON_ALREADY_CANCELLED] = SPAN_OF("already_cancelled"),
    [REASON_NOT_CANCELLABLE] = SPAN_OF("not_cancellable"),
    [REASON_UNKNOWN_SKU] = SPAN_OF("unknown_sku"),
    [REASON_NOT_ON_SALE] = SPAN_OF("not_on_sale"),
    [REASON_OVER_LIMIT] = SPAN_OF("over_limit"),
    [REASON_VERSION_CHANGED] = SPAN_OF("version_changed"),
    [REASON_BELOW_HELD] = SPAN_OF("below_held"),
    [REASON_OVER_CAPACITY] = SPAN_OF("over_capacity"),
    [REASON_SOLD_OUT] = SPAN_OF("sold_out"),
};

static const struct span hold_state_texts[HOLD_STATE_COUNT] = {
    [HOLD_ACTIVE] = SPAN_OF("active"),       [HOLD_EXPIRED] = SPAN_OF("expired"),
    [HOLD_RELEASED] = SPAN_OF("released"),   [HOLD_COMMITTED] = SPAN_OF("committed"),
    [HOLD_CANCELLED] = SPAN_OF("cancelled"),
};

static const struct span answer_reason_texts[ANSWER_REASON_COUNT] = {
    [ANSWER_MALFORMED] = SPAN_OF("malformed"),
    [ANSWER_NOT_ALLOWED] = SPAN_OF("not_allowed"),
    [ANSWER_ID_REUSED] = SPAN_OF("id_reused"),
    [ANSWER_PARKED] = SPAN_OF("parked"),
};

static const struct span dead_reason_texts[DEAD_REASON_COUNT] = {
    [DEAD_MALFORMED] = SPAN_OF("malformed"),
    [DEAD_FAILED] = SPAN_OF("failed"),
    [DEAD_CRASHING] = SPAN_OF("crashing"),
    [DEAD_DELIVERY_LIMIT] = SPAN_OF("delivery_limit"),
};

static bool find(const struct span *texts, uint32_t count, struct span text, uint32_t *index)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!span_absent(texts[i]) && span_equal(text, texts[i])) {
            *index = i;
            return true;
        }
    }
    return false;
}

const char *kind_text(enum kind kind)
{
    ENSURE(kind < KIND_COUNT);
    return kind_texts[kind].bytes;
}

const char *outcome_text(enum outcome outcome)
{
    ENSURE(outcome < OUTCOME_COUNT);
    return outcome_texts[outcome].bytes;
}

const char *reason_text(enum reason reason)
{
    ENSURE(reason < REASON_COUNT);
    return reason_texts[reason].bytes;
}

const char *hold_state_text(enum hold_state state)
{
    ENSURE(state < HOLD_STATE_COUNT);
    return hold_state_texts[state].bytes;
}

const char *answer_reason_text(enum answer_reason reason)
{
    ENSURE(reason < ANSWER_REASON_COUNT);
    return answer_reason_texts[reason].bytes;
}

const char *dead_reason_text(enum dead_reason reason)
{
    ENSURE(reason < DEAD_REASON_COUNT);
    return dead_reason_texts[reason].bytes;
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
