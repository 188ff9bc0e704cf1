/* SPDX-License-Identifier: Apache-2.0
 *
 * Events, answers, replies and dead letters of a part, and the news of the stock that it moved.
 *
 * Promise 5: nothing is composed before the part is saved, and a decision's event is written from
 * what is recorded, so that all its copies are the same. */
#include "worker/lane/announce.h"

#include <string.h>

#include "common/contract/event.h"
#include "common/contract/names.h"
#include "till/slot.h"

/* Of one job: event, reply, dead letter; or an edge and a change for each SKU, a replaced hold's
 * included. */
#define MESSAGES_A_STEP (2u * 2u * JOB_ITEMS_MAX)
#define MESSAGES_MAX    1536u /* at once */
_Static_assert(MESSAGES_A_STEP >= 3 && MESSAGES_MAX >= MESSAGES_A_STEP, "a step must fit");

struct composer {
    struct batch *batch;
    const char *namespace;
};

static struct message *add(struct composer *composer, struct message message)
{
    struct batch *batch = composer->batch;
    ENSURE(batch->message_count < MESSAGES_MAX);
    struct message *added = &batch->messages[batch->message_count++];
    *added = message;
    return added;
}

/* A job must not aim the worker at a queue of its choice. */
static bool reply_allowed(const struct composer *composer, struct span reply_to)
{
    static const char direct[] = "amq.rabbitmq.reply-to.";
    static const char own[] = ".reply.";
    const size_t namespace_size = strlen(composer->namespace);
    if (span_absent(reply_to)) {
        return false;
    }
    if (reply_to.size > sizeof direct - 1 &&
        memcmp(reply_to.bytes, direct, sizeof direct - 1) == 0) {
        return true;
    }
    return reply_to.size > namespace_size + sizeof own - 1 &&
           memcmp(reply_to.bytes, composer->namespace, namespace_size) == 0 &&
           memcmp(reply_to.bytes + namespace_size, own, sizeof own - 1) == 0;
}

static struct span correlation(const struct delivery *delivery, const struct event *event)
{
    return span_absent(delivery->correlation_id) ? event->job : delivery->correlation_id;
}

static void add_event(struct composer *composer, const struct delivery *delivery,
                      const struct event *event, instant time, bool repeat)
{
    struct message *message = add(composer, (struct message){
                                                .target = MESSAGE_EVENT,
                                                .routing_key = event->routing_key,
                                                .body = event->body,
                                                .id = event->id,
                                                .correlation_id = correlation(delivery, event),
                                                .type = event->type,
                                                .traceparent = delivery->traceparent,
                                                .time = time,
                                                .repeat = repeat,
                                            });
    if (reply_allowed(composer, delivery->reply_to)) {
        struct message reply = *message;
        reply.target = MESSAGE_REPLY;
        reply.routing_key = delivery->reply_to;
        add(composer, reply);
    }
}

static bool compose_answer(struct composer *composer, const struct taken *taken,
                           struct answer answer)
{
    struct event event;
    const struct span body = taken->delivery.body;
    answer.crc = till_crc32(body.bytes, body.size);
    if (!event_of_answer(composer->namespace, &answer, &composer->batch->arena, &event)) {
        return false;
    }
    add_event(composer, &taken->delivery, &event, INSTANT_NONE, false);
    return true;
}

static bool compose_dead(struct composer *composer, const struct taken *taken,
                         enum dead_reason reason)
{
    struct dead_letter *dead = arena_take(&composer->batch->arena, sizeof *dead);
    if (dead == NULL) {
        return false;
    }
    *dead = (struct dead_letter){reason, taken->fault.text, &taken->delivery};
    add(composer, (struct message){
                      .target = MESSAGE_DEAD,
                      .routing_key = taken->delivery.routing_key,
                      .body = taken->delivery.body,
                      .id = taken->delivery.message_id,
                      .correlation_id = taken->delivery.correlation_id,
                      .type = taken->delivery.type,
                      .traceparent = taken->delivery.traceparent,
                      .time = INSTANT_NONE,
                      .dead = dead,
                  });
    return true;
}

/* Malformed or parked: put aside, and answered where there is an id to answer. */
static bool compose_put_aside(struct composer *composer, const struct taken *taken)
{
    const bool malformed = taken->kind == TAKEN_MALFORMED;
    if (!compose_dead(composer, taken, malformed ? DEAD_MALFORMED : taken->dead)) {
        return false;
    }
    if (span_absent(taken->glimpse.id)) {
        return true;
    }
    return compose_answer(composer, taken,
                          (struct answer){
                              .job = taken->glimpse.id,
                              .reason = malformed ? ANSWER_MALFORMED : ANSWER_PARKED,
                              .kind = taken->glimpse.kind,
                              .store = taken->glimpse.store,
                              .pointer = malformed ? taken->fault.pointer : SPAN_NONE,
                              .text = taken->fault.text,
                          });
}

static bool compose_decision(struct composer *composer, const struct taken *taken,
                             const struct decision *decision, bool repeat)
{
    struct event event;
    if (!event_of_decision(composer->namespace, decision, &composer->batch->arena, &event)) {
        return false;
    }
    add_event(composer, &taken->delivery, &event, decision->decided_at, repeat);
    return true;
}

static struct span kind_span(enum kind kind)
{
    const char *text = kind_text(kind);
    return (struct span){text, (uint32_t)strlen(text)};
}

