/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages in their frames: what we write, librabbitmq reads as it was meant, whatever a stranger
 * put into it. */
#include "worker/rabbit/envelope.h"

#include <string.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/base/limits.h"
#include "tests/support/test.h"

#define CHANNEL 7u

static char written[512 * 1024];

static amqp_bytes_t bytes_of(struct fields fields)
{
    return (amqp_bytes_t){.len = (size_t)(fields.end - fields.at),
                          .bytes = (void *)(uintptr_t)fields.at};
}

static void expect_bytes(amqp_bytes_t bytes, const char *text)
{
    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.bytes, text, bytes.len);
}

/* What was written, frame by frame. */
struct reading {
    size_t at;
    size_t size;
    size_t frame_max;
    amqp_pool_t pool;
};

static struct frame next_frame(struct reading *reading, uint8_t type)
{
    struct frame frame = {0};
    size_t size = 0;
    assert_int_equal(frame_find(written + reading->at, reading->size - reading->at,
                                reading->frame_max, &frame, &size),
                     FRAME_FOUND);
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.channel, CHANNEL);
    reading->at += size;
    return frame;
}

static struct reading write_message(const struct message *message, uint32_t frame_max)
{
    const struct envelope envelope = {CHANNEL, frame_max, SPAN_OF("till.events")};
    struct frames frames = {.bytes = written, .capacity = sizeof written};
    envelope_write(&envelope, message, &frames);
    assert_true(frames.size <= envelope_size(&envelope, message));
    struct reading reading = {.size = frames.size, .frame_max = frame_max};
    init_amqp_pool(&reading.pool, 4096);
    return reading;
}

/* librabbitmq's idea of the method and the content header. */
static amqp_basic_properties_t *read_head(struct reading *reading, amqp_basic_publish_t *publish,
                                          uint64_t *body_size)
{
    void *decoded = NULL;
    struct frame method = next_frame(reading, FRAME_METHOD);
    assert_int_equal(
        amqp_decode_method(method.method, &reading->pool, bytes_of(method.fields), &decoded), 0);
    assert_int_equal(method.method, AMQP_BASIC_PUBLISH_METHOD);
    *publish = *(amqp_basic_publish_t *)decoded;

    struct frame header = next_frame(reading, FRAME_HEADER);
    assert_int_equal(fields_short(&header.fields), AMQP_BASIC_CLASS);
    assert_int_equal(fields_short(&header.fields), 0);
    *body_size = fields_long_long(&header.fields);
    assert_int_equal(
        amqp_decode_properties(AMQP_BASIC_CLASS, &reading->pool, bytes_of(header.fields), &decoded),
        0);
    return decoded;
}

static const amqp_field_value_t *find_header(const amqp_basic_properties_t *properties,
                                             const char *name)
{
    for (int i = 0; i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];
        if (entry->key.len == strlen(name) && memcmp(entry->key.bytes, name, entry->key.len) == 0) {
            return &entry->value;
        }
    }
    return NULL;
}

static void expect_text_header(const amqp_basic_properties_t *properties, const char *name,
                               const char *text)
{
    const amqp_field_value_t *value = find_header(properties, name);
    assert_non_null(value);
    assert_int_equal(value->kind, AMQP_FIELD_KIND_UTF8);
    expect_bytes(value->value.bytes, text);
}

static void expect_number_header(const amqp_basic_properties_t *properties, const char *name,
                                 int64_t number)
{
    const amqp_field_value_t *value = find_header(properties, name);
    assert_non_null(value);
    assert_int_equal(value->kind, AMQP_FIELD_KIND_I64);
    assert_int_equal(value->value.i64, number);
}

