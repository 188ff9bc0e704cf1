/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens a connection, waiting as long as that takes, and closes it. */
#include "common/connect/postgres_dial.h"
#include "common/connect/postgres_wait.h"

bool postgres_open(struct postgres *postgres, const struct config *config, enum postgres_use use,
                   const char *name, struct error *error)
{
    struct postgres_dial dial;
    enum postgres_dial_answer answer = POSTGRES_DIAL_WAIT;
    if (!postgres_dial_begin(&dial, postgres, config, use, name, error)) {
        return false;
    }
    while (answer == POSTGRES_DIAL_WAIT) {
        /* Whether the deadline came first is the next step's to find out. */
        (void)!postgres_wait(PQsocket(postgres->connection), dial.events, dial.deadline);
        answer = postgres_dial_step(&dial, postgres, error);
    }
    return answer == POSTGRES_DIAL_DONE;
}

void postgres_close(struct postgres *postgres)
{
    if (postgres != NULL) {
        PQfinish(postgres->connection); /* NULL is fine; it does not block, nor do we wait */
        postgres->connection = NULL;
    }
}

bool postgres_outdated(const struct postgres *postgres)
{
    return postgres->outdated_ms != 0 && postgres_now_ms() >= postgres->outdated_ms;
}

const char *postgres_describe(const struct postgres *postgres)
{
    return postgres->address;
}
