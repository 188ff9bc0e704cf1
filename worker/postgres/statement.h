/* SPDX-License-Identifier: Apache-2.0
 *
 * What a lane says to the database: statements that are prepared once for each connection. */
#pragma once

enum statement {
    STATEMENT_READY,
    STATEMENT_CLAIM,
    STATEMENT_BEGIN,
    STATEMENT_LANE,
    STATEMENT_ADD_STOCK,
    STATEMENT_LOCK,
    STATEMENT_DECISIONS,
    STATEMENT_SALES,
    STATEMENT_RETURNS,
    STATEMENT_HOLDS,
    STATEMENT_TALLIES,
    STATEMENT_CLOCK,
    STATEMENT_RECORD,
    STATEMENT_CHANGE_STOCK,
    STATEMENT_ADD_HOLDS,
    STATEMENT_CHANGE_HOLDS,
    STATEMENT_RETURN,
    STATEMENT_COUNT_MORE,
    STATEMENT_COUNT_LESS,
    STATEMENT_COUNT_DECIDED,
    STATEMENT_DRAINED,
    STATEMENT_FORGET_LONELY,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_COUNT_LONELY,
};

#define STATEMENT_COUNT (STATEMENT_COUNT_LONELY + 1u)

/* Under which name it is prepared: also what it is for, in a message. */
const char *statement_name(enum statement statement);
const char *statement_sql(enum statement statement);

/* To be said first on each connection: makes plans that do not depend on statistics. */
extern const char statement_settings[];

/* Columns of results, in the order of the statements' texts. */
enum lane_column {
    LANE_EPOCH,
    LANE_DECIDED,
    LANE_MARKED,
};

/* Rows without a SKU are stores, the empty one standing for the others; first. */
enum lock_column {
    LOCK_STORE,
    LOCK_POOL,
    LOCK_SKU,
    LOCK_UNSOLD,
    LOCK_HELD,
    LOCK_VERSION,
    LOCK_KNOWN,
    LOCK_PER_CUSTOMER,
    LOCK_ROUND,
    LOCK_OPENS_AT,
    LOCK_CLOSES_AT,
    LOCK_PLACE,
};

enum decision_column {
    DECISION_DECIDED_AT,
    DECISION_MEANING,
    DECISION_VERSION,
    DECISION_EXPIRES_AT,
    DECISION_QTY,
    DECISION_AVAILABLE,
    DECISION_UNSOLD_DELTA,
    DECISION_HELD_DELTA,
    DECISION_SLOT,
    DECISION_KIND,
    DECISION_OUTCOME,
    DECISION_REASON,
    DECISION_FORM,
    DECISION_RETAKEN,
    DECISION_ID,
    DECISION_SKU,
    DECISION_CUSTOMER,
    DECISION_STORE,
    DECISION_POOL,
    DECISION_REF,
    DECISION_HOLD,
    DECISION_SALE,
    DECISION_BY,
    DECISION_REPLACES,
    DECISION_MORE,
    DECISION_RELEASED,
    DECISION_FAULTS,
    DECISION_META,
};

enum sale_column {
    SALE_ID,
    SALE_HOLD,
    SALE_CUSTOMER,
    SALE_STORE,
    SALE_POOL,
    SALE_REF,
    SALE_SLOT,
    SALE_SKU,
    SALE_QTY,
    SALE_ROUND,
    SALE_MORE,
};

enum return_column {
    RETURN_SALE,
    RETURN_SKU,
    RETURN_QTY,
    RETURN_LAST_BY,
    RETURN_ENDS,
};

enum hold_column {
    HOLD_ID,
    HOLD_CUSTOMER,
    HOLD_STORE,
    HOLD_POOL,
    HOLD_REF,
    HOLD_SLOT,
    HOLD_STATE,
    HOLD_EXPIRES_AT,
    HOLD_SALE,
    HOLD_ENDED_BY,
    HOLD_SKU,
    HOLD_QTY,
    HOLD_ROUND,
    HOLD_MORE,
};

enum tally_column {
    TALLY_POOL,
    TALLY_SKU,
    TALLY_ROUND,
    TALLY_CUSTOMER,
    TALLY_TAKEN,
};

enum clock_column {
    CLOCK_NOW,
    CLOCK_LIVE, /* the generation's lanes may decide: it has come, and is not retired */
    CLOCK_LONELY,
};
