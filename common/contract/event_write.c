/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes events. Copies are compared by their bytes, also across versions of the program: a change
 * here is a new form (EVENT_FORM), and the old one stays. */
#include "common/contract/event.h"

#include "common/base/limits.h"
#include "common/contract/json_write.h"
#include "common/contract/names.h"

#define SPEC_VERSION "1.0"
#define DATA_SCHEMA  "urn:till:event:1"

/* A member that every event has just so. */
#define MEMBER(key, value) SPAN_OF("\"" key "\":\"" value "\"")

static inline struct span word_of(const char *word)
{
    return (struct span){word, (uint32_t)strlen(word)};
}

/* Builds one text of an event in the arena. */
static bool text_keep(struct arena *arena, const struct text *text, struct span *kept)
{
    if (!arena_text_end(arena, text)) {
        return false;
    }
    *kept = (struct span){text->bytes, (uint32_t)text->size};
    return true;
}

/* The routing key, and the type, which is its beginning. */
static bool put_key(struct arena *arena, const char *first, const char *second, struct span third,
                    struct event *event)
{
    struct text text;
    if (!arena_text_begin(arena, &text)) {
        return false;
    }
    text_put(&text, first);
    text_put(&text, ".");
    text_put(&text, second);
    event->type = (struct span){text.bytes, (uint32_t)text.size};
    text_put(&text, ".");
    text_put_bytes(&text, third.bytes, third.size);
    return text_keep(arena, &text, &event->routing_key);
}

/* The members of the envelope up to time; part is what the source has behind the namespace. */
static void write_head(struct json *json, const char *namespace, const char *part,
                       const struct event *event, struct span subject)
{
    json_object(json);
    json_verbatim(json, MEMBER("specversion", SPEC_VERSION));
    json_member_span(json, "id", event->id);
    json_key(json, "source");
    json_joined(json, (const struct span[]){SPAN_OF("/"), word_of(namespace), word_of(part)}, 3);
    json_key(json, "type");
    json_joined(json, (const struct span[]){SPAN_OF("till."), event->type}, 2);
    if (!span_absent(subject)) {
        json_member_span(json, "subject", subject);
    }
    json_verbatim(json, MEMBER("dataschema", DATA_SCHEMA));
}

static void write_data_type(struct json *json)
{
    json_verbatim(json, MEMBER("datacontenttype", "application/json"));
    json_key(json, "data");
}

/* A member whose value is one of our words; NULL: null. */
static inline void write_word(struct json *json, const char *key, const char *value)
{
    json_key(json, key);
    if (value == NULL) {
        json_null(json);
        return;
    }
    json_word(json, word_of(value));
}

