/* SPDX-License-Identifier: Apache-2.0
 *
 * A queue with one window of unacknowledged jobs, and a list of what was published. */
#include <string.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"
#include "tests/support/fakes.h"

enum fault_kind fake_fault(struct fake_calls *calls)
{
    calls->count++;
    calls->waited = 0;
    for (size_t i = 0; i < FAKE_FAULTS_MAX; i++) {
        if (calls->faults[i].at == calls->count) {
            calls->crashed = calls->faults[i].kind >= FAULT_CRASH_BEFORE;
            return calls->faults[i].kind;
        }
    }
    return FAULT_NONE;
}

bool fake_waits(struct fake_calls *calls)
{
    if (calls->waited < calls->waits) {
        calls->waited++;
        return true;
    }
    return false;
}

static bool is_done(enum fault_kind fault)
{
    return fault == FAULT_NONE || fault == FAULT_AFTER || fault == FAULT_CRASH_AFTER;
}

static enum port_answer answer_of(enum fault_kind fault, struct error *error)
{
    if (fault == FAULT_NONE) {
        return PORT_DONE;
    }
    if (fault == FAULT_CRASH_BEFORE || fault == FAULT_CRASH_AFTER) {
        return PORT_WAIT; /* nobody will ask again */
    }
    error_set(error, ERROR_RETRY, "the broker's connection is lost");
    return PORT_FAILED;
}

static struct span keep(struct arena *arena, struct span span)
{
    if (span_absent(span)) {
        return span;
    }
    char *bytes = arena_take_bytes(arena, span.size);
    ENSURE(bytes != NULL);
    memcpy(bytes, span.bytes, span.size);
    return (struct span){bytes, span.size};
}

static enum port_answer subscribe(void *self, struct error *error)
{
    struct fake_broker *broker = self;
    ENSURE(!broker->open && broker->taken == 0 && broker->unconfirmed == 0);
    if (fake_waits(broker->calls)) {
        return PORT_WAIT;
    }
    const enum fault_kind fault = fake_fault(broker->calls);
    if (broker->lost) {
        error_set(error, ERROR_RETRY, "the broker is not there");
        return PORT_FAILED;
    }
    broker->open = is_done(fault);
    broker->tag = 0;
    broker->acknowledged = 0;
    broker->subscriptions += broker->open ? 1 : 0;
    return answer_of(fault, error);
}

static struct fake_job *next_job(struct fake_broker *broker)
{
    for (uint32_t i = 0;
         i < broker->job_count && i < broker->arrived && broker->taken < broker->prefetch; i++) {
        if (!broker->jobs[i].taken && !broker->jobs[i].acknowledged) {
            return &broker->jobs[i];
        }
    }
    return NULL;
}

static void deliver(struct fake_broker *broker, struct fake_job *job, struct arena *arena,
                    struct delivery *delivery)
{
    job->taken = true;
    job->delivery.tag = ++broker->tag;
    broker->taken++;
    broker->takes++;
    *delivery = job->delivery;
    struct span *spans[] = {
        &delivery->body,       &delivery->exchange,     &delivery->routing_key,
        &delivery->message_id, &delivery->type,         &delivery->correlation_id,
        &delivery->reply_to,   &delivery->content_type, &delivery->traceparent};
    ENSURE(arena_room(arena) >= DELIVERY_MEMORY_MAX);
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        *spans[i] = keep(arena, *spans[i]);
    }
}

/* A take that finds nothing is no call that could fail: else there were no last one. */
static enum port_answer take(void *self, struct arena *arena, struct delivery *delivery,
                             struct error *error)
{
    struct fake_broker *broker = self;
    ENSURE(broker->open);
    struct fake_job *job = next_job(broker);
    if (job == NULL) {
        return PORT_WAIT;
    }
    const enum fault_kind fault = fake_fault(broker->calls);
    if (is_done(fault)) {
        deliver(broker, job, arena, delivery);
    }
    return answer_of(fault, error);
}

static bool is_decision(const struct message *message)
{
    return message->target == MESSAGE_EVENT && memcmp(message->type.bytes, "job.", 4) != 0 &&
           memcmp(message->type.bytes, "stoc", 4) != 0;
}

/* Also what is not unique is kept: a copy in an arena that the lane does not use. */
static void record(struct fake_broker *broker, const struct message *message)
{
    ENSURE(broker->message_count < FAKE_MESSAGES_MAX);
    ENSURE((message->target == MESSAGE_DEAD) == (message->dead != NULL));
    if (is_decision(message)) { /* Promise 5. */
        ENSURE(fake_database_decision(broker->database, message->id) != NULL);
    }
    struct fake_message *recorded = &broker->messages[broker->message_count++];
    *recorded = (struct fake_message){.message = *message, .save = broker->database->saves};
    struct message *copy = &recorded->message;
    struct span *spans[] = {&copy->routing_key, &copy->body,           &copy->id,
                            &copy->type,        &copy->correlation_id, &copy->traceparent};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        *spans[i] = keep(broker->arena, *spans[i]);
    }
    if (message->dead != NULL) {
        struct dead_letter *dead = arena_take(broker->arena, sizeof *dead);
        ENSURE(dead != NULL);
        *dead = *message->dead;
        dead->error = keep(broker->arena, dead->error);
        copy->dead = dead;
    }
    broker->reply_count += message->target == MESSAGE_REPLY ? 1 : 0;
}

