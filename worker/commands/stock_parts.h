/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands of till stock share. */
#pragma once

#include "common/connect/postgres.h"
#include "worker/commands/command.h"

#define STOCK_WAIT_SECONDS 10u

/* Of the commands that send jobs. */
#define STOCK_SENDING_OPTIONS                                       \
    {"wait", "SECONDS", "wait so long for the decision (10)"},      \
    {                                                               \
        "json", NULL, "a JSON object a line: the decisions' events" \
    }

extern const struct command command_stock_add;
extern const struct command command_stock_remove;
extern const struct command command_stock_set;
extern const struct command command_stock_define;
extern const struct command command_stock_import;

/* The option --wait. */
bool stock_wait(const struct invocation *invocation, uint32_t *seconds,
                struct error *error) MUST_CHECK;

/* The option --pool, checked; NULL: not given. */
bool stock_pool(const struct invocation *invocation, const char **pool,
                struct error *error) MUST_CHECK;

/* Prints the figures of one SKU in one pool, or, with NULL, in every one; *found says whether there
 * are any. */
bool stock_print(struct postgres *postgres, const char *sku, const char *pool, bool as_json,
                 bool *found, struct error *error) MUST_CHECK;
