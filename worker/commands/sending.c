/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends jobs and counts what becomes of them. */
#include "worker/commands/sending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/json_write.h"
#include "common/contract/names.h"
#include "common/contract/slot.h"
#include "worker/commands/printable.h"

#define TURN_MS 1000 /* how long one turn waits at most; heartbeats are served in between */

static void note_accepted(void *self, struct span id)
{
    struct sending *sending = self;
    char memory[JOB_EXPIRE_ID_MAX + 64];
    struct text text;
    sending->accepted++;
    if (sending->waits) {
        return;
    }
    if (!sending->as_json) {
        (void)printf("%.*s  accepted\n", SPAN_ARGUMENTS(id));
        return;
    }
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    json_object(&json);
    json_member_span(&json, "job", id);
    json_member_boolean(&json, "accepted", true);
    json_object_end(&json);
    (void)printf("%s\n", text.bytes);
}

static void print_figure(const char *name, int64_t figure)
{
    if (figure >= 0) {
        (void)printf(", %s %lld", name, (long long)figure);
    }
}

static void print_fault(const struct till_event_fault *fault)
{
    (void)printf("  %s: %s, wanted %lld", fault->sku, fault->reason, (long long)fault->wanted);
    print_figure("available", fault->available);
    print_figure("held", fault->held);
    print_figure("limit", fault->limit);
    print_figure("taken", fault->taken);
    print_figure("version", fault->version);
    if (fault->opens_at[0] != '\0') {
        (void)printf(", opens %s", fault->opens_at);
    }
    if (fault->closes_at[0] != '\0') {
        (void)printf(", closes %s", fault->closes_at);
    }
    (void)printf("\n");
}

static void print_figures(const struct till_event *event)
{
    for (uint32_t i = 0; i < event->item_count; i++) {
        const struct till_event_item *item = &event->items[i];
        if (item->version != 0) {
            (void)printf("  %s: available %lld, version %lld\n", item->sku,
                         (long long)item->available, (long long)item->version);
        }
    }
    for (uint32_t i = 0; i < event->fault_count; i++) {
        print_fault(&event->faults[i]);
    }
}

void sending_print_event(struct sending *sending, const struct till_event *event, struct span bytes)
{
    if (sending->as_json) {
        printable_line(bytes, stdout);
        return;
    }
    const bool answer = event->outcome[0] == '\0';
    (void)printf("%s  %s%s%s%s%s", event->job, event->kind, event->kind[0] == '\0' ? "" : " ",
                 answer ? event->reason : event->outcome,
                 answer || event->reason[0] == '\0' ? "" : ": ", answer ? "" : event->reason);
    if (answer) {
        (void)printf(": %s%s%s", event->pointer, event->pointer[0] == '\0' ? "" : " ", event->text);
    }
    if (event->by[0] != '\0') {
        (void)printf(", by %s", event->by);
    }
    if (event->expires_at[0] != '\0') {
        (void)printf("  until %s", event->expires_at);
    }
    (void)printf("\n");
    print_figures(event);
}

static void note_decided(void *self, struct span id, struct span bytes)
{
    struct sending *sending = self;
    struct till_event *event = &sending->event;
    enum outcome outcome;
    if (!till_event_read(bytes.bytes, bytes.size, event)) {
        (void)fprintf(stderr, "%.*s: its decision came in a form that this version cannot read\n",
                      SPAN_ARGUMENTS(id));
        sending->undecided++;
        return;
    }
    const struct span word = {event->outcome, (uint32_t)strlen(event->outcome)};
    if (!outcome_of(word, &outcome) || outcome == OUTCOME_LATE || outcome == OUTCOME_REJECTED) {
        sending->refused++; /* an answer has no outcome */
    } else if (outcome == OUTCOME_SOLD_OUT) {
        sending->sold_out++;
    } else {
        sending->granted++;
    }
    sending->print(sending, event, bytes);
    (void)fflush(stdout); /* whoever reads them may wait for this one */
}

