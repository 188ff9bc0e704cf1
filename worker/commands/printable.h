/* SPDX-License-Identifier: Apache-2.0
 *
 * What strangers wrote. For a terminal: nothing in it may move the cursor, change the title, or
 * turn the direction of the text. For a program that reads lines: nothing in it may end one. */
#pragma once

#include <stdio.h>

#include "common/base/span.h"

/* As it is, but for control characters, invisible ones and those that are no UTF-8: \n, \x1b,
 * \u{202e}. */
void printable_print(struct span text, FILE *out);

/* JSON as a line of its own: breaks between its values, as a publisher's meta may have them, become
 * spaces; within strings there are none. */
void printable_line(struct span json, FILE *out);
