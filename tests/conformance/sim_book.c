/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulator's account of jobs as scripts need it: what was published and acknowledged is
 * written down, nothing is judged. It stands in for sim_account.c and sim_told.c. */
#include "tests/conformance/sim_book.h"

#include <string.h>

#include "common/base/ensure.h"
#include "tests/conformance/database_side.h"

bool sim_account_refuses(struct sim_account *account, const struct sim_change *change)
{
    (void)account;
    for (uint32_t i = 0; i < change->entry_count; i++) {
        const struct result *result = &change->entries[i].result;
        if (result->kind == RESULT_DECISION &&
            span_equal(result->decision.ref, SPAN_OF(REF_POISON))) {
            return true;
        }
    }
    return false;
}

void sim_account_committed(struct sim_account *account, const struct sim_change *change)
{
    (void)account;
    (void)change;
}
