/* SPDX-License-Identifier: Apache-2.0
 *
 * The generations of lanes that workers serve. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct generation {
    uint32_t number; /* 1, 2, 3 ... */
    uint32_t lanes;
};

#define GENERATIONS_SERVED_MAX 16u

/* Those that workers serve: the current one, and those that are draining. */
struct generations {
    struct generation served[GENERATIONS_SERVED_MAX];
    uint32_t count;
    uint32_t current; /* its number */
    bool change_open; /* another one is coming; it is not served yet */
};