static void note_undecided(void *self, struct span id)
{
    struct sending *sending = self;
    sending->undecided++;
    (void)fprintf(stderr,
                  "%.*s: no decision in time; its lane decides it, unless only the reply was lost: "
                  "till show %.*s\n",
                  SPAN_ARGUMENTS(id), SPAN_ARGUMENTS(id));
}

bool sending_open(struct sending *sending, const struct invocation *invocation,
                  uint32_t wait_seconds, sending_print *print, struct error *error)
{
    struct amqp_url url;
    const struct config *config = invocation->config;
    const struct submitter_sink sink = {note_accepted, note_decided, note_undecided, sending};
    sending->config = config;
    sending->print = print == NULL ? sending_print_event : print;
    sending->waits = wait_seconds > 0;
    sending->asks_database = true;
    return amqp_url_load(config, &url, error) &&
           submitter_open(&sending->submitter, &url, config->namespace.value,
                          (int64_t)wait_seconds * 1000, &sink, error);
}

void sending_close(struct sending *sending)
{
    submitter_close(&sending->submitter);
    postgres_close(&sending->postgres);
}

bool sending_parse(struct sending *sending, struct span body, struct job *job, struct error *error)
{
    struct job_fault fault;
    arena_init(&sending->arena, sending->memory, sizeof sending->memory);
    if (job_parse(body, SPAN_NONE, &sending->arena, job, &fault)) {
        return true;
    }
    return error_set(error, ERROR_USAGE, "this is no job: %.*s%s%.*s",
                     SPAN_ARGUMENTS(fault.pointer), fault.pointer.size == 0 ? "" : " ",
                     SPAN_ARGUMENTS(fault.text));
}

/* What the database says of the hold or sale. Without a database the job still arrives. */
static bool ask_slot(struct sending *sending, struct span id, uint32_t *slot)
{
    char text[JOB_EXPIRE_ID_MAX + 1];
    const char *const parameters[] = {text};
    struct error error = {0};
    PGresult *result;
    (void)snprintf(text, sizeof text, "%.*s", SPAN_ARGUMENTS(id));
    if (sending->postgres.connection == NULL &&
        !postgres_open(&sending->postgres, sending->config, POSTGRES_COMMAND, "submit", &error)) {
        goto out;
    }
    if (!postgres_query(&sending->postgres, "SELECT slot FROM decision WHERE id = $1::text", 1,
                        parameters, &result, &error)) {
        goto out;
    }
    const bool found = PQntuples(result) == 1;
    if (found) {
        *slot = (uint32_t)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
    }
    PQclear(result);
    return found;
out:
    sending->asks_database = false;
    (void)fprintf(stderr,
                  "the routing key of a hold or sale is taken from its id, for the database cannot "
                  "be asked: %s\n",
                  error.text);
    return false;
}

static uint32_t slot_for(struct sending *sending, const struct job *job)
{
    uint32_t slot = slot_of_job(job);
    const struct span named = span_absent(job->hold) ? job->sale : job->hold;
    if (!span_absent(named) && sending->asks_database) {
        (void)ask_slot(sending, named, &slot); /* not known: the slot of its id stays */
    }
    return slot;
}

bool sending_add(struct sending *sending, const struct job *job, struct span body,
                 struct error *error)
{
    const uint32_t slot = slot_for(sending, job);
    while (submitter_full(&sending->submitter) || sending->submitter.rabbit.blocked) {
        if (!submitter_turn(&sending->submitter, TURN_MS, error)) {
            return false;
        }
    }
    sending->sent++;
    return submitter_send(&sending->submitter, job, body, slot, error);
}

bool sending_finish(struct sending *sending, struct error *error)
{
    while (submitter_pending(&sending->submitter) > 0) {
        if (!submitter_turn(&sending->submitter, TURN_MS, error)) {
            return false;
        }
    }
    return true;
}

enum exit_status sending_status(const struct sending *sending)
{
    if (sending->undecided > 0) {
        return STATUS_TIMED_OUT;
    }
    if (sending->refused > 0) {
        return STATUS_NEGATIVE;
    }
    return sending->sold_out > 0 ? STATUS_SOLD_OUT : STATUS_DONE;
}
