/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's line of consumers of each lane, as far as workers have recorded it: who stands in it
 * since when, and who claimed the lane last. The broker itself does not tell. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/postgres.h"
#include "worker/crew/roster.h"
#include "worker/crew/serving.h"

/* Somebody in the line; of a lane that nobody stands in line for, one without a worker. Texts are
 * the result's. */
struct line_row {
    uint32_t place; /* of the lane in the list of servings */
    const char *claimed_run;
    uint64_t claim_age_ms; /* UINT64_MAX: it was not claimed yet */
    const char *worker;
    const char *run;
    uint64_t age_ms; /* of the subscription */
    bool frozen;     /* it has gone silent, and has not gone: the broker may not know yet */
};

/* Records where this worker stands, and takes away what is recorded of it otherwise. */
bool line_record(struct postgres *postgres, const struct roster *roster,
                 const struct servings *servings, struct error *error) MUST_CHECK;

/* Reads the lines of all lanes that are served. One that is silent for longer than frozen_ms is out
 * of every line, whatever became of it. The result is the caller's to PQclear. */
bool line_read(struct postgres *postgres, const struct servings *servings, uint32_t frozen_ms,
               PGresult **result, struct error *error) MUST_CHECK;
struct line_row line_row(const PGresult *result, int row);
