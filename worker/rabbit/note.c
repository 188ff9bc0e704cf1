/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker writes headers till-..., over none that were there before: it carries over no header of
 * a publisher's. The broker only adds its own, x-death, to those of the publisher. So where x-death
 * is, till-... is a stranger's. */
#include "worker/rabbit/note.h"

#include "worker/rabbit/value.h"

static struct span text_in(struct fields table, struct span name)
{
    struct value value;
    return value_find(table, name, &value) && value.kind == VALUE_TEXT ? value.text : SPAN_NONE;
}

static int64_t number_in(struct fields table, struct span name)
{
    struct value value;
    return value_find(table, name, &value) && value.kind == VALUE_NUMBER ? value.number : 0;
}

/* The latest death stands first. */
static bool latest_death(struct fields headers, struct fields *death)
{
    struct value deaths;
    struct value first;
    if (!value_find(headers, SPAN_OF("x-death"), &deaths) || deaths.kind != VALUE_LIST ||
        !values_left(&deaths.inside) || !value_read(&deaths.inside, &first) ||
        first.kind != VALUE_TABLE) {
        return false;
    }
    *death = first.inside;
    return true;
}

static struct span first_key(struct fields death)
{
    struct value keys;
    struct value first;
    return value_find(death, SPAN_OF("routing-keys"), &keys) && keys.kind == VALUE_LIST &&
                   values_left(&keys.inside) && value_read(&keys.inside, &first) &&
                   first.kind == VALUE_TEXT
               ? first.text
               : SPAN_NONE;
}

static instant time_of_death(struct fields death)
{
    const int64_t seconds = number_in(death, SPAN_OF("time"));
    return seconds <= 0 || seconds > INSTANT_MAX / INSTANT_SECOND ? INSTANT_NONE
                                                                  : seconds * INSTANT_SECOND;
}

static void read_death(struct fields death, struct note *note)
{
    const struct span reason = text_in(death, SPAN_OF("reason"));
    note->by_broker = true;
    note->reason = span_absent(reason) ? SPAN_OF(NOTE_REASON_UNKNOWN) : reason;
    note->error = SPAN_OF("the broker has taken it out of its queue");
    note->exchange = text_in(death, SPAN_OF("exchange"));
    note->key = first_key(death);
    note->time = time_of_death(death);
}

void note_read(struct fields headers, struct note *note)
{
    struct fields death;
    const int64_t replays = number_in(headers, SPAN_OF("till-replays"));
    *note = (struct note){
        .time = INSTANT_NONE,
        .replays = replays < 0            ? 0
                   : replays > UINT32_MAX ? UINT32_MAX
                                          : (uint32_t)replays,
    };
    if (latest_death(headers, &death)) {
        read_death(death, note);
        return;
    }
    const struct span reason = text_in(headers, SPAN_OF("till-reason"));
    const struct span time = text_in(headers, SPAN_OF("till-time"));
    note->reason = span_absent(reason) ? SPAN_OF(NOTE_REASON_UNKNOWN) : reason;
    note->error = text_in(headers, SPAN_OF("till-error"));
    note->exchange = text_in(headers, SPAN_OF("till-exchange"));
    note->key = text_in(headers, SPAN_OF("till-key"));
    note->size = number_in(headers, SPAN_OF("till-size"));
    if (!span_absent(time) && !instant_parse(time, &note->time)) {
        note->time = INSTANT_NONE;
    }
}

/* Tables and lists that are begun and not ended. */
struct nesting {
    struct fields levels[NOTE_DEPTH_MAX];
    bool tables[NOTE_DEPTH_MAX];
    uint32_t depth;
};

static void descend(struct nesting *nesting, struct fields inside, bool table, struct json *json)
{
    if (nesting->depth == NOTE_DEPTH_MAX) {
        json_null(json);
        return;
    }
    nesting->levels[nesting->depth] = inside;
    nesting->tables[nesting->depth++] = table;
    if (table) {
        json_object(json);
    } else {
        json_array(json);
    }
}

static void ascend(struct nesting *nesting, struct json *json)
{
    if (nesting->tables[--nesting->depth]) {
        json_object_end(json);
    } else {
        json_array_end(json);
    }
}

static void write_value(struct nesting *nesting, const struct value *value, struct json *json)
{
    switch (value->kind) {
    case VALUE_TEXT:
    case VALUE_BYTES:
        json_span(json, value->text);
        break;
    case VALUE_NUMBER:
        json_integer(json, value->number);
        break;
    case VALUE_BOOLEAN:
        json_boolean(json, value->number != 0);
        break;
    case VALUE_TABLE:
    case VALUE_LIST:
        descend(nesting, value->inside, value->kind == VALUE_TABLE, json);
        break;
    case VALUE_OTHER:
        json_null(json);
        break;
    }
}

void note_write_headers(struct fields headers, struct json *json)
{
    struct nesting nesting = {.depth = 0};
    descend(&nesting, headers, true, json);
    while (nesting.depth > 0) {
        struct fields *level = &nesting.levels[nesting.depth - 1];
        struct value value;
        if (!values_left(level)) {
            ascend(&nesting, json);
            continue;
        }
        if (nesting.tables[nesting.depth - 1]) {
            json_key_span(json, fields_short_text(level));
        }
        if (value_read(level, &value)) {
            write_value(&nesting, &value, json);
        } else {
            json_null(json);
        }
    }
}
