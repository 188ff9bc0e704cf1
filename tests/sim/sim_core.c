/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps what broke first. */
#include "tests/sim/sim_core.h"

#include <stdarg.h>
#include <stdio.h>

void sim_break(struct sim_core *core, const char *format, ...)
{
    if (sim_is_broken(core)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(core->broken, sizeof core->broken, format, arguments);
    va_end(arguments);
}
