/* SPDX-License-Identifier: Apache-2.0
 *
 * The function that a fuzz target has, as libFuzzer calls it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The data has no NUL at its end. Always 0. */
/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
