/* SPDX-License-Identifier: Apache-2.0
 *
 * What till scale --check says: what a change would have to do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/connect/config.h"
#include "common/connect/postgres.h"
#include "worker/postgres/generation.h"

/* Room for connections to the database, and how many are wanted while old and new lanes work. */
bool scale_room(struct postgres *postgres, uint32_t before, uint32_t lanes, int64_t *room,
                uint32_t *wanted, struct error *error) MUST_CHECK;

/* Looks at both servers and prints it, as lines or as a JSON object. Changes nothing. */
bool scale_plan(const struct config *config, struct postgres *postgres, uint32_t lanes,
                bool as_json, struct error *error) MUST_CHECK;
