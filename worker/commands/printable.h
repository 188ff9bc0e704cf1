/* SPDX-License-Identifier: Apache-2.0
 *
 * What strangers wrote, for a terminal: nothing in it may move the cursor, change the title, or
 * turn the direction of the text. */
#pragma once

#include <stdio.h>

#include "common/base/span.h"

/* As it is, but for control characters, invisible ones and those that are no UTF-8: \n, \x1b,
 * \u{202e}. */
void printable_print(struct span text, FILE *out);
