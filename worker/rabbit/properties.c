/* SPDX-License-Identifier: Apache-2.0
 *
 * Basic properties of AMQP 0-9-1: flags that say which there are, then these, in a fixed order. */
#include "worker/rabbit/properties.h"

#include "worker/rabbit/value.h"

enum {
    FLAG_CONTENT_TYPE = 1 << 15,
    FLAG_CONTENT_ENCODING = 1 << 14,
    FLAG_HEADERS = 1 << 13,
    FLAG_DELIVERY_MODE = 1 << 12,
    FLAG_PRIORITY = 1 << 11,
    FLAG_CORRELATION_ID = 1 << 10,
    FLAG_REPLY_TO = 1 << 9,
    FLAG_EXPIRATION = 1 << 8,
    FLAG_MESSAGE_ID = 1 << 7,
    FLAG_TIMESTAMP = 1 << 6,
    FLAG_TYPE = 1 << 5,
    FLAG_APP_ID = 1 << 3,
    FLAG_MORE = 1 << 0, /* another word of flags follows */
};

#define DELIVERY_MODE_PERSISTENT 2u

static struct span copy(struct arena *arena, struct span text)
{
    char *bytes = arena_take_bytes(arena, text.size);
    ENSURE(bytes != NULL); /* the caller has left room */
    memcpy(bytes, text.bytes, text.size);
    return (struct span){bytes, text.size};
}

static uint32_t count_of(int64_t number)
{
    return number < 0 ? 0 : number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

/* Numbers that we look for among the headers. */
enum number {
    NUMBER_DELIVERY_COUNT,
    NUMBER_TIMESTAMP,
    NUMBER_REPLAYS,
};

static const struct span number_names[] = {
    [NUMBER_DELIVERY_COUNT] = {"x-delivery-count", 16},
    [NUMBER_TIMESTAMP] = {"timestamp_in_ms", 15},
    [NUMBER_REPLAYS] = {"till-replays", 12},
};
#define NUMBERS (sizeof number_names / sizeof number_names[0])

/* What was found. */
struct known {
    struct span traceparent;
    bool given[NUMBERS];
    int64_t numbers[NUMBERS];
};

/* Of a header that is there twice, the first counts: it is the one that the broker replaces. */
static void note_number(struct known *known, struct span name, int64_t number)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        if (!known->given[i] && span_equal(name, number_names[i])) {
            known->given[i] = true;
            known->numbers[i] = number;
        }
    }
}

static void read_header(struct fields *table, struct known *known)
{
    struct value value;
    const struct span name = fields_short_text(table);
    if (!value_read(table, &value)) {
        return;
    }
    if (value.kind == VALUE_NUMBER) {
        note_number(known, name, value.number);
    } else if (value.kind == VALUE_TEXT && span_absent(known->traceparent) &&
               span_equal(name, SPAN_OF("traceparent"))) {
        known->traceparent = value.text;
    }
}

static void read_headers(struct fields table, struct arena *arena, struct delivery *delivery)
{
    struct known known = {.numbers[NUMBER_TIMESTAMP] = TIMESTAMP_NONE};
    while (!table.broken && table.at < table.end) {
        read_header(&table, &known);
    }
    delivery->timestamp_in_ms = known.numbers[NUMBER_TIMESTAMP];
    delivery->delivery_count = count_of(known.numbers[NUMBER_DELIVERY_COUNT]);
    delivery->replays = count_of(known.numbers[NUMBER_REPLAYS]);
    if (!span_absent(known.traceparent) && known.traceparent.size <= SHORT_TEXT_MAX) {
        delivery->traceparent = copy(arena, known.traceparent);
    }
}

static uint32_t read_flags(struct fields *fields)
{
    const uint16_t flags = fields_short(fields);
    for (uint16_t more = flags; (more & FLAG_MORE) != 0;) {
        more = fields_short(fields); /* none of those that we know */
    }
    return flags;
}

static void read_text(struct fields *fields, uint32_t flags, uint32_t flag, struct arena *arena,
                      struct span *text)
{
    if ((flags & flag) == 0) {
        return;
    }
    const struct span found = fields_short_text(fields);
    if (!fields->broken) {
        *text = copy(arena, found);
    }
}

