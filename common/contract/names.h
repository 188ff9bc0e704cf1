/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of the contract: each enum and its texts, in one table each. */
#pragma once

#include <stdbool.h>

#include "common/base/ensure.h"
#include "common/base/span.h"
#include "common/contract/answer.h"
#include "common/contract/decision.h"
#include "common/contract/job.h"

#define KIND_COUNT          (KIND_EXPIRE + 1u)
#define OUTCOME_COUNT       (OUTCOME_REJECTED + 1u)
#define REASON_COUNT        (REASON_SOLD_OUT + 1u)
#define HOLD_STATE_COUNT    (HOLD_CANCELLED + 1u)
#define ANSWER_REASON_COUNT (ANSWER_PARKED + 1u)
#define DEAD_REASON_COUNT   (DEAD_DELIVERY_LIMIT + 1u)

/* Constant texts. REASON_NONE has NULL. */
const char *kind_text(enum kind kind);
const char *outcome_text(enum outcome outcome);
const char *reason_text(enum reason reason);
const char *hold_state_text(enum hold_state state);
const char *answer_reason_text(enum answer_reason reason);
const char *dead_reason_text(enum dead_reason reason);

/* False: no such word. */
bool kind_of(struct span text, enum kind *kind) MUST_CHECK;
bool outcome_of(struct span text, enum outcome *outcome) MUST_CHECK;
bool reason_of(struct span text, enum reason *reason) MUST_CHECK;
bool hold_state_of(struct span text, enum hold_state *state) MUST_CHECK;
bool answer_reason_of(struct span text, enum answer_reason *reason) MUST_CHECK;
bool dead_reason_of(struct span text, enum dead_reason *reason) MUST_CHECK;

/* Stock jobs come through NS.stock, speak of a pool, and have no customer. */
bool kind_is_stock(enum kind kind);
