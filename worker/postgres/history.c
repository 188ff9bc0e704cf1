/* SPDX-License-Identifier: Apache-2.0
 *
 * A cursor over decisions. */
#include "worker/postgres/history.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/connect/postgres.h"
#include "worker/postgres/stored_decision.h"

#define PAGE_ROWS "500"

#define MEMORY_SIZE (1024u * 1024u) /* of one decision */

/* How long a slow reader may take over a page is his business: no lock is held that others need. */
static const char begin_sql[] = "SELECT pg_catalog.set_config("
                                "'idle_in_transaction_session_timeout', '0', false)";

/* $1 since, $2 until, $3 kind, $4 outcome, $5 store, $6 id. */
static const char cursor_sql[] =
    "DECLARE history NO SCROLL CURSOR FOR"
    " SELECT " STORED_DECISION_COLUMNS " FROM (SELECT d.*,"
    "  max(decided_at) OVER (PARTITION BY generation, lane ORDER BY n) AS moment"
    "  FROM decisions AS d"
    "  WHERE ($1::timestamptz IS NULL OR decided_at >= $1)"
    "  AND ($2::timestamptz IS NULL OR decided_at < $2)"
    "  AND ($3::smallint IS NULL OR kind = $3)"
    "  AND ($4::smallint IS NULL OR outcome = $4)"
    "  AND ($5::text IS NULL OR store = $5)"
    "  AND ($6::text IS NULL OR id = $6)) AS d"
    " ORDER BY moment, generation, lane, n";

/* In the memory, or NULL. */
static const char *time_text(instant time, char memory[INSTANT_TEXT_SIZE + 1])
{
    if (time == INSTANT_NONE) {
        return NULL;
    }
    instant_write(time, memory);
    memory[INSTANT_TEXT_SIZE] = '\0';
    return memory;
}

static bool declare(struct history *history, const struct history_filter *filter,
                    struct error *error)
{
    char kind[sizeof "-2147483648"];
    char outcome[sizeof kind];
    char since[INSTANT_TEXT_SIZE + 1];
    char until[INSTANT_TEXT_SIZE + 1];
    const char *const parameters[] = {
        time_text(filter->since, since),
        time_text(filter->until, until),
        filter->kind < 0 ? NULL : kind,
        filter->outcome < 0 ? NULL : outcome,
        filter->store,
        filter->id,
    };
    (void)snprintf(kind, sizeof kind, "%d", filter->kind);
    (void)snprintf(outcome, sizeof outcome, "%d", filter->outcome);
    return postgres_execute(history->postgres, begin_sql, 0, NULL, error) &&
           postgres_execute(history->postgres, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0,
                            NULL, error) &&
           postgres_execute(history->postgres, cursor_sql, sizeof parameters / sizeof parameters[0],
                            parameters, error);
}

static bool turn_page(struct history *history, struct error *error)
{
    PQclear(history->page);
    history->page = NULL;
    history->row = 0;
    return postgres_query_binary(history->postgres, "FETCH " PAGE_ROWS " FROM history", 0, NULL,
                                 &history->page, error);
}

bool history_open(struct history *history, struct postgres *postgres,
                  const struct history_filter *filter, struct error *error)
{
    history->postgres = postgres;
    history->memory = malloc(MEMORY_SIZE);
    if (history->memory == NULL) {
        return error_set(error, ERROR_FATAL, "out of memory");
    }
    arena_init(&history->arena, history->memory, MEMORY_SIZE);
    if (!declare(history, filter, error) || !turn_page(history, error)) {
        history_close(history);
        return error_wrap(error, "read decisions");
    }
    return true;
}

void history_close(struct history *history)
{
    PQclear(history->page);
    history->page = NULL;
    if (history->postgres != NULL) {
        postgres_rollback(history->postgres); /* it has only read */
    }
    free(history->memory);
    history->memory = NULL;
}

static bool unreadable(const struct decision *decision, struct error *error)
{
    error_set(error, ERROR_FATAL, "the record of the decision \"%.*s\" cannot be read",
              SPAN_ARGUMENTS(decision->job));
    return error_advise(error, "It may be of a later version of this program: till setup --check.");
}

bool history_next(struct history *history, const struct decision **decision, struct error *error)
{
    if (history->row == PQntuples(history->page) && history->row > 0 &&
        !turn_page(history, error)) {
        return error_wrap(error, "read decisions");
    }
    if (history->row == PQntuples(history->page)) {
        *decision = NULL;
        return true;
    }
    arena_reset(&history->arena);
    struct decision *read = arena_take(&history->arena, sizeof *read);
    struct row row = {.result = history->page, .number = history->row++, .arena = &history->arena};
    ENSURE(read != NULL);
    if (!stored_decision_read(&row, read) || read->form != EVENT_FORM) {
        return unreadable(read, error);
    }
    *decision = read;
    return true;
}
