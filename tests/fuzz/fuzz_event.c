/* SPDX-License-Identifier: Apache-2.0
 *
 * Any decision as an event: the input's bytes choose its fields. The event is the same both times
 * it is written, json-c reads it, and finds in it what the decision says. */
#include "common/contract/event.h"

#include <string.h>

#include <json-c/json.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"
#include "common/contract/names.h"
#include "tests/fuzz/fuzz.h"

#define ITEMS_MAX 8u

static char memory[2][EVENT_MEMORY_MAX];
static char texts[64 * 1024];

/* The input, byte by byte; zeros when it is at its end. */
struct draw {
    const uint8_t *at;
    const uint8_t *end;
    struct arena texts;
};

static uint8_t draw_byte(struct draw *draw)
{
    return draw->at < draw->end ? *draw->at++ : 0;
}

static uint32_t draw_below(struct draw *draw, uint32_t bound)
{
    return draw_byte(draw) % bound;
}

static int64_t draw_number(struct draw *draw)
{
    uint64_t number = 0;
    for (uint32_t i = draw_below(draw, 9); i > 0; i--) {
        number = number << 8 | draw_byte(draw);
    }
    return (int64_t)number;
}

static instant draw_instant(struct draw *draw)
{
    const int64_t number = draw_number(draw);
    return number < INSTANT_MIN || number > INSTANT_MAX ? INSTANT_NONE : number;
}

/* Up to 63 characters, each chosen by a byte. */
static struct span draw_text(struct draw *draw)
{
    static const char *const characters[] = {
        "\"",
        "\\",
        "/",
        "\b",
        "\f",
        "\n",
        "\r",
        "\t",
        "a",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "'",
        " ",
        "0",
        "\x01",
        "\x1f",
        "\x7f",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x8e\x81",
        "A",
        "~",
        "u",
        "#",
        "\xc2\x80",
        "\xe2\x80\xa8",
        "\xef\xbf\xbf",
        "\xf4\x8f\xbf\xbf",
    };
    struct text text;
    ENSURE(arena_text_begin(&draw->texts, &text));
    for (uint32_t i = draw_below(draw, 64); i > 0; i--) {
        text_put(&text, characters[draw_byte(draw) % 32]);
    }
    ENSURE(arena_text_end(&draw->texts, &text));
    return (struct span){text.bytes, (uint32_t)text.size};
}

static struct span draw_maybe(struct draw *draw)
{
    return draw_byte(draw) % 2 == 0 ? SPAN_NONE : draw_text(draw);
}

static uint32_t draw_items(struct draw *draw, struct decision_item *items)
{
    const uint32_t count = draw_below(draw, ITEMS_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        items[i] = (struct decision_item){.sku = draw_text(draw),
                                          .qty = draw_number(draw),
                                          .moved = draw_byte(draw) % 2 == 0,
                                          .version = draw_number(draw),
                                          .available = draw_number(draw)};
    }
    return count;
}

static uint32_t draw_faults(struct draw *draw, struct fault *faults)
{
    const uint32_t count = draw_below(draw, ITEMS_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        faults[i] = (struct fault){.sku = draw_text(draw),
                                   .reason = (enum reason)(1 + draw_below(draw, REASON_COUNT - 1)),
                                   .wanted = draw_number(draw),
                                   .available = draw_number(draw),
                                   .held = draw_number(draw),
                                   .limit = draw_number(draw),
                                   .taken = draw_number(draw),
                                   .version = draw_number(draw),
                                   .opens_at = draw_instant(draw),
                                   .closes_at = draw_instant(draw)};
    }
    return count;
}

static struct decision draw_decision(struct draw *draw, struct decision_item *items,
                                     struct decision_item *released, struct fault *faults)
{
    const enum outcome outcome = (enum outcome)draw_below(draw, OUTCOME_COUNT);
    const uint32_t reason = 1 + draw_below(draw, REASON_COUNT - 1);
    return (struct decision){
        .job = draw_text(draw),
        .kind = (enum kind)draw_below(draw, KIND_COUNT),
        .outcome = outcome,
        .reason = outcome == OUTCOME_REJECTED ? (enum reason)reason : REASON_NONE,
        .form = EVENT_FORM,
        .ref = draw_maybe(draw),
        .customer = draw_maybe(draw),
        .store = draw_maybe(draw),
        .pool = draw_maybe(draw),
        .slot = (uint32_t)draw_number(draw) % SLOTS,
        .items = items,
        .item_count = draw_items(draw, items),
        .faults = faults,
        .fault_count = draw_faults(draw, faults),
        .hold = draw_maybe(draw),
        .sale = draw_maybe(draw),
        .expires_at = draw_instant(draw),
        .retaken = draw_byte(draw) % 2 == 0,
        .by = draw_maybe(draw),
        .replaces = draw_maybe(draw),
        .released_items = released,
        .released_count = draw_items(draw, released),
        .decided_at = draw_instant(draw),
        .meta = draw_byte(draw) % 2 == 0 ? SPAN_NONE : SPAN_OF("{ \"m\" : [ 1.50, null ] }"),
    };
}

static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *value;
    ENSURE(json_object_object_get_ex(object, key, &value));
    return value;
}

static void same_text(struct json_object *object, const char *key, struct span expected)
{
    struct json_object *value = member(object, key);
    if (span_absent(expected)) {
        ENSURE(value == NULL);
        return;
    }
    ENSURE(json_object_is_type(value, json_type_string));
    const struct span found = {json_object_get_string(value),
                               (uint32_t)json_object_get_string_len(value)};
    ENSURE(span_equal(found, expected));
}

