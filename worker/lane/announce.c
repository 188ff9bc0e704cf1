/* SPDX-License-Identifier: Apache-2.0
 *
 * Events, answers, replies and dead letters of a part, and the news of the stock that it moved.
 *
 * Promise 5: nothing is composed before the part is saved, and a decision's event is written from
 * what is recorded, so that all its copies are the same. */
#include "worker/lane/announce.h"

#include <string.h>

#include "common/contract/address.h"
#include "common/contract/event.h"
#include "common/contract/names.h"
#include "till/slot.h"

/* Of one job: event, reply and dead letter. Of one SKU: an edge and a change. */
#define MESSAGES_OF_ONE 3u

struct composer {
    struct batch *batch;
    const char *namespace;
};

static bool has_room(const struct batch *batch)
{
    return batch->message_count + MESSAGES_OF_ONE <= MESSAGES_MAX;
}

static struct message *add(struct composer *composer, struct message message)
{
    struct batch *batch = composer->batch;
    ENSURE(batch->message_count < MESSAGES_MAX);
    struct message *added = &batch->messages[batch->message_count++];
    *added = message;
    return added;
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
    if (address_takes_replies(composer->namespace, delivery->reply_to)) {
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
    add_event(composer, &taken->delivery, &event, INSTANT_NONE, taken->delivery.delivery_count > 0);
    return true;
}

/* "/items/0/qty must be ...", as the answer has it in two parts. False: there is no room. */
static bool fault_line(const struct job_fault *fault, struct arena *arena, struct span *line)
{
    *line = fault->text;
    if (span_absent(fault->pointer) || fault->pointer.size == 0) {
        return true;
    }
    const uint32_t size = fault->pointer.size + 1 + fault->text.size;
    char *bytes = arena_take_bytes(arena, size);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, fault->pointer.bytes, fault->pointer.size);
    bytes[fault->pointer.size] = ' ';
    memcpy(bytes + fault->pointer.size + 1, fault->text.bytes, fault->text.size);
    *line = (struct span){bytes, size};
    return true;
}

