/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether decide() and the model agree. Both return what differs, or NULL. */
#pragma once

#include "tests/support/memory_database.h"
#include "tests/support/model.h"
#include "worker/lane/decide.h"

const char *results_differ(const struct result *result, const struct model_result *expected);
const char *database_differs(const struct memory_database *database, struct model *model);
