/* SPDX-License-Identifier: Apache-2.0
 *
 * Forgets how often a job was begun alone. */
#include "worker/postgres/lonely_forget.h"

#include <stdio.h>

#include "common/base/limits.h"
#include "common/connect/postgres.h"

bool lonely_forget(struct postgres *postgres, struct span name, struct error *error)
{
    char text[JOB_EXPIRE_ID_MAX + 1];
    const char *const parameters[] = {text};
    ENSURE(name.size < sizeof text);
    (void)snprintf(text, sizeof text, "%.*s", SPAN_ARGUMENTS(name));
    return postgres_execute(postgres, "DELETE FROM lonely_beginnings WHERE job = $1::text", 1,
                            parameters, error) ||
           error_wrap(error, "forget lonely beginnings");
}
