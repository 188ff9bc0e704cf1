/* SPDX-License-Identifier: Apache-2.0
 *
 * What every fuzz target defines: libFuzzer calls it, or replay.c with the files of a corpus. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
