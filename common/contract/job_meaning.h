/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether two jobs of one id are the same job: sameness is of meaning. Compared, after defaults
 * and summing, are kind, store, customer, pool, items in order, if_version, ttl, hold, sale,
 * replaces, ref and a define's fields (absent is not null). Not meta, not not_after, not the id. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/job.h"

bool job_same(const struct job *a, const struct job *b);

/* A digest of the meaning. It is stored with the decision, so it never changes: not with the
 * version of the program, not with the machine. Equal meanings have equal digests; unequal ones
 * have unequal digests but for a chance of 2^-64. */
uint64_t job_digest(const struct job *job);
