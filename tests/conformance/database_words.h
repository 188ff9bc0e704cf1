/* SPDX-License-Identifier: Apache-2.0
 *
 * What was loaded, decided or refused, in words that are the same for all sides. */
#pragma once

#include "common/base/text.h"
#include "worker/lane/ports.h"

/* "; A 100/2@3" is unsold/held@version; everything in order, whatever order it came in. */
void words_of_state(const struct state *state, struct text *text);
void words_of_found(const struct found *found, struct text *text);
void words_of_results(const struct entry *entries, const struct result *results, uint32_t count,
                      struct text *text);
void words_of_error(const struct error *error, struct text *text);
