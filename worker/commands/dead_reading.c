/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads dead letters. Whatever stands in them was written by strangers. */
#include <stdio.h>
#include <string.h>

#include "common/contract/job_text.h"
#include "common/contract/names.h"
#include "worker/commands/dead_parts.h"

#define WAIT_SECONDS 30u /* for another command to end */

static bool check_reason(const char *text, struct error *error)
{
    enum dead_reason reason;
    if (text == NULL || dead_reason_of((struct span){text, (uint32_t)strlen(text)}, &reason)) {
        return true;
    }
    error_set(error, ERROR_USAGE, "--reason: \"%s\" is no reason", text);
    return error_advise(error, "Write malformed, failed, crashing or delivery_limit.");
}

bool dead_open(struct dead_reading *reading, const struct invocation *invocation, bool *busy,
               enum exit_status *status, struct error *error)
{
    const struct config *config = invocation->config;
    reading->reason = invocation_value(invocation, "reason");
    reading->id = invocation_value(invocation, "id");
    if (!check_reason(reading->reason, error) || !amqp_url_load(config, &reading->url, error) ||
        !pile_open(&reading->pile, &reading->url, config->namespace.value, WAIT_SECONDS, busy,
                   error)) {
        return false;
    }
    *status = STATUS_DONE;
    if (*busy) {
        (void)fprintf(stderr,
                      "till %s: another till dead command has had the letters in hand for %u s\n"
                      "  Try again when it has ended.\n",
                      invocation->command->name, WAIT_SECONDS);
        *status = STATUS_TIMED_OUT;
    }
    return true;
}

void dead_close(struct dead_reading *reading)
{
    pile_close(&reading->pile);
}

static struct span job_id(struct dead_reading *reading, const struct dead_view *letter)
{
    struct job_glimpse glimpse;
    const struct span id = letter->delivery.message_id;
    if (job_glimpse(letter->letter->body, &reading->arena, &glimpse)) {
        return glimpse.id;
    }
    return job_id_valid(id) || job_expire_id_valid(id) ? id : SPAN_NONE;
}

static bool is_text(struct span span, const char *text)
{
    return text == NULL || span_equal(span, (struct span){text, (uint32_t)strlen(text)});
}

static void look_at(struct dead_reading *reading, const struct letter *letter)
{
    struct dead_view *current = &reading->current;
    *current = (struct dead_view){.letter = letter, .headers = properties_headers(letter->head)};
    arena_init(&reading->arena, reading->memory, sizeof reading->memory);
    note_read(current->headers, &current->note);
    if (!properties_read(letter->head, &reading->arena, &current->delivery)) {
        current->delivery =
            (struct delivery){.timestamp = TIMESTAMP_NONE, .timestamp_in_ms = TIMESTAMP_NONE};
    }
    current->delivery.body = letter->body;
    current->delivery.size = letter->size;
    current->cut = letter->body.size < letter->size || current->note.size > 0;
    current->id = job_id(reading, current);
    current->meant =
        is_text(current->note.reason, reading->reason) && is_text(current->id, reading->id);
}

bool dead_next(struct dead_reading *reading, const struct dead_view **letter, struct error *error)
{
    const struct letter *next = NULL;
    if (!pile_next(&reading->pile, &next, error)) {
        return false;
    }
    *letter = NULL;
    if (next != NULL) {
        look_at(reading, next);
        *letter = &reading->current;
    }
    return true;
}
