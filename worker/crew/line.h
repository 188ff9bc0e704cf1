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
#include "worker/duty/keep.h"

/* Records where this worker stands, and takes away what is recorded of it otherwise. */
bool line_record(struct postgres *postgres, const struct roster *roster,
                 const struct servings *servings, struct error *error) MUST_CHECK;

/* Reads the lines of all lanes that are served. One that is silent for longer than frozen_ms is out
 * of every line, whatever became of it. The result is the caller's to PQclear. */
bool line_read(struct postgres *postgres, const struct servings *servings, uint32_t frozen_ms,
               PGresult **result, struct error *error) MUST_CHECK;

/* Texts are the result's. The place is that of the lane in the list of servings. */
struct keep_row line_row(const PGresult *result, int row, uint32_t *place);
