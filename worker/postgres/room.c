/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks the server for its limits, and who uses them. */
#include "worker/postgres/room.h"

#include <stdlib.h>

static const char room[] =
    "SELECT least("
    " current_setting('max_connections')::int"
    "  - current_setting('superuser_reserved_connections')::int"
    "  - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
    " (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())"
    "  - (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),"
    " (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)"
    "  - (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user))"
    " + (SELECT count(*) FROM pg_stat_activity"
    "    WHERE application_name LIKE 'till %' AND datname = current_database())";

bool room_look(struct postgres *postgres, int64_t *found, struct error *error)
{
    PGresult *result;
    if (!postgres_query(postgres, room, 0, NULL, &result, error)) {
        return false;
    }
    *found = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return true;
}
