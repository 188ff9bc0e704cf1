/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks' texts. */
#include "tests/sim/sim_mark.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/ensure.h"

static const char *const texts[MARKS] = {
    [MARK_TAKEOVER_IN_HAND] = "takeover of a lane with unacknowledged jobs",
    [MARK_TAKEOVER_OF_FROZEN] = "takeover from a frozen worker",
    [MARK_ZOMBIE_WOKE_IN_TRANSACTION] = "a zombie woke with its transaction open",
    [MARK_ZOMBIE_FENCED] = "a zombie was fenced",
    [MARK_ZOMBIE_COMMITTED] = "a zombie committed before the next one claimed",
    [MARK_ZOMBIE_ACK_IGNORED] = "a zombie's acknowledgement came too late",
    [MARK_ZOMBIE_ACTIVE_AGAIN] = "a zombie became the active consumer again",
    [MARK_ZOMBIE_PUBLISHED] = "a zombie published what it had committed",
    [MARK_CRASH_BEFORE_COMMIT] = "crash in an open transaction",
    [MARK_CRASH_AFTER_COMMIT] = "crash after the commit, before publishing",
    [MARK_CRASH_IN_SAVE_COMMITTED] = "crash while saving, committed",
    [MARK_CRASH_IN_SAVE_LOST] = "crash while saving, not committed",
    [MARK_CRASH_UNCONFIRMED] = "crash before the confirm",
    [MARK_CRASH_BEFORE_ACK] = "crash between confirm and acknowledgement",
    [MARK_CRASH_BOTH_BATCHES] = "crash with two batches in hand",
    [MARK_COMMIT_UNKNOWN_DONE] = "unknown commit that was done",
    [MARK_COMMIT_UNKNOWN_LOST] = "unknown commit that was not done",
    [MARK_COMMIT_LATE] = "commit done after its worker had given it up",
    [MARK_LOCK_WAIT] = "waited for a stock row",
    [MARK_LANE_LOCK_WAIT] = "waited for the lane's row",
    [MARK_BLOCKER_ENDED] = "a frozen session was ended by who waited for it",
    [MARK_IDLE_ENDED] = "an idle transaction was ended by its server",
    [MARK_LOAD_BETWEEN] = "others committed between two statements of a load",
    [MARK_HOLD_CAME_UP] = "a hold came up after the stock was locked",
    [MARK_DECIDED_MEANWHILE] = "a decision was made meanwhile by another lane",
    [MARK_TAKEN_ELSEWHERE] = "a lane went to another worker",
    [MARK_GIVEN_BACK_FOR_DATABASE] = "a lane was given back for want of the database",
    [MARK_READ_ONLY_SEEN] = "the database was read-only",
    [MARK_TIME_WENT_BACK] = "decided at an earlier time than the decision before",
    [MARK_REDELIVERED_WINDOW] = "a whole window was delivered again",
    [MARK_GIVEN_BACK_TWICE] = "a window was given back twice before its first job was done",
    [MARK_REPEAT_OF_COMMITTED] = "a repeat found its decision",
    [MARK_REPEAT_IN_BATCH] = "a repeat within one batch",
    [MARK_REPEAT_IN_OTHER_LANE] = "a repeat in another lane",
    [MARK_ID_REUSED] = "an id used again for another job",
    [MARK_NOT_ALLOWED] = "a stock job among the shopping jobs",
    [MARK_MALFORMED] = "a malformed job",
    [MARK_MALFORMED_ANSWERED] = "a malformed job that was answered",
    [MARK_HALVED] = "a batch was halved",
    [MARK_PARKED_FAILED] = "a job was parked: refused by the database",
    [MARK_PARKED_CRASHING] = "a job was parked: it crashes workers",
    [MARK_LONELY] = "a job was begun alone",
    [MARK_LONELY_SURVIVED] = "an honest job that was begun alone was decided",
    [MARK_OVERLAP] = "a batch was decided while another one was confirmed",
    [MARK_CONFIRM_LATE] = "a confirm came late",
    [MARK_CONFIRM_TIMEOUT] = "a confirm never came",
    [MARK_CONFIRM_STALE] = "a confirm came for what was forgotten",
    [MARK_CONFIRM_REFUSED] = "an event was refused and sent again",
    [MARK_CONFIRM_GIVEN_UP] = "an event was refused until it was given up",
    [MARK_DEAD_REFUSED] = "a dead letter was refused",
    [MARK_PUBLISH_CUT] = "a connection was lost in the middle of publishing",
    [MARK_BLOCKED] = "publishing was blocked",
    [MARK_RETURNED] = "an event was returned",
    [MARK_DRAINED] = "a worker was drained",
    [MARK_CART_OVER_LANES] = "a cart over several lanes",
    [MARK_EXPIRED] = "a hold expired",
    [MARK_RETAKEN] = "an expired hold was retaken",
    [MARK_REPLACED] = "a hold was replaced",
    [MARK_SOLD_OUT] = "sold out",
    [MARK_OVER_LIMIT] = "over the limit",
    [MARK_NOT_ON_SALE] = "not on sale",
    [MARK_LATE] = "a job was late",
    [MARK_BOTH_GENERATIONS] = "a job went to two generations",
    [MARK_STRAGGLER] = "a straggler was decided",
    [MARK_MARKED_AGAIN] = "a lane was marked again",
    [MARK_MARKER_RETURNED] = "a marker was given back",
    [MARK_DRAINED_LANE] = "a marker was recorded",
    [MARK_DRAINED_AGAIN] = "a marker was recorded again",
    [MARK_NO_QUEUE] = "a lane's queue was gone",
    [MARK_OLD_LIST] = "a keeper shared out by an old list",
    [MARK_STEPPED_ASIDE] = "a worker stepped aside",
    [MARK_LEFT] = "a worker left a lane",
    [MARK_DRIVER_UNSURE] = "a driver did not hear that a step was done",
    [MARK_DRIVER_FOLLOWED] = "a driver was followed by another one",
    [MARK_DRIVER_FROZEN] = "a driver was frozen",
    [MARK_BOUND_TOO_LATE] = "a driver bound what was over, and took it back",
    [MARK_MORE_LANES] = "a change to more lanes was done",
    [MARK_FEWER_LANES] = "a change to fewer lanes was done",
    [MARK_SCALE_REFUSED] = "a second change was refused",
    [MARK_DIED_AT_RETIRE] = "a driver died with older lanes gone, before it was recorded",
    [MARK_DIED_AT_DECLARE] = "a driver died with lanes declared, before it was recorded",
    [MARK_DIED_AT_BIND] = "a driver died with both generations bound, before it was recorded",
    [MARK_DIED_AT_UNBIND] = "a driver died with the old one unbound, before it was recorded",
    [MARK_DIED_AT_MARK] = "a driver died with lanes marked, before it was recorded",
    [MARK_DIED_AT_DRAIN] = "a driver died with lanes drained, before it was recorded",
    [MARK_RETIRED] = "a generation was retired",
    [MARK_RETIRED_FENCED] = "a lane of a generation that had gone was refused",
    [MARK_REVIVED] = "a generation came back for a late job",
    [MARK_REMOVED] = "a generation was removed",
    [MARK_SORTED] = "a job without a key was sorted",
    [MARK_SORTED_AGAIN] = "a job was sorted again",
    [MARK_SORT_FOUND] = "the sorter found the slot of a hold or sale",
    [MARK_SORT_UNKNOWN] = "the sorter found no hold or sale",
    [MARK_SORT_UNBOUND] = "the sorter saw slots that lead nowhere",
    [MARK_SORTER_DIED_UNCONFIRMED] = "the sorter died before the confirm",
    [MARK_SORTER_DIED_BEFORE_ACK] = "the sorter died between confirm and acknowledgement",
    [MARK_JOB_REFUSED] = "a job that was passed on was refused",
    [MARK_SWEEPER_FOLLOWED] = "a sweeper was followed by another one",
    [MARK_SWEEPER_DIED_UNCONFIRMED] = "a sweeper died before the confirm",
    [MARK_OFFICE_LOST] = "a sweeper lost its office",
    [MARK_EXPIRE_REPEATED] = "an expire was sent again",
    [MARK_EXPIRE_NOTHING] = "an expire had nothing to do",
    [MARK_CALM_WITH_DEAD] = "everything finished although a worker was dead",
    [MARK_CALM_WITH_CUT] = "everything finished although a worker was cut off",
};

const char *sim_mark_text(enum sim_mark mark)
{
    ENSURE(mark < MARKS);
    return texts[mark];
}

void sim_marks_add(struct sim_marks *marks, const struct sim_marks *other)
{
    for (uint32_t i = 0; i < MARKS; i++) {
        marks->counts[i] += other->counts[i];
    }
}

uint32_t sim_marks_print(const struct sim_marks *marks)
{
    uint32_t missed = 0;
    for (uint32_t i = 0; i < MARKS; i++) {
        (void)printf("%12" PRIu64 "  %s\n", marks->counts[i], texts[i]);
        missed += marks->counts[i] == 0 ? 1 : 0;
    }
    return missed;
}