static void write_items(struct json *json, const char *key, const struct decision_item *items,
                        uint32_t count)
{
    json_key(json, key);
    json_array(json);
    for (uint32_t i = 0; i < count; i++) {
        json_object(json);
        json_member_span(json, "sku", items[i].sku);
        json_member_integer(json, "qty", items[i].qty);
        if (items[i].moved) {
            json_member_integer(json, "version", items[i].version);
            json_member_integer(json, "available", items[i].available);
        }
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_figure(struct json *json, const char *key, int64_t figure)
{
    if (figure != FIGURE_NONE) {
        json_member_integer(json, key, figure);
    }
}

static void write_fault(struct json *json, const struct fault *fault)
{
    json_object(json);
    json_member_span(json, "sku", fault->sku);
    write_word(json, "reason", reason_text(fault->reason));
    json_member_integer(json, "wanted", fault->wanted);
    write_figure(json, "available", fault->available);
    write_figure(json, "held", fault->held);
    write_figure(json, "limit", fault->limit);
    write_figure(json, "taken", fault->taken);
    if (fault->opens_at != INSTANT_NONE) {
        json_member_instant(json, "opens_at", fault->opens_at);
    }
    if (fault->closes_at != INSTANT_NONE) {
        json_member_instant(json, "closes_at", fault->closes_at);
    }
    write_figure(json, "version", fault->version);
    json_object_end(json);
}

static void write_faults(struct json *json, const struct decision *decision)
{
    json_key(json, "faults");
    json_array(json);
    for (uint32_t i = 0; i < decision->fault_count; i++) {
        write_fault(json, &decision->faults[i]);
    }
    json_array_end(json);
}

/* The slot in decimal, as a text. */
static void write_slot(struct json *json, uint32_t slot)
{
    char digits[sizeof "1023"];
    struct text text;
    ENSURE(slot < SLOTS);
    text_init(&text, digits, sizeof digits);
    text_put_integer(&text, slot);
    write_word(json, "routing_key", digits);
}

/* Members that only some decisions have. */
static void write_rest(struct json *json, const struct decision *decision)
{
    if (decision->retaken) {
        json_member_boolean(json, "retaken", true);
    }
    if (!span_absent(decision->replaces)) {
        json_key(json, "replaces");
        json_object(json);
        json_member_span(json, "hold", decision->replaces);
        write_items(json, "items", decision->released_items, decision->released_count);
        json_object_end(json);
    }
    if (!span_absent(decision->by)) {
        json_member_span(json, "by", decision->by);
    }
}

static void write_decision(struct json *json, const struct decision *decision)
{
    json_object(json);
    json_member_span(json, "job", decision->job);
    write_word(json, "kind", kind_text(decision->kind));
    write_word(json, "outcome", outcome_text(decision->outcome));
    write_word(json, "reason", reason_text(decision->reason));
    json_member_span(json, "ref", decision->ref);
    json_member_span(json, "customer", decision->customer);
    json_member_span(json, "store", decision->store);
    json_member_span(json, "pool", decision->pool);
    write_slot(json, decision->slot);
    write_items(json, "items", decision->items, decision->item_count);
    write_faults(json, decision);
    json_member_span(json, "hold", decision->hold);
    json_member_span(json, "sale", decision->sale);
    json_member_instant(json, "expires_at", decision->expires_at);
    json_member_verbatim(json, "meta", decision->meta);
    write_rest(json, decision);
    json_object_end(json);
}

static struct span or_default(struct span text, struct span otherwise)
{
    return span_absent(text) ? otherwise : text;
}

/* The third word of a decision's routing key. */
static struct span where(const struct decision *decision)
{
    return kind_is_stock(decision->kind) ? or_default(decision->pool, SPAN_OF(JOB_POOL_DEFAULT))
                                         : or_default(decision->store, SPAN_OF(JOB_STORE_DEFAULT));
}

static bool make_decision(const char *namespace, const struct decision *decision,
                          struct arena *arena, struct event *event)
{
    struct text text;
    event->id = decision->job;
    event->job = decision->job;
    if (!put_key(arena, kind_text(decision->kind), outcome_text(decision->outcome), where(decision),
                 event) ||
        !arena_text_begin(arena, &text)) {
        return false;
    }
    struct json json = json_on(&text);
    write_head(&json, namespace, "", event,
               decision->item_count > 0 ? decision->items[0].sku : SPAN_NONE);
    json_member_instant(&json, "time", decision->decided_at);
    write_data_type(&json);
    write_decision(&json, decision);
    json_object_end(&json);
    return text_keep(arena, &text, &event->body);
}

static bool make_answer(const char *namespace, const struct answer *answer, struct arena *arena,
                        struct event *event)
{
    struct text text;
    event->job = answer->job;
    if (!put_key(arena, "job", answer_reason_text(answer->reason),
                 or_default(answer->store, SPAN_OF(JOB_STORE_DEFAULT)), event) ||
        !arena_text_begin(arena, &text)) {
        return false;
    }
    text_put_bytes(&text, answer->job.bytes, answer->job.size);
    text_format(&text, "#%08x", answer->crc);
    if (!text_keep(arena, &text, &event->id) || !arena_text_begin(arena, &text)) {
        return false;
    }
    struct json json = json_on(&text);
    write_head(&json, namespace, "/answers", event, SPAN_NONE);
    write_data_type(&json);
    json_object(&json);
    json_member_span(&json, "job", answer->job);
    json_member_span(&json, "kind", answer->kind);
    json_member_string(&json, "reason", answer_reason_text(answer->reason));
    json_key(&json, "error");
    json_object(&json);
    json_member_span(&json, "pointer", answer->pointer);
    json_member_span(&json, "text", answer->text);
    json_object_end(&json);
    json_object_end(&json);
    json_object_end(&json);
    return text_keep(arena, &text, &event->body);
}

static const char *const stock_words[] = {
    [STOCK_CHANGED] = "changed",
    [STOCK_OUT] = "out",
    [STOCK_BACK] = "back",
};

static bool make_stock(const char *namespace, enum stock_news news, int64_t version,
                       const struct stock_report *report, struct arena *arena, struct event *event)
{
    struct text text;
    event->job = SPAN_NONE;
    if (!put_key(arena, "stock", stock_words[news], report->pool, event) ||
        !arena_text_begin(arena, &text)) {
        return false;
    }
    text_put_bytes(&text, report->pool.bytes, report->pool.size);
    text_put(&text, "/");
    text_put_bytes(&text, report->sku.bytes, report->sku.size);
    text_put(&text, "@");
    text_put_integer(&text, version);
    if (news != STOCK_CHANGED) {
        text_put(&text, "/");
        text_put(&text, stock_words[news]);
    }
    if (!text_keep(arena, &text, &event->id) || !arena_text_begin(arena, &text)) {
        return false;
    }
    struct json json = json_on(&text);
    write_head(&json, namespace, "/stock", event, report->sku);
    write_data_type(&json);
    json_object(&json);
    json_member_span(&json, "pool", report->pool);
    json_member_span(&json, "sku", report->sku);
    json_member_integer(&json, "unsold", report->unsold);
    json_member_integer(&json, "held", report->held);
    json_member_integer(&json, "available", report->unsold - report->held);
    json_member_integer(&json, "version", report->version);
    json_object_end(&json);
    json_object_end(&json);
    return text_keep(arena, &text, &event->body);
}

bool event_of_decision(const char *namespace, const struct decision *decision, struct arena *arena,
                       struct event *event)
{
    ENSURE(decision->form == EVENT_FORM);
    ENSURE((decision->outcome == OUTCOME_REJECTED) == (decision->reason != REASON_NONE));
    const size_t mark = arena_mark(arena);
    struct event result;
    if (!make_decision(namespace, decision, arena, &result)) {
        arena_rewind(arena, mark);
        return false;
    }
    *event = result;
    return true;
}

bool event_of_answer(const char *namespace, const struct answer *answer, struct arena *arena,
                     struct event *event)
{
    ENSURE(!span_absent(answer->job));
    const size_t mark = arena_mark(arena);
    struct event result;
    if (!make_answer(namespace, answer, arena, &result)) {
        arena_rewind(arena, mark);
        return false;
    }
    *event = result;
    return true;
}

bool event_of_stock(const char *namespace, enum stock_news news, int64_t version,
                    const struct stock_report *report, struct arena *arena, struct event *event)
{
    ENSURE(report->held >= 0 && report->held <= report->unsold);
    ENSURE(version >= 1 && version <= report->version);
    const size_t mark = arena_mark(arena);
    struct event result;
    if (!make_stock(namespace, news, version, report, arena, &result)) {
        arena_rewind(arena, mark);
        return false;
    }
    *event = result;
    return true;
}