static bool compose_result(struct composer *composer, const struct taken *taken)
{
    const struct result *result = &composer->batch->results[taken->entry];
    switch (result->kind) {
    case RESULT_DECISION:
        return compose_decision(composer, taken, &result->decision, false);
    case RESULT_REPEAT:
        return compose_decision(composer, taken, result->repeat, true);
    case RESULT_ANSWER:
        return compose_answer(composer, taken,
                              (struct answer){
                                  .job = taken->job.id,
                                  .reason = result->answer,
                                  .kind = kind_span(taken->job.kind),
                                  .store = taken->job.store,
                              });
    case RESULT_NOTHING:
        break;
    }
    return true;
}

static bool compose_taken(struct composer *composer, const struct taken *taken)
{
    switch (taken->kind) {
    case TAKEN_JOB:
        return compose_result(composer, taken);
    case TAKEN_MALFORMED:
    case TAKEN_PARKED:
        return compose_put_aside(composer, taken);
    case TAKEN_PROBE:
        return true;
    case TAKEN_RAW:
        break;
    }
    ENSURE(!"a part that is saved has looked at each delivery");
    return false;
}

static bool add_news(struct composer *composer, const struct stock *stock, enum stock_news news,
                     int64_t version, bool repeat)
{
    struct event event;
    const struct stock_report report = {
        .pool = stock->pool,
        .sku = stock->sku,
        .unsold = stock->unsold,
        .held = stock->held,
        .version = stock->version,
    };
    if (!event_of_stock(composer->namespace, news, version, &report, &composer->batch->arena,
                        &event)) {
        return false;
    }
    add(composer, (struct message){
                      .target = MESSAGE_EVENT,
                      .routing_key = event.routing_key,
                      .body = event.body,
                      .id = event.id,
                      .correlation_id = SPAN_NONE,
                      .type = event.type,
                      .traceparent = SPAN_NONE,
                      .time = composer->batch->state.now,
                      .repeat = repeat,
                  });
    return true;
}

/* An edge that this item's change was, and the stock as it stands after the batch: told once, by
 * whoever changed it last. Of a repeat nobody knows whether it was told, so it is told again. */
static bool compose_item_news(struct composer *composer, const struct decision *decision,
                              const struct decision_item *item, bool repeat)
{
    if (!item->moved) {
        return true;
    }
    const struct stock *stock = state_stock(&composer->batch->state, decision->pool, item->sku);
    if (stock == NULL) {
        return true; /* a repeat of a job on a hold or sale that was pruned */
    }
    if (item->available == 0 && item->available_before > 0 &&
        !add_news(composer, stock, STOCK_OUT, item->version, repeat)) {
        return false;
    }
    if (item->available > 0 && item->available_before == 0 &&
        !add_news(composer, stock, STOCK_BACK, item->version, repeat)) {
        return false;
    }
    return (!repeat && item->version != stock->version) ||
           add_news(composer, stock, STOCK_CHANGED, stock->version, repeat);
}

static bool compose_news(struct composer *composer, const struct taken *taken)
{
    if (taken->kind != TAKEN_JOB) {
        return true;
    }
    const struct result *result = &composer->batch->results[taken->entry];
    const bool repeat = result->kind == RESULT_REPEAT;
    if (!repeat && result->kind != RESULT_DECISION) {
        return true;
    }
    const struct decision *decision = repeat ? result->repeat : &result->decision;
    for (uint32_t i = 0; i < decision->item_count; i++) {
        if (!compose_item_news(composer, decision, &decision->items[i], repeat)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < decision->released_count; i++) {
        if (!compose_item_news(composer, decision, &decision->released_items[i], repeat)) {
            return false;
        }
    }
    return true;
}

/* The steps of a part: what became of each job, then the news of the stock that each job moved. */
static bool compose_step(struct composer *composer, uint32_t step)
{
    const struct batch *batch = composer->batch;
    return step < batch->part
               ? compose_taken(composer, &batch->taken[batch->first + step])
               : compose_news(composer, &batch->taken[batch->first + step - batch->part]);
}

static uint32_t step_count(const struct batch *batch)
{
    return 2 * batch->part;
}

bool announce_compose(struct batch *batch, const char *namespace)
{
    struct composer composer = {.batch = batch, .namespace = namespace};
    arena_rewind(&batch->arena, batch->mark_saved);
    batch->message_count = 0;
    batch->composed = batch->announced;
    batch->messages = arena_take(&batch->arena, MESSAGES_MAX * sizeof batch->messages[0]);
    if (batch->messages == NULL) {
        return false;
    }
    while (batch->composed < step_count(batch) &&
           batch->message_count + MESSAGES_A_STEP <= MESSAGES_MAX) {
        const size_t mark = arena_mark(&batch->arena);
        const uint32_t messages = batch->message_count;
        if (!compose_step(&composer, batch->composed)) {
            arena_rewind(&batch->arena, mark);
            batch->message_count = messages;
            break;
        }
        batch->composed++;
    }
    return batch->composed > batch->announced;
}

bool announce_confirmed(struct batch *batch)
{
    ENSURE(batch->composed > batch->announced);
    batch->announced = batch->composed;
    batch->message_count = 0;
    return batch->announced < step_count(batch);
}

bool announce_is_complete(const struct batch *batch)
{
    return batch->composed == step_count(batch);
}