static bool compose_dead(struct composer *composer, const struct taken *taken,
                         enum dead_reason reason)
{
    struct arena *arena = &composer->batch->arena;
    struct dead_letter *dead = arena_take(arena, sizeof *dead);
    struct span why;
    if (dead == NULL || !fault_line(&taken->fault, arena, &why)) {
        return false;
    }
    *dead = (struct dead_letter){reason, why, &taken->delivery};
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

/* What a subscriber can do about it. What the database said is for the operator alone: it may name
 * tables, rows and machines, and stands in the dead letter. */
static struct span parked_text(enum dead_reason reason)
{
    switch (reason) {
    case DEAD_FAILED:
        return SPAN_OF("put aside: the database refused this job; its dead letter says why, and "
                       "it may be sent again under the same id");
    case DEAD_CRASHING:
        return SPAN_OF("put aside: workers crashed over this job; its dead letter says more, and "
                       "it may be sent again under the same id");
    case DEAD_MALFORMED:
    case DEAD_DELIVERY_LIMIT:
        break;
    }
    ENSURE(!"a lane parks for these reasons only");
    return SPAN_NONE;
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
                              .text = malformed ? taken->fault.text : parked_text(taken->dead),
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

static struct span not_allowed_text(struct composer *composer)
{
    struct arena *arena = &composer->batch->arena;
    struct text text;
    if (!arena_text_begin(arena, &text)) {
        return SPAN_NONE;
    }
    text_format(&text, "a stock job must come through %s.stock", composer->namespace);
    return arena_text_end(arena, &text) ? (struct span){text.bytes, (uint32_t)text.size}
                                        : SPAN_NONE;
}

/* Of a job that cannot be decided under its id: the member that is at fault, and how. */
static bool compose_undecided(struct composer *composer, const struct taken *taken,
                              enum answer_reason reason)
{
    const bool reused = reason == ANSWER_ID_REUSED;
    ENSURE(reused || reason == ANSWER_NOT_ALLOWED);
    const struct answer answer = {
        .job = taken->job.id,
        .reason = reason,
        .kind = kind_span(taken->job.kind),
        .store = taken->job.store,
        .pointer = reused ? SPAN_OF("/id") : SPAN_OF("/kind"),
        .text = reused ? SPAN_OF("was the id of another job, whose decision stands")
                       : not_allowed_text(composer),
    };
    return !span_absent(answer.text) && compose_answer(composer, taken, answer);
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
        return compose_undecided(composer, taken, result->answer);
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
    case TAKEN_MARKER:
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

/* How the stock stands after the batch: told once, however many jobs moved it. */
static bool compose_change(struct composer *composer, struct stock *stock, bool repeat)
{
    const uint32_t step = composer->batch->composed.step + 1;
    if (stock->told != 0 && stock->told != step) {
        return true;
    }
    stock->told = step;
    return add_news(composer, stock, STOCK_CHANGED, stock->version,
                    repeat && stock->mark == MARK_SAME);
}

/* The edge that this item's change was, then the stock. Of a repeat nobody knows whether its news
 * were told, so they are told again. */
static bool compose_item_news(struct composer *composer, const struct decision *decision,
                              const struct decision_item *item, bool repeat)
{
    if (!item->moved) {
        return true;
    }
    struct stock *stock = state_stock(&composer->batch->state, decision->pool, item->sku);
    if (stock == NULL) {
        return true; /* a repeat of a job on a hold or sale that was pruned */
    }
    if (item->edge == EDGE_OUT && !add_news(composer, stock, STOCK_OUT, item->version, repeat)) {
        return false;
    }
    if (item->edge == EDGE_BACK && !add_news(composer, stock, STOCK_BACK, item->version, repeat)) {
        return false;
    }
    return compose_change(composer, stock, repeat);
}

static const struct decision *decision_of(const struct result *result)
{
    switch (result->kind) {
    case RESULT_DECISION:
        return &result->decision;
    case RESULT_REPEAT:
        return result->repeat;
    case RESULT_ANSWER:
    case RESULT_NOTHING:
        break;
    }
    return NULL;
}

/* The news of a job's items, and then of the items that it released: as many as there is room for.
 */
static bool compose_news(struct composer *composer, const struct taken *taken)
{
    struct batch *batch = composer->batch;
    uint32_t *news = &batch->composed.news;
    if (taken->kind != TAKEN_JOB || decision_of(&batch->results[taken->entry]) == NULL) {
        return true;
    }
    const struct result *result = &batch->results[taken->entry];
    const struct decision *decision = decision_of(result);
    for (; *news < decision->item_count + decision->released_count; (*news)++) {
        const struct decision_item *item =
            *news < decision->item_count ? &decision->items[*news]
                                         : &decision->released_items[*news - decision->item_count];
        const uint32_t messages = batch->message_count;
        if (!has_room(batch) ||
            !compose_item_news(composer, decision, item, result->kind == RESULT_REPEAT)) {
            batch->message_count = messages;
            return false;
        }
    }
    return true;
}

/* The steps of a part: what became of each job, then the news of the stock that each job moved. */
static bool compose_step(struct composer *composer)
{
    struct batch *batch = composer->batch;
    const uint32_t step = batch->composed.step;
    const uint32_t messages = batch->message_count;
    if (step >= batch->part) {
        return compose_news(composer, &batch->taken[batch->first + step - batch->part]);
    }
    if (!has_room(batch) || !compose_taken(composer, &batch->taken[batch->first + step])) {
        batch->message_count = messages;
        return false;
    }
    return true;
}

static uint32_t step_count(const struct batch *batch)
{
    return 2 * batch->part;
}

static bool is_past(struct announced one, struct announced other)
{
    return one.step > other.step || (one.step == other.step && one.news > other.news);
}

bool announce_has_memory(const struct batch *batch)
{
    return arena_room(&batch->arena) >= ANNOUNCE_MEMORY_MAX;
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
    while (batch->composed.step < step_count(batch) && compose_step(&composer)) {
        batch->composed = (struct announced){batch->composed.step + 1, 0};
    }
    return is_past(batch->composed, batch->announced);
}

bool announce_confirmed(struct batch *batch)
{
    ENSURE(is_past(batch->composed, batch->announced));
    batch->announced = batch->composed;
    batch->message_count = 0;
    return batch->announced.step < step_count(batch);
}
