/* SPDX-License-Identifier: Apache-2.0
 *
 * What till scale says on stderr while it goes on, and since when nothing has moved. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/postgres.h"
#include "worker/postgres/change.h"

/* Zeroed but for moved_ms, which is when the command begins to watch. */
struct scale_progress {
    struct lanes_change said; /* as last printed */
    bool trouble_said;        /* since it last went well */
    uint64_t moved_ms;        /* when something did */
};

/* What a step does, for people. */
const char *scale_doing(enum change_step step);

/* What was decided, or drained, or is the next step, is progress. */
void scale_progress_note(struct scale_progress *progress, struct postgres *postgres,
                         const struct lanes_change *change, uint64_t now_ms);

/* The first of a row of failures is said. */
void scale_progress_trouble(struct scale_progress *progress, const struct error *error);