static enum port_answer publish(void *self, const struct message *messages, uint32_t count,
                                struct error *error)
{
    struct fake_broker *broker = self;
    ENSURE(broker->open && broker->unconfirmed == 0 && count > 0);
    if (fake_waits(broker->calls)) {
        return PORT_WAIT;
    }
    const enum fault_kind fault = fake_fault(broker->calls);
    if (broker->refuses_events) {
        error_set(error, ERROR_RETRY, "the broker refuses events");
        return PORT_FAILED;
    }
    /* A connection that is lost meanwhile has taken some of them. */
    const uint32_t recorded = fault == FAULT_AFTER ? (count + 1) / 2 : count;
    for (uint32_t i = 0; is_done(fault) && i < recorded; i++) {
        record(broker, &messages[i]);
    }
    broker->publishes++;
    broker->unconfirmed = fault == FAULT_NONE ? count : 0;
    return answer_of(fault, error);
}

static enum port_answer confirm(void *self, struct error *error)
{
    struct fake_broker *broker = self;
    ENSURE(broker->open && broker->unconfirmed > 0);
    if (broker->confirm_waits > 0) {
        broker->confirm_waits -= broker->confirm_waits == UINT32_MAX ? 0 : 1;
        return PORT_WAIT;
    }
    if (fake_waits(broker->calls)) {
        return PORT_WAIT;
    }
    const enum fault_kind fault = fake_fault(broker->calls);
    if (broker->confirm_losses > 0) {
        broker->confirm_losses--;
        error_set(error, ERROR_RETRY, "no confirm came");
        return PORT_FAILED;
    }
    if (fault == FAULT_NONE) {
        for (uint32_t i = 0; i < broker->unconfirmed; i++) {
            broker->messages[broker->message_count - 1 - i].confirmed = true;
        }
        broker->unconfirmed = 0;
        broker->confirms++;
    }
    return answer_of(fault, error);
}

/* Promise 4: what is acknowledged is confirmed, or was told of before with a confirm; so nothing
 * of a part is under way when it is acknowledged. */
static enum port_answer acknowledge(void *self, uint64_t tag, struct error *error)
{
    struct fake_broker *broker = self;
    ENSURE(broker->open && broker->unconfirmed == 0);
    ENSURE(tag > broker->acknowledged && tag <= broker->tag);
    if (fake_waits(broker->calls)) {
        return PORT_WAIT;
    }
    const enum fault_kind fault = fake_fault(broker->calls);
    for (uint32_t i = 0; is_done(fault) && i < broker->job_count; i++) {
        struct fake_job *job = &broker->jobs[i];
        if (job->taken && job->delivery.tag <= tag) {
            job->taken = false;
            job->acknowledged = true;
            broker->taken--;
        }
    }
    broker->acknowledged = tag;
    broker->acks += is_done(fault) ? 1 : 0;
    return answer_of(fault, error);
}

static void give_back(void *self)
{
    struct fake_broker *broker = self;
    for (uint32_t i = 0; i < broker->job_count; i++) {
        struct fake_job *job = &broker->jobs[i];
        job->delivery.delivery_count += job->taken ? 1 : 0;
        job->taken = false;
    }
    broker->give_backs += broker->open ? 1 : 0;
    broker->open = false;
    broker->taken = 0;
    broker->unconfirmed = 0;
    broker->calls->waited = 0;
}

static const struct broker_ops ops = {
    .subscribe = subscribe,
    .take = take,
    .publish = publish,
    .confirm = confirm,
    .acknowledge = acknowledge,
    .give_back = give_back,
};

void fake_broker_init(struct fake_broker *broker, struct fake_calls *calls, struct arena *arena)
{
    memset(broker, 0, sizeof *broker);
    broker->calls = calls;
    broker->arena = arena;
    broker->arrived = FAKE_JOBS_MAX;
    broker->prefetch = BATCHES * BATCH_JOBS_MAX;
}

struct broker fake_broker_port(struct fake_broker *broker)
{
    return (struct broker){&ops, broker};
}

struct delivery *fake_broker_add(struct fake_broker *broker, struct span body)
{
    ENSURE(broker->job_count < FAKE_JOBS_MAX);
    struct fake_job *job = &broker->jobs[broker->job_count++];
    job->delivery = (struct delivery){
        .size = body.size,
        .body = keep(broker->arena, body),
        .exchange = SPAN_OF("till.jobs"),
        .timestamp = TIMESTAMP_NONE,
        .timestamp_in_ms = TIMESTAMP_NONE,
    };
    return &job->delivery;
}
