/* SPDX-License-Identifier: Apache-2.0
 *
 * Coverage that a line counter cannot see: things that must happen sometimes. A run that never
 * comes to such a point proves nothing about it, so a long one fails when a mark was not hit. */
#pragma once

#include <stdint.h>

enum sim_mark {
    MARK_TAKEOVER_IN_HAND,
    MARK_TAKEOVER_OF_FROZEN,
    MARK_ZOMBIE_WOKE_IN_TRANSACTION,
    MARK_ZOMBIE_FENCED,
    MARK_ZOMBIE_COMMITTED,
    MARK_ZOMBIE_ACK_IGNORED,
    MARK_ZOMBIE_ACTIVE_AGAIN,
    MARK_ZOMBIE_PUBLISHED,
    MARK_CRASH_BEFORE_COMMIT,
    MARK_CRASH_AFTER_COMMIT,
    MARK_CRASH_IN_SAVE_COMMITTED,
    MARK_CRASH_IN_SAVE_LOST,
    MARK_CRASH_UNCONFIRMED,
    MARK_CRASH_BEFORE_ACK,
    MARK_CRASH_BOTH_BATCHES,
    MARK_COMMIT_UNKNOWN_DONE,
    MARK_COMMIT_UNKNOWN_LOST,
    MARK_COMMIT_LATE,
    MARK_LOCK_WAIT,
    MARK_LANE_LOCK_WAIT,
    MARK_BLOCKER_ENDED,
    MARK_IDLE_ENDED,
    MARK_LOAD_BETWEEN,
    MARK_HOLD_CAME_UP,
    MARK_DECIDED_MEANWHILE,
    MARK_TAKEN_ELSEWHERE,
    MARK_GIVEN_BACK_FOR_DATABASE,
    MARK_READ_ONLY_SEEN,
    MARK_TIME_WENT_BACK,
    MARK_REDELIVERED_WINDOW,
    MARK_GIVEN_BACK_TWICE,
    MARK_REPEAT_OF_COMMITTED,
    MARK_REPEAT_IN_BATCH,
    MARK_REPEAT_IN_OTHER_LANE,
    MARK_ID_REUSED,
    MARK_NOT_ALLOWED,
    MARK_MALFORMED,
    MARK_MALFORMED_ANSWERED,
    MARK_HALVED,
    MARK_PARKED_FAILED,
    MARK_PARKED_CRASHING,
    MARK_LONELY,
    MARK_LONELY_SURVIVED,
    MARK_OVERLAP,
    MARK_CONFIRM_LATE,
    MARK_CONFIRM_TIMEOUT,
    MARK_CONFIRM_STALE,
    MARK_CONFIRM_REFUSED,
    MARK_CONFIRM_GIVEN_UP,
    MARK_DEAD_REFUSED,
    MARK_PUBLISH_CUT,
    MARK_BLOCKED,
    MARK_RETURNED,
    MARK_DRAINED,
    MARK_CART_OVER_LANES,
    MARK_EXPIRED,
    MARK_RETAKEN,
    MARK_REPLACED,
    MARK_SOLD_OUT,
    MARK_OVER_LIMIT,
    MARK_NOT_ON_SALE,
    MARK_LATE,
    MARK_CALM_WITH_DEAD,
    MARK_CALM_WITH_CUT,
    MARKS,
};

struct sim_marks {
    uint64_t counts[MARKS];
};

#define SIM_MARK(marks, mark) ((void)((marks)->counts[mark]++))

const char *sim_mark_text(enum sim_mark mark);

/* Adds the other's counts. */
void sim_marks_add(struct sim_marks *marks, const struct sim_marks *other);

/* One line a mark; returns how many were not hit. */
uint32_t sim_marks_print(const struct sim_marks *marks);
