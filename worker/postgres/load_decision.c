/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes the recorded decisions of a batch's ids. */
#include "worker/postgres/database_parts.h"
#include "worker/postgres/row.h"
#include "worker/postgres/stored_decision.h"

bool take_decisions(void *self, const PGresult *result, struct error *error)
{
    struct postgres_database *database = self;
    struct state *state = database->load.state;
    struct row row = {.result = result, .arena = database->load.arena};
    const size_t count = (size_t)PQntuples(result);
    struct decision *decisions = arena_take(row.arena, count * sizeof *decisions);
    if (decisions == NULL) {
        return load_full(error);
    }
    state->decisions = decisions;
    for (; row.number < PQntuples(result); row.number++) {
        struct decision *decision = &decisions[state->decision_count++];
        if (!stored_decision_read(&row, decision)) {
            return row.full ? load_full(error) : load_broken("decision", decision->job, error);
        }
    }
    return true;
}
