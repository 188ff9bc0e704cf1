/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of states, and the order of versions. */
#include "worker/postgres/migration.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ensure.h"

#define VERSION_PARTS 3

static const char *const state_names[] = {
    [MIGRATION_APPLIED] = "applied",
    [MIGRATION_PENDING] = "pending",
    [MIGRATION_CHANGED] = "changed",
    [MIGRATION_UNKNOWN] = "unknown",
};

const char *migration_state_name(enum migration_state state)
{
    return state_names[state];
}

bool version_valid(const char *version)
{
    for (int part = 0; part < VERSION_PARTS; part++) {
        const size_t digits = strspn(version, "0123456789");
        if (digits == 0 || digits > 9) {
            return false;
        }
        version += digits;
        if (part + 1 < VERSION_PARTS && *version++ != '.') {
            return false;
        }
    }
    return *version == '\0' || *version == '-' || *version == '+';
}

int version_compare(const char *a, const char *b)
{
    ENSURE(version_valid(a));
    ENSURE(version_valid(b));
    for (int part = 0; part < VERSION_PARTS; part++) {
        const long left = strtol(a, NULL, 10);
        const long right = strtol(b, NULL, 10);
        if (left != right) {
            return left < right ? -1 : 1;
        }
        a += strspn(a, "0123456789") + 1;
        b += strspn(b, "0123456789") + 1;
    }
    return 0;
}
