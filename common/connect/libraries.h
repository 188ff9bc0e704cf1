/* SPDX-License-Identifier: Apache-2.0
 *
 * Which client libraries the program runs with. */
#pragma once

#include "common/base/text.h"

/* Appends a line for each: its name and its version. */
void libraries_write(struct text *text);
