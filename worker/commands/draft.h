/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON of a job, drafted from the words of a command line. Whether it is a good job the parser
 * of jobs says; a draft only says what it cannot be read as. */
#pragma once

#include "common/contract/json_write.h"
#include "worker/commands/command.h"

#define DRAFT_ID_MAX 72u /* bytes, with the NUL */

/* A new id, unique by time and chance: set.20261121T090000Z.9f8e7d6c5b4a3921 */
bool draft_id(const char *what, char id[DRAFT_ID_MAX], struct error *error) MUST_CHECK;

/* Begins the job's object, which the caller ends. */
void draft_begin(struct json *json, const char *id, const char *kind);

/* A number as it is written; what is none becomes a string, and the parser refuses it by name. */
void draft_number(struct json *json, const char *key, const char *value);

/* The member items, from words SKU=N. A word without a number has the default, or, with NULL, is an
 * error; every number gets the sign in front ("-" or ""). if_version is for each item, or NULL. */
bool draft_items(struct json *json, const char *const *words, size_t count, const char *number,
                 const char *sign, const char *if_version, struct error *error) MUST_CHECK;

/* What till define takes: "sku" and these options, of which an empty value clears. */
void draft_definition(struct json *json, const struct invocation *invocation, const char *sku);

/* The options that draft_definition reads. */
#define DRAFT_DEFINITION_OPTIONS                                                               \
    {"per-customer", "N", "limit per customer; \"\" for none"},                                \
        {"round", "NAME", "round that units are counted in; \"\" for the one without a name"}, \
        {"opens-at", "TIME", "on sale from then on (RFC 3339); \"\" for always"},              \
    {                                                                                          \
        "closes-at", "TIME", "and until before then; \"\" for ever"                            \
    }
