/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection to PostgreSQL. Nothing here waits without a deadline of ours: a server, or a whole
 * machine, that is frozen answers nothing, and libpq's blocking calls would wait with it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <libpq-fe.h>

#include "common/base/error.h"
#include "common/connect/config.h"
#include "common/connect/postgres_error.h"

#define POSTGRES_ADDRESS_MAX    512u /* bytes of user@host:port/dbname, with the NUL */
#define POSTGRES_IDENTIFIER_MAX 132u /* bytes of a quoted identifier, with the NUL */

/* What for: how long one statement may take. */
enum postgres_use {
    POSTGRES_COMMAND, /* looks something up, changes a row */
    POSTGRES_SETUP,   /* changes tables, whatever their size */
    POSTGRES_LANE,    /* batches, whose locks others wait for */
};

/* Not to be moved while it is open: libpq keeps its address. The fields are
 * for reading, deadline_ms excepted. */
struct postgres {
    PGconn *connection;  /* NULL: closed, by postgres_close or because it was lost */
    int deadline_ms;     /* for one query, on our side; longer than the server's own */
    int64_t outdated_ms; /* of postgres_now_ms(); 0: never, there is one host */
    unsigned warnings;   /* how many the server has sent; of a COMMIT, one makes it doubtful */
    char address[POSTGRES_ADDRESS_MAX];
    char sqlstate[SQLSTATE_SIZE + 1]; /* of the last failure; empty: libpq's or ours */
    unsigned statement;               /* which of a script's failed: 1, 2, 3 ... */
    unsigned position;                /* where in the text, in characters from 1; 0: unknown */
};

/* Connects to the host that lets us write, of several to that with the highest timeline, as
 * "till <name>", and sets the session up for the namespace of the configuration. Looking up a
 * host's name takes as long as the system's resolver may; all else is bounded by connect_timeout,
 * for each host. */
bool postgres_open(struct postgres *postgres, const struct config *config, enum postgres_use use,
                   const char *name, struct error *error) MUST_CHECK;
void postgres_close(struct postgres *postgres);

/* Whether another of several hosts may have become the right one since: who only reads, and for
 * long, must connect anew from time to time, for an old primary goes on answering. Who commits
 * notices by himself. */
bool postgres_outdated(const struct postgres *postgres);

/* user@host:port/dbname. */
const char *postgres_describe(const struct postgres *postgres);

/* One statement with its parameters ($1 ...), as text; NULL is NULL. The result is the caller's to
 * PQclear. A query without an answer until the deadline loses the connection: the server may be
 * at it still, so what it changed is unknown unless it was within an open transaction. */
bool postgres_query(struct postgres *postgres, const char *sql, int count,
                    const char *const *parameters, PGresult **result,
                    struct error *error) MUST_CHECK;

/* The same with a result in binary. */
bool postgres_query_binary(struct postgres *postgres, const char *sql, int count,
                           const char *const *parameters, PGresult **result,
                           struct error *error) MUST_CHECK;

/* The same for a statement whose result is not needed. */
bool postgres_execute(struct postgres *postgres, const char *sql, int count,
                      const char *const *parameters, struct error *error) MUST_CHECK;

/* Statements separated by semicolons, up to the first that fails. */
bool postgres_run(struct postgres *postgres, const char *script, struct error *error) MUST_CHECK;

/* Commits; false also for a COMMIT that rolled back, and for one that came with a warning: the
 * server then did not wait for the standby that it should have waited for. */
bool postgres_commit(struct postgres *postgres, struct error *error) MUST_CHECK;

/* Leaves the transaction, if there is one. A connection that cannot do that is closed. */
void postgres_rollback(struct postgres *postgres);

/* Whether the last failure was this one. */
bool postgres_failed_with(const struct postgres *postgres, const char *sqlstate);

/* Quotes an identifier, whatever is in it; false when it is longer than the server allows. */
bool postgres_quote(struct postgres *postgres, const char *name,
                    char quoted[POSTGRES_IDENTIFIER_MAX], struct error *error) MUST_CHECK;
