/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8, checked as Unicode defines it: no overlong form, no surrogate, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/span.h"

/* The bytes of the character at the beginning of these; 0 if there is no valid one. */
size_t utf8_size(const char *bytes, size_t size);

/* Writes a character as one to four bytes and returns their number. Not for surrogates. */
size_t utf8_put(char *bytes, uint32_t character);

/* Of valid UTF-8: whether U+0000 to 1F or U+007F to 9F is in it. */
bool utf8_has_control(struct span text);
