/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks before something is done that cannot be taken back. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"

/* On a terminal asks the question and wants the word as the answer; elsewhere, where nobody could
 * answer, says that --yes is needed. */
bool ask_for(const char *question, const char *word, struct error *error) MUST_CHECK;