static void same_word(struct json_object *object, const char *key, const char *expected)
{
    same_text(object, key,
              expected == NULL ? SPAN_NONE : (struct span){expected, (uint32_t)strlen(expected)});
}

static void same_number(struct json_object *object, const char *key, int64_t expected)
{
    struct json_object *value = member(object, key);
    ENSURE(json_object_is_type(value, json_type_int));
    ENSURE(json_object_get_int64(value) == expected);
}

static void same_figure(struct json_object *object, const char *key, int64_t expected)
{
    if (expected == FIGURE_NONE) {
        ENSURE(!json_object_object_get_ex(object, key, NULL));
    } else {
        same_number(object, key, expected);
    }
}

static void same_instant(struct json_object *object, const char *key, instant expected)
{
    struct json_object *value = member(object, key);
    if (expected == INSTANT_NONE) {
        ENSURE(value == NULL);
        return;
    }
    instant found;
    const struct span text = {json_object_get_string(value), INSTANT_TEXT_SIZE};
    ENSURE(json_object_get_string_len(value) == (int)INSTANT_TEXT_SIZE);
    ENSURE(instant_parse(text, &found));
    ENSURE(found == expected);
}

static void same_items(struct json_object *array, const struct decision_item *items, uint32_t count)
{
    ENSURE(json_object_array_length(array) == count);
    for (uint32_t i = 0; i < count; i++) {
        struct json_object *item = json_object_array_get_idx(array, i);
        same_text(item, "sku", items[i].sku);
        same_number(item, "qty", items[i].qty);
        ENSURE(json_object_object_get_ex(item, "version", NULL) == items[i].moved);
        if (items[i].moved) {
            same_number(item, "version", items[i].version);
            same_number(item, "available", items[i].available);
        }
    }
}

static void same_faults(struct json_object *array, const struct decision *decision)
{
    ENSURE(json_object_array_length(array) == decision->fault_count);
    for (uint32_t i = 0; i < decision->fault_count; i++) {
        struct json_object *found = json_object_array_get_idx(array, i);
        const struct fault *fault = &decision->faults[i];
        same_text(found, "sku", fault->sku);
        same_word(found, "reason", reason_text(fault->reason));
        same_number(found, "wanted", fault->wanted);
        same_figure(found, "available", fault->available);
        same_figure(found, "held", fault->held);
        same_figure(found, "limit", fault->limit);
        same_figure(found, "taken", fault->taken);
        same_figure(found, "version", fault->version);
        ENSURE(json_object_object_get_ex(found, "opens_at", NULL) ==
               (fault->opens_at != INSTANT_NONE));
        if (fault->closes_at != INSTANT_NONE) {
            same_instant(found, "closes_at", fault->closes_at);
        }
    }
}

static void same_data(struct json_object *data, const struct decision *decision)
{
    same_text(data, "job", decision->job);
    same_word(data, "kind", kind_text(decision->kind));
    same_word(data, "outcome", outcome_text(decision->outcome));
    same_word(data, "reason", reason_text(decision->reason));
    same_text(data, "ref", decision->ref);
    same_text(data, "customer", decision->customer);
    same_text(data, "store", decision->store);
    same_text(data, "pool", decision->pool);
    same_items(member(data, "items"), decision->items, decision->item_count);
    same_faults(member(data, "faults"), decision);
    same_text(data, "hold", decision->hold);
    same_text(data, "sale", decision->sale);
    same_instant(data, "expires_at", decision->expires_at);
    ENSURE((member(data, "meta") == NULL) == span_absent(decision->meta));
    ENSURE(json_object_object_get_ex(data, "retaken", NULL) == decision->retaken);
    ENSURE(json_object_object_get_ex(data, "by", NULL) == !span_absent(decision->by));
    if (!span_absent(decision->replaces)) {
        struct json_object *replaces = member(data, "replaces");
        same_text(replaces, "hold", decision->replaces);
        same_items(member(replaces, "items"), decision->released_items, decision->released_count);
    }
}

static void read_back(const struct event *event, const struct decision *decision)
{
    struct json_tokener *tokener = json_tokener_new();
    ENSURE(tokener != NULL);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object =
        json_tokener_parse_ex(tokener, event->body.bytes, (int)event->body.size);
    const enum json_tokener_error status = json_tokener_get_error(tokener);
    ENSURE(status == json_tokener_success);
    ENSURE(json_tokener_get_parse_end(tokener) == event->body.size);
    same_text(object, "id", event->id);
    same_instant(object, "time", decision->decided_at);
    same_data(member(object, "data"), decision);
    (void)json_object_put(object); /* it says whether it was the last reference */
    json_tokener_free(tokener);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct draw draw = {.at = data, .end = data + size};
    struct decision_item items[ITEMS_MAX];
    struct decision_item released[ITEMS_MAX];
    struct fault faults[ITEMS_MAX];
    struct arena arena;
    struct event first;
    struct event second;
    arena_init(&draw.texts, texts, sizeof texts);
    const struct decision decision = draw_decision(&draw, items, released, faults);

    arena_init(&arena, memory[0], sizeof memory[0]);
    ENSURE(event_of_decision("till", &decision, &arena, &first));
    read_back(&first, &decision);

    /* In less room than it needs it is not there at all; in just enough it is the same. */
    const size_t needed = arena_mark(&arena);
    arena_init(&arena, memory[1], needed - 1 - draw_byte(&draw) % needed);
    ENSURE(!event_of_decision("till", &decision, &arena, &second));
    ENSURE(arena_mark(&arena) == 0);
    arena_init(&arena, memory[1], needed);
    ENSURE(event_of_decision("till", &decision, &arena, &second));
    ENSURE(span_equal(first.body, second.body));
    ENSURE(span_equal(first.routing_key, second.routing_key));
    return 0;
}
