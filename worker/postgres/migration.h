/* SPDX-License-Identifier: Apache-2.0
 *
 * What a migration is: a step from one schema to the next, known to the program since it was built.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* All strings are constants of the program. */
struct migration {
    unsigned number; /* 1, 2, 3 ... without a gap */
    const char *name;
    const char *sql;            /* runs within a transaction, with the namespace as search path */
    const char *checksum;       /* SHA-256 of the file, in hex */
    const char *oldest_program; /* that may go on working once it is applied */
};

struct migration_list {
    const struct migration *items; /* sorted by number */
    size_t count;
    const char *program; /* the version of the program that knows just these */
};

/* Those of deploy/sql; made by the build. */
extern const struct migration_list migrations;

enum migration_state {
    MIGRATION_APPLIED,
    MIGRATION_PENDING,
    MIGRATION_CHANGED, /* applied from a file that was not this one */
    MIGRATION_UNKNOWN, /* applied by a newer program */
};

const char *migration_state_name(enum migration_state state);

/* Compares versions, "0.9.0" < "0.10.0" < "1.0.0", by numbers; what follows the third (-rc1) does
 * not count. Negative, 0 or positive, as strcmp. */
int version_compare(const char *a, const char *b);

/* Three numbers with dots between. */
bool version_valid(const char *version);
