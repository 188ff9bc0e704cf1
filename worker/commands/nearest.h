/* SPDX-License-Identifier: Apache-2.0
 *
 * Guesses which of several names somebody meant. */
#pragma once

#include <stddef.h>

/* The name that the fewest typing errors turn into the given one; NULL when none is near. */
const char *nearest(const char *given, const char *const *names, size_t count);
