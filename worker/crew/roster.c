/* SPDX-License-Identifier: Apache-2.0
 *
 * Announces a worker in the database. */
#include "worker/crew/roster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "till/version.h"

/* Others that were not seen for long are forgotten, and what they recorded of lanes with them. */
static const char forget[] =
    "DELETE FROM workers WHERE seen_at < clock_timestamp() - make_interval(secs => $1::integer)";

/* Of a name that another run holds, only once that one was not seen for a while. */
static const char announce[] =
    "INSERT INTO workers AS w (name, run, version, lanes_max, started_at, seen_at)"
    " VALUES ($1, $2, $3, nullif($4::integer, 0), clock_timestamp(), clock_timestamp())"
    " ON CONFLICT (name) DO UPDATE SET run = excluded.run, version = excluded.version,"
    "  lanes_max = excluded.lanes_max, seen_at = excluded.seen_at,"
    "  started_at = CASE WHEN w.run = excluded.run THEN w.started_at ELSE excluded.started_at END"
    " WHERE w.run = excluded.run"
    "  OR w.seen_at < clock_timestamp() - make_interval(secs => $5::integer)"
    " RETURNING 1";

static const char read_live[] = "SELECT name, run, lanes_max FROM workers"
                                " WHERE seen_at > clock_timestamp() - $1::integer * interval '1 ms'"
                                "  AND (seen_at > clock_timestamp() - $2::integer * interval '1 ms'"
                                "   OR run IN (" ROSTER_CONNECTED ")) ORDER BY name";

/* As a job's id: it stands in logs, lists and connections' names. */
static bool name_valid(const char *name)
{
    const size_t size = strlen(name);
    for (const char *c = name; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return false;
        }
    }
    return size >= 1 && size < WORKER_NAME_MAX;
}

static void make_name(struct roster *roster, uint32_t chance)
{
    char host[64] = "";
    (void)gethostname(host, sizeof host - 1); /* without one the rest tells workers apart */
    (void)snprintf(roster->name, sizeof roster->name, "%s-%ld-%04x", host, (long)getpid(),
                   chance & 0xffffu);
}

bool roster_init(struct roster *roster, const char *name, uint32_t lanes_max, struct error *error)
{
    uint64_t chance = 0;
    *roster = (struct roster){.lanes_max = lanes_max};
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance) {
        return error_set(error, ERROR_FATAL, "the system gives no random numbers");
    }
    (void)snprintf(roster->run, sizeof roster->run, "%016" PRIx64, chance);
    if (name == NULL) {
        make_name(roster, (uint32_t)chance);
        return true;
    }
    if (!name_valid(name)) {
        error_set(error, ERROR_USAGE, "--name: \"%s\" is no name for a worker", name);
        return error_advise(error, "Use 1 to %u visible ASCII characters.", WORKER_NAME_MAX - 1);
    }
    (void)snprintf(roster->name, sizeof roster->name, "%s", name);
    return true;
}

bool roster_announce(const struct roster *roster, struct postgres *postgres, struct error *error)
{
    char lanes_max[sizeof "4294967295"];
    char seconds[sizeof "4294967295"];
    const char *const parameters[] = {roster->name, roster->run, TILL_VERSION, lanes_max, seconds};
    PGresult *result;
    (void)snprintf(lanes_max, sizeof lanes_max, "%u", roster->lanes_max);
    (void)snprintf(seconds, sizeof seconds, "%d", ROSTER_SECONDS);
    if (!postgres_query(postgres, announce, 5, parameters, &result, error)) {
        return false;
    }
    const bool announced = PQntuples(result) == 1;
    PQclear(result);
    if (!announced) {
        error_set(error, ERROR_REFUSED, "a live worker has the name \"%s\"", roster->name);
        return error_advise(error, "Choose another, or wait until that one was silent for %d s.",
                            ROSTER_SECONDS);
    }
    return true;
}

/* Into memory that is zero. */
static void read_worker(const PGresult *result, int row, struct living_worker *worker)
{
    const bool bounded = !PQgetisnull(result, row, 2);
    (void)snprintf(worker->name, sizeof worker->name, "%s", PQgetvalue(result, row, 0));
    (void)snprintf(worker->run, sizeof worker->run, "%s", PQgetvalue(result, row, 1));
    worker->lanes_max =
        bounded ? (uint32_t)strtoul(PQgetvalue(result, row, 2), NULL, 10) : LANES_MAX;
}

bool roster_read(struct postgres *postgres, struct living_list *list, struct error *error)
{
    char live_ms[sizeof "4294967295"];
    char quiet_ms[sizeof "4294967295"];
    const char *const parameters[] = {live_ms, quiet_ms};
    PGresult *result;
    (void)snprintf(live_ms, sizeof live_ms, "%u", LIVING_MAX_MS);
    (void)snprintf(quiet_ms, sizeof quiet_ms, "%u", LIVING_QUIET_MS);
    if (!postgres_query(postgres, read_live, 2, parameters, &result, error)) {
        return false;
    }
    const int count = PQntuples(result);
    *list = (struct living_list){.workers = calloc((size_t)count + 1, sizeof list->workers[0])};
    for (int i = 0; list->workers != NULL && i < count; i++) {
        read_worker(result, i, &list->workers[list->count++]);
    }
    PQclear(result);
    return list->workers != NULL ||
           error_set(error, ERROR_FATAL, "no memory for a list of %d workers", count);
}

bool roster_forget(struct postgres *postgres, struct error *error)
{
    char seconds[sizeof "4294967295"];
    const char *const parameters[] = {seconds};
    (void)snprintf(seconds, sizeof seconds, "%d", ROSTER_KEPT);
    return postgres_execute(postgres, forget, 1, parameters, error);
}

bool roster_leave(const struct roster *roster, struct postgres *postgres, struct error *error)
{
    const char *const parameters[] = {roster->name, roster->run};
    return postgres_execute(postgres, "DELETE FROM workers WHERE name = $1 AND run = $2", 2,
                            parameters, error);
}
