/* SPDX-License-Identifier: Apache-2.0
 *
 * Holds that are past their end and still active, for the one sweeper that looks for them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/connect/postgres.h"
#include "worker/duty/overdue.h"

/* Becomes the one sweeper of the namespace, if there is none: in a transaction that stays open, for
 * its lock is the office. With a worker that dies or freezes the transaction ends, and the next one
 * who asks is elected. Not while elected. */
bool overdue_elect(struct postgres *postgres, const char *namespace, bool *elected,
                   struct error *error) MUST_CHECK;

/* The holds overdue just now, in the order of their ends, those behind a given one (NULL: from the
 * first on), count_max at most. While elected. */
bool overdue_look(struct postgres *postgres, const struct overdue *after, uint32_t count_max,
                  struct overdue *overdue, uint32_t *count, struct error *error) MUST_CHECK;