bool properties_read(struct fields fields, struct arena *arena, struct delivery *delivery)
{
    struct span unused = SPAN_NONE;
    ENSURE(arena->size - arena->used >= PROPERTIES_MEMORY_MAX);
    const uint16_t class_id = fields_short(&fields);
    (void)fields_short(&fields); /* weight, always 0 */
    delivery->size = fields_long_long(&fields);
    delivery->timestamp = delivery->timestamp_in_ms = TIMESTAMP_NONE;
    const uint32_t flags = read_flags(&fields);

    read_text(&fields, flags, FLAG_CONTENT_TYPE, arena, &delivery->content_type);
    if ((flags & FLAG_CONTENT_ENCODING) != 0) {
        (void)fields_short_text(&fields);
    }
    if ((flags & FLAG_HEADERS) != 0) {
        read_headers(fields_part(&fields), arena, delivery);
    }
    if ((flags & FLAG_DELIVERY_MODE) != 0) {
        (void)fields_octet(&fields);
    }
    if ((flags & FLAG_PRIORITY) != 0) {
        (void)fields_octet(&fields);
    }
    read_text(&fields, flags, FLAG_CORRELATION_ID, arena, &delivery->correlation_id);
    read_text(&fields, flags, FLAG_REPLY_TO, arena, &delivery->reply_to);
    if ((flags & FLAG_EXPIRATION) != 0) {
        unused = fields_short_text(&fields);
    }
    read_text(&fields, flags, FLAG_MESSAGE_ID, arena, &delivery->message_id);
    if ((flags & FLAG_TIMESTAMP) != 0) {
        const uint64_t timestamp = fields_long_long(&fields);
        delivery->timestamp = timestamp > INT64_MAX ? TIMESTAMP_NONE : (int64_t)timestamp;
    }
    read_text(&fields, flags, FLAG_TYPE, arena, &delivery->type);
    (void)unused;
    return !fields.broken && class_id == CLASS_BASIC;
}

struct fields properties_headers(struct fields fields)
{
    (void)fields_long(&fields); /* class and weight */
    (void)fields_long_long(&fields);
    const uint32_t flags = read_flags(&fields);
    if ((flags & FLAG_CONTENT_TYPE) != 0) {
        (void)fields_short_text(&fields);
    }
    if ((flags & FLAG_CONTENT_ENCODING) != 0) {
        (void)fields_short_text(&fields);
    }
    return (flags & FLAG_HEADERS) != 0 ? fields_part(&fields) : (struct fields){0};
}

static struct header *add(struct properties *properties, struct span name, enum header_kind kind)
{
    ENSURE(properties->header_count < HEADERS_MAX);
    struct header *header = &properties->headers[properties->header_count++];
    *header = (struct header){.name = name, .kind = kind};
    return header;
}

void properties_add_text(struct properties *properties, struct span name, struct span text)
{
    if (!span_absent(text)) {
        add(properties, name, HEADER_TEXT)->text = text;
    }
}

void properties_add_number(struct properties *properties, struct span name, int64_t number)
{
    add(properties, name, HEADER_NUMBER)->number = number;
}

void properties_add_true(struct properties *properties, struct span name)
{
    (void)add(properties, name, HEADER_TRUE);
}

static void write_headers(const struct properties *properties, struct frames *frames)
{
    const size_t table = frames_part_begin(frames);
    for (uint32_t i = 0; i < properties->header_count; i++) {
        const struct header *header = &properties->headers[i];
        frames_short_text(frames, header->name);
        switch (header->kind) {
        case HEADER_TEXT:
            frames_octet(frames, 'S');
            frames_long_text(frames, header->text);
            break;
        case HEADER_NUMBER:
            frames_octet(frames, 'l');
            frames_long_long(frames, (uint64_t)header->number);
            break;
        case HEADER_TRUE:
            frames_octet(frames, 't');
            frames_octet(frames, 1);
            break;
        }
    }
    frames_part_end(frames, table);
}

static void write_text(struct frames *frames, struct span text)
{
    if (!span_absent(text)) {
        frames_short_text(frames, text);
    }
}

static uint16_t flags_of(const struct properties *properties)
{
    const struct {
        bool present;
        uint16_t flag;
    } table[] = {
        {!span_absent(properties->content_type), FLAG_CONTENT_TYPE},
        {properties->header_count > 0, FLAG_HEADERS},
        {true, FLAG_DELIVERY_MODE},
        {!span_absent(properties->correlation_id), FLAG_CORRELATION_ID},
        {!span_absent(properties->reply_to), FLAG_REPLY_TO},
        {!span_absent(properties->message_id), FLAG_MESSAGE_ID},
        {properties->timestamp != TIMESTAMP_NONE, FLAG_TIMESTAMP},
        {!span_absent(properties->type), FLAG_TYPE},
        {!span_absent(properties->app_id), FLAG_APP_ID},
    };
    uint16_t flags = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        flags = (uint16_t)(flags | (table[i].present ? table[i].flag : 0));
    }
    return flags;
}

void properties_write(const struct properties *properties, uint16_t channel, uint64_t body_size,
                      struct frames *frames)
{
    frames_begin(frames, FRAME_HEADER, channel);
    frames_short(frames, CLASS_BASIC);
    frames_short(frames, 0);
    frames_long_long(frames, body_size);
    frames_short(frames, flags_of(properties));
    write_text(frames, properties->content_type);
    if (properties->header_count > 0) {
        write_headers(properties, frames);
    }
    frames_octet(frames, DELIVERY_MODE_PERSISTENT);
    write_text(frames, properties->correlation_id);
    write_text(frames, properties->reply_to);
    write_text(frames, properties->message_id);
    if (properties->timestamp != TIMESTAMP_NONE) {
        frames_long_long(frames, (uint64_t)properties->timestamp);
    }
    write_text(frames, properties->type);
    write_text(frames, properties->app_id);
    frames_end(frames);
}
