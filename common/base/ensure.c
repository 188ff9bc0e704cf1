/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens when a check of our own state fails: say where, and end the process. */
#include "common/base/ensure.h"

#include <stdio.h>
#include <stdlib.h>

void ensure_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "till: a bug: %s:%d: %s does not hold\n", file, line, condition);
    abort();
}
