/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands of till stock share. */
#pragma once

#include "common/connect/postgres.h"
#include "worker/commands/command.h"

/* The option --pool, checked; NULL: not given. */
bool stock_pool(const struct invocation *invocation, const char **pool,
                struct error *error) MUST_CHECK;

/* Prints the figures of one SKU in one pool, or, with NULL, in every one; *found says whether there
 * are any. */
bool stock_print(struct postgres *postgres, const char *sku, const char *pool, bool as_json,
                 bool *found, struct error *error) MUST_CHECK;
