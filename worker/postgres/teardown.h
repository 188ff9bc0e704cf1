/* SPDX-License-Identifier: Apache-2.0
 *
 * Removes a namespace from the database. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"
#include "common/connect/postgres.h"
#include "worker/postgres/roles.h"

enum teardown_role {
    TEARDOWN_ROLE_ABSENT,
    TEARDOWN_ROLE_DROPPED,
    TEARDOWN_ROLE_IN_USE,    /* by another database, or by what somebody granted it here */
    TEARDOWN_ROLE_FORBIDDEN, /* we may not drop it */
};

struct teardown {
    bool schema; /* it was there, and is no more */
    enum teardown_role roles[ROLES_COUNT];
};

/* Drops the schema and its roles, in one transaction. Refused, and nothing changed, when the schema
 * has no table of migrations, so is not ours, or when views or foreign keys of other schemas hang
 * on it. Roles go only together with the schema. Opened with POSTGRES_SETUP. */
bool teardown_apply(struct postgres *postgres, const char *namespace, struct teardown *done,
                    struct error *error) MUST_CHECK;

/* Whether teardown_apply would succeed: does it all, and undoes it. */
bool teardown_rehearse(struct postgres *postgres, const char *namespace,
                       struct error *error) MUST_CHECK;