static struct message event(struct span body)
{
    return (struct message){
        .target = MESSAGE_EVENT,
        .routing_key = SPAN_OF("reserve.held.eu-web"),
        .body = body,
        .id = SPAN_OF("1001.1"),
        .correlation_id = SPAN_OF("1001"),
        .type = SPAN_OF("reserve.held"),
        .traceparent = SPAN_OF("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        .time = INT64_C(1763715600123456),
        .repeat = true,
    };
}

static void an_event_is_what_librabbitmq_reads(void **state)
{
    (void)state;
    amqp_basic_publish_t publish;
    uint64_t body_size = 0;
    const struct message message = event(SPAN_OF("{\"a\":1}"));

    struct reading reading = write_message(&message, AMQP_FRAME_DEFAULT);

    const amqp_basic_properties_t *read = read_head(&reading, &publish, &body_size);
    expect_bytes(publish.exchange, "till.events");
    expect_bytes(publish.routing_key, "reserve.held.eu-web");
    assert_true(publish.mandatory);
    assert_false(publish.immediate);
    assert_int_equal(read->_flags, AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG |
                                       AMQP_BASIC_DELIVERY_MODE_FLAG |
                                       AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                                       AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_TYPE_FLAG |
                                       AMQP_BASIC_APP_ID_FLAG);
    expect_bytes(read->content_type, "application/cloudevents+json");
    expect_bytes(read->correlation_id, "1001");
    expect_bytes(read->message_id, "1001.1");
    expect_bytes(read->type, "reserve.held");
    expect_bytes(read->app_id, "till");
    assert_int_equal(read->delivery_mode, 2);
    assert_int_equal(read->timestamp, 1763715600);
    assert_int_equal(read->headers.num_entries, 2);
    expect_text_header(read, "traceparent",
                       "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_int_equal(find_header(read, "till-repeat")->kind, AMQP_FIELD_KIND_BOOLEAN);
    assert_true(find_header(read, "till-repeat")->value.boolean);
    assert_int_equal(body_size, 7);
    expect_bytes(bytes_of(next_frame(&reading, FRAME_BODY).fields), "{\"a\":1}");
    assert_int_equal(reading.at, reading.size);
    empty_amqp_pool(&reading.pool);
}

static void what_an_event_lacks_is_left_out(void **state)
{
    (void)state;
    amqp_basic_publish_t publish;
    uint64_t body_size = 0;
    struct message message = event(SPAN_OF(""));
    message.correlation_id = message.traceparent = SPAN_NONE;
    message.time = INSTANT_NONE;
    message.repeat = false;

    struct reading reading = write_message(&message, AMQP_FRAME_DEFAULT);

    const amqp_basic_properties_t *read = read_head(&reading, &publish, &body_size);
    assert_int_equal(read->_flags, AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                                       AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TYPE_FLAG |
                                       AMQP_BASIC_APP_ID_FLAG);
    assert_int_equal(body_size, 0);
    assert_int_equal(reading.at, reading.size); /* no body frame */
    empty_amqp_pool(&reading.pool);
}

static const struct body_case {
    const char *name;
    uint32_t size;
    uint32_t frame_max;
    uint32_t frames;
} body_cases[] = {
    {"one byte", 1, 8192, 1},
    {"exactly one frame", 8184, 8192, 1},
    {"one byte more", 8185, 8192, 2},
    {"exactly two frames", 16368, 8192, 2},
    {"a large event in small frames", EVENT_MEMORY_MAX, 4096, 41},
    {"a large event in large frames", EVENT_MEMORY_MAX, 1048576, 3},
};

static void a_body_is_cut_into_frames(void **state)
{
    const struct body_case *test = *state;
    static char body[EVENT_MEMORY_MAX];
    amqp_basic_publish_t publish;
    uint64_t body_size = 0;
    for (uint32_t i = 0; i < test->size; i++) {
        body[i] = (char)(i * 7 + i / 251);
    }
    const struct message message = event((struct span){body, test->size});

    struct reading reading = write_message(&message, test->frame_max);

    (void)read_head(&reading, &publish, &body_size);
    assert_int_equal(body_size, test->size);
    uint32_t at = 0;
    for (uint32_t i = 0; i < test->frames; i++) {
        const struct frame frame = next_frame(&reading, FRAME_BODY);
        const struct span piece = fields_rest(&frame.fields);
        assert_memory_equal(piece.bytes, body + at, piece.size);
        at += piece.size;
    }
    assert_int_equal(at, test->size);
    assert_int_equal(reading.at, reading.size);
    empty_amqp_pool(&reading.pool);
}

static void a_reply_goes_to_one_queue_and_need_not_arrive(void **state)
{
    (void)state;
    amqp_basic_publish_t publish;
    uint64_t body_size = 0;
    struct message message = event(SPAN_OF("{}"));
    message.target = MESSAGE_REPLY;

    struct reading reading = write_message(&message, AMQP_FRAME_DEFAULT);

    (void)read_head(&reading, &publish, &body_size);
    assert_false(publish.mandatory);
    empty_amqp_pool(&reading.pool);
}

static void a_dead_letter_carries_the_job_and_the_reason(void **state)
{
    (void)state;
    amqp_basic_publish_t publish;
    uint64_t body_size = 0;
    const struct delivery delivery = {
        .size = 70000,
        .exchange = SPAN_OF("till.jobs"),
        .routing_key = SPAN_OF("278"),
        .message_id = SPAN_OF("1001.1"),
        .correlation_id = SPAN_OF("c"),
        .reply_to = SPAN_OF("till.reply.x"),
        .content_type = SPAN_OF("application/json"),
        .type = SPAN_OF("not carried over"),
        .traceparent = SPAN_OF("00-0af7"),
        .timestamp = 17,
        .timestamp_in_ms = -1,
        .replays = 3,
    };
    const struct dead_letter dead = {DEAD_MALFORMED, SPAN_OF("/qty: no integer"), &delivery};
    const struct message message = {.target = MESSAGE_DEAD,
                                    .routing_key = SPAN_OF("278"),
                                    .body = SPAN_OF("{\"id\""),
                                    .time = INT64_C(1763715600123456),
                                    .dead = &dead};

    struct reading reading = write_message(&message, AMQP_FRAME_DEFAULT);

    const amqp_basic_properties_t *read = read_head(&reading, &publish, &body_size);
    assert_true(publish.mandatory);
    assert_int_equal(read->_flags, AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG |
                                       AMQP_BASIC_DELIVERY_MODE_FLAG |
                                       AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_REPLY_TO_FLAG |
                                       AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG);
    expect_bytes(read->content_type, "application/json");
    expect_bytes(read->reply_to, "till.reply.x");
    assert_int_equal(read->timestamp, 17);
    expect_text_header(read, "traceparent", "00-0af7");
    expect_number_header(read, "timestamp_in_ms", -1);
    expect_text_header(read, "till-reason", "malformed");
    expect_text_header(read, "till-error", "/qty: no integer");
    expect_text_header(read, "till-exchange", "till.jobs");
    expect_text_header(read, "till-key", "278");
    expect_text_header(read, "till-time", "2025-11-21T09:00:00.123456Z");
    expect_number_header(read, "till-replays", 3);
    expect_number_header(read, "till-size", 70000);
    assert_int_equal(read->headers.num_entries, 9);
    empty_amqp_pool(&reading.pool);
}

static void a_job_that_is_passed_on_carries_over_what_it_may(void **state)
{
    (void)state;
    amqp_basic_publish_t publish;
    uint64_t body_size = 0;
    const struct delivery delivery = {
        .exchange = SPAN_OF("not carried over"),
        .routing_key = SPAN_OF("nor this"),
        .reply_to = SPAN_OF("till.reply.x"),
        .content_type = SPAN_OF("application/json"),
        .type = SPAN_OF("nor this"),
        .timestamp = 17,
        .timestamp_in_ms = 17001,
        .replays = 3,
    };
    const struct message message = {.target = MESSAGE_STOCK_JOB,
                                    .routing_key = SPAN_OF("278"),
                                    .body = SPAN_OF("{}"),
                                    .id = SPAN_OF("po-1"),
                                    .correlation_id = SPAN_OF("mine"),
                                    .traceparent = SPAN_OF("00-0af7"),
                                    .time = INSTANT_NONE,
                                    .job = &delivery};

    struct reading reading = write_message(&message, AMQP_FRAME_DEFAULT);

    const amqp_basic_properties_t *read = read_head(&reading, &publish, &body_size);
    assert_true(publish.mandatory);
    expect_bytes(publish.routing_key, "278");
    assert_int_equal(read->_flags, AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG |
                                       AMQP_BASIC_DELIVERY_MODE_FLAG |
                                       AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_REPLY_TO_FLAG |
                                       AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG);
    expect_bytes(read->content_type, "application/json");
    expect_bytes(read->reply_to, "till.reply.x");
    expect_bytes(read->message_id, "po-1");
    expect_bytes(read->correlation_id, "mine");
    assert_int_equal(read->timestamp, 17);
    expect_text_header(read, "traceparent", "00-0af7");
    expect_number_header(read, "timestamp_in_ms", 17001);
    assert_int_equal(read->headers.num_entries, 2);
    empty_amqp_pool(&reading.pool);
}

/* Whatever a stranger put into a job's properties comes back out, no longer than AMQP takes. */
static void a_dead_letter_of_garbage_is_still_amqp(void **state)
{
    (void)state;
    static char garbage[4096];
    amqp_basic_publish_t publish;
    uint64_t body_size = 0;
    for (size_t i = 0; i < sizeof garbage; i++) {
        garbage[i] = (char)(0xff - i % 0x80); /* no UTF-8, and nothing but parts of characters */
    }
    const struct span most = {garbage, SHORT_TEXT_MAX};
    const struct delivery delivery = {
        .size = UINT64_MAX,
        .exchange = most,
        .routing_key = most,
        .message_id = most,
        .correlation_id = most,
        .reply_to = most,
        .content_type = most,
        .type = most,
        .traceparent = most,
        .timestamp = INT64_MAX,
        .timestamp_in_ms = INT64_MAX,
        .replays = UINT32_MAX,
    };
    const struct dead_letter dead = {DEAD_DELIVERY_LIMIT, {garbage, sizeof garbage}, &delivery};
    const struct message message = {.target = MESSAGE_DEAD,
                                    .routing_key = most,
                                    .body = {garbage, sizeof garbage},
                                    .time = INSTANT_MAX,
                                    .dead = &dead};

    struct reading reading = write_message(&message, AMQP_FRAME_MIN);

    const amqp_basic_properties_t *read = read_head(&reading, &publish, &body_size);
    assert_int_equal(read->message_id.len, SHORT_TEXT_MAX);
    assert_memory_equal(read->message_id.bytes, garbage, SHORT_TEXT_MAX);
    assert_true(find_header(read, "till-error")->value.bytes.len <= 1024);
    expect_number_header(read, "till-size", INT64_MAX);
    assert_int_equal(body_size, sizeof garbage);
    empty_amqp_pool(&reading.pool);
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int main(void)
{
    struct CMUnitTest tests[6 + COUNT(body_cases)] = {
        cmocka_unit_test(an_event_is_what_librabbitmq_reads),
        cmocka_unit_test(what_an_event_lacks_is_left_out),
        cmocka_unit_test(a_reply_goes_to_one_queue_and_need_not_arrive),
        cmocka_unit_test(a_dead_letter_carries_the_job_and_the_reason),
        cmocka_unit_test(a_dead_letter_of_garbage_is_still_amqp),
        cmocka_unit_test(a_job_that_is_passed_on_carries_over_what_it_may),
    };
    for (size_t i = 0; i < COUNT(body_cases); i++) {
        tests[6 + i] = (struct CMUnitTest){.name = body_cases[i].name,
                                           .test_func = a_body_is_cut_into_frames,
                                           .initial_state = (void *)&body_cases[i]};
    }
    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
