/* SPDX-License-Identifier: Apache-2.0
 *
 * In what two decisions differ. */
#pragma once

#include "tests/support/model.h"

/* NULL: in nothing. */
const char *decisions_differ(const struct decision *a, const struct decision *b);
const char *results_differ(const struct result *result, const struct model_result *expected);
