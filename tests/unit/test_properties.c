/* SPDX-License-Identifier: Apache-2.0
 *
 * The properties of jobs, as librabbitmq writes them, and as nobody should. */
#include "worker/rabbit/properties.h"

#include <stdlib.h>
#include <string.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/base/limits.h"
#include "tests/support/test.h"

static char arena_memory[DELIVERY_MEMORY_MAX];

/* A content header as librabbitmq writes it. */
static struct fields encode(amqp_basic_properties_t *properties, uint64_t body_size)
{
    static char encoded[256 * 1024];
    struct frames head = {.bytes = encoded, .capacity = sizeof encoded};
    frames_short(&head, AMQP_BASIC_CLASS);
    frames_short(&head, 0);
    frames_long_long(&head, body_size);
    const amqp_bytes_t room = {.len = sizeof encoded - head.size, .bytes = encoded + head.size};
    const int size = amqp_encode_properties(AMQP_BASIC_CLASS, properties, room);
    assert_true(size > 0);
    return (struct fields){.at = (unsigned char *)encoded,
                           .end = (unsigned char *)encoded + head.size + (size_t)size};
}

static bool read(struct fields fields, struct delivery *delivery)
{
    struct arena arena;
    arena_init(&arena, arena_memory, sizeof arena_memory);
    *delivery = (struct delivery){0};
    return properties_read(fields, &arena, delivery);
}

static void expect_span(struct span span, const char *text)
{
    assert_false(span_absent(span));
    assert_int_equal(span.size, strlen(text));
    assert_memory_equal(span.bytes, text, span.size);
}

static amqp_table_entry_t number_header(const char *name, uint8_t kind, int64_t number)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(name), .value = {.kind = kind}};
    switch (kind) {
    case AMQP_FIELD_KIND_I8:
        entry.value.value.i8 = (int8_t)number;
        break;
    case AMQP_FIELD_KIND_U8:
        entry.value.value.u8 = (uint8_t)number;
        break;
    case AMQP_FIELD_KIND_I16:
        entry.value.value.i16 = (int16_t)number;
        break;
    case AMQP_FIELD_KIND_U16:
        entry.value.value.u16 = (uint16_t)number;
        break;
    case AMQP_FIELD_KIND_I32:
        entry.value.value.i32 = (int32_t)number;
        break;
    case AMQP_FIELD_KIND_U32:
        entry.value.value.u32 = (uint32_t)number;
        break;
    default:
        entry.value.value.i64 = number;
    }
    return entry;
}

static void reads_all_properties_that_librabbitmq_writes(void **state)
{
    (void)state;
    amqp_table_entry_t inner[] = {number_header("till-replays", AMQP_FIELD_KIND_I32, 99)};
    amqp_field_value_t items[] = {{.kind = AMQP_FIELD_KIND_VOID}};
    amqp_table_entry_t headers[] = {
        {.key = amqp_cstring_bytes("table"),
         .value = {.kind = AMQP_FIELD_KIND_TABLE, .value.table = {1, inner}}},
        {.key = amqp_cstring_bytes("array"),
         .value = {.kind = AMQP_FIELD_KIND_ARRAY, .value.array = {1, items}}},
        {.key = amqp_cstring_bytes("bytes"),
         .value = {.kind = AMQP_FIELD_KIND_BYTES, .value.bytes = amqp_cstring_bytes("x")}},
        {.key = amqp_cstring_bytes("void"), .value = {.kind = AMQP_FIELD_KIND_VOID}},
        {.key = amqp_cstring_bytes("bool"), .value = {.kind = AMQP_FIELD_KIND_BOOLEAN}},
        {.key = amqp_cstring_bytes("float"), .value = {.kind = AMQP_FIELD_KIND_F32}},
        {.key = amqp_cstring_bytes("double"), .value = {.kind = AMQP_FIELD_KIND_F64}},
        {.key = amqp_cstring_bytes("decimal"), .value = {.kind = AMQP_FIELD_KIND_DECIMAL}},
        {.key = amqp_cstring_bytes("traceparent"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("00-1")}},
        number_header("x-delivery-count", AMQP_FIELD_KIND_I64, 4),
        number_header("timestamp_in_ms", AMQP_FIELD_KIND_I64, INT64_C(1763715600123)),
        number_header("till-replays", AMQP_FIELD_KIND_U8, 2),
    };
    amqp_basic_properties_t properties = {
        ._flags = 0xfff8, /* all there are */
        .content_type = amqp_cstring_bytes("application/json"),
        .content_encoding = amqp_cstring_bytes("gzip"),
        .headers = {sizeof headers / sizeof headers[0], headers},
        .delivery_mode = 2,
        .priority = 9,
        .correlation_id = amqp_cstring_bytes("corr"),
        .reply_to = amqp_cstring_bytes("back"),
        .expiration = amqp_cstring_bytes("1000"),
        .message_id = amqp_cstring_bytes("id"),
        .timestamp = 1763715600,
        .type = amqp_cstring_bytes("kind"),
        .user_id = amqp_cstring_bytes("me"),
        .app_id = amqp_cstring_bytes("shop"),
    };
    struct delivery delivery;

    assert_true(read(encode(&properties, 12345), &delivery));

    assert_int_equal(delivery.size, 12345);
    expect_span(delivery.content_type, "application/json");
    expect_span(delivery.correlation_id, "corr");
    expect_span(delivery.reply_to, "back");
    expect_span(delivery.message_id, "id");
    expect_span(delivery.type, "kind");
    expect_span(delivery.traceparent, "00-1");
    assert_int_equal(delivery.timestamp, 1763715600);
    assert_int_equal(delivery.timestamp_in_ms, INT64_C(1763715600123));
    assert_int_equal(delivery.delivery_count, 4);
    assert_int_equal(delivery.replays, 2);
}

static void what_a_job_lacks_is_absent(void **state)
{
    (void)state;
    amqp_basic_properties_t properties = {0};
    struct delivery delivery;

    assert_true(read(encode(&properties, 0), &delivery));

    assert_true(span_absent(delivery.content_type) && span_absent(delivery.correlation_id));
    assert_true(span_absent(delivery.reply_to) && span_absent(delivery.message_id));
    assert_true(span_absent(delivery.type) && span_absent(delivery.traceparent));
    assert_int_equal(delivery.timestamp, TIMESTAMP_NONE);
    assert_int_equal(delivery.timestamp_in_ms, TIMESTAMP_NONE);
    assert_int_equal(delivery.delivery_count, 0);
    assert_int_equal(delivery.replays, 0);
}

static const struct number_case {
    const char *name;
    uint8_t kind;
    int64_t number;
    uint32_t count;
} number_cases[] = {
    {"signed byte", AMQP_FIELD_KIND_I8, 100, 100},
    {"signed byte below zero", AMQP_FIELD_KIND_I8, -100, 0},
    {"byte", AMQP_FIELD_KIND_U8, 200, 200},
    {"signed short", AMQP_FIELD_KIND_I16, -2, 0},
    {"short", AMQP_FIELD_KIND_U16, 60000, 60000},
    {"signed long", AMQP_FIELD_KIND_I32, INT32_MIN, 0},
    {"long", AMQP_FIELD_KIND_U32, UINT32_MAX, UINT32_MAX},
    {"signed long long", AMQP_FIELD_KIND_I64, INT64_MIN, 0},
    {"more than fits", AMQP_FIELD_KIND_I64, INT64_MAX, UINT32_MAX},
    {"a time", AMQP_FIELD_KIND_TIMESTAMP, 5, 5},
};

static void a_count_may_be_any_integer(void **state)
{
    const struct number_case *test = *state;
    amqp_table_entry_t headers[] = {
        number_header("x-delivery-count", test->kind, test->number),
        number_header("x-delivery-count", AMQP_FIELD_KIND_I32, 77), /* the first counts */
    };
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                          .headers = {2, headers}};
    struct delivery delivery;

    assert_true(read(encode(&properties, 0), &delivery));

    assert_int_equal(delivery.delivery_count, test->count);
}

/* Deep enough to overflow a stack of 1 MiB in librabbitmq's own decoder. */
static void any_depth_of_headers_is_passed_over(void **state)
{
    (void)state;
    static char table[120 * 1024];
    struct frames frames = {.bytes = table, .capacity = sizeof table};
    enum { DEPTH = 15000 };
    static size_t parts[DEPTH];
    frames_short(&frames, CLASS_BASIC);
    frames_short(&frames, 0);
    frames_long_long(&frames, 1);
    frames_short(&frames, 1 << 13 | 1 << 7);
    for (size_t i = 0; i < DEPTH; i++) {
        parts[i] = frames_part_begin(&frames);
        frames_short_text(&frames, SPAN_OF("a"));
        frames_octet(&frames, i + 1 < DEPTH ? 'F' : 'V');
    }
    for (size_t i = DEPTH; i > 0; i--) {
        frames_part_end(&frames, parts[i - 1]);
    }
    frames_short_text(&frames, SPAN_OF("id"));
    assert_false(frames.full);
    struct delivery delivery;

    assert_true(read(
        (struct fields){.at = (unsigned char *)table, .end = (unsigned char *)table + frames.size},
        &delivery));

    expect_span(delivery.message_id, "id");
}

static void an_unknown_kind_ends_the_headers_only(void **state)
{
    (void)state;
    char bytes[256];
    struct frames frames = {.bytes = bytes, .capacity = sizeof bytes};
    frames_short(&frames, CLASS_BASIC);
    frames_short(&frames, 0);
    frames_long_long(&frames, 1);
    frames_short(&frames, 1 << 13 | 1 << 7 | 1); /* and more flags, which nobody knows */
    frames_short(&frames, 0);
    const size_t table = frames_part_begin(&frames);
    frames_short_text(&frames, SPAN_OF("till-replays"));
    frames_octet(&frames, 'B');
    frames_octet(&frames, 6);
    frames_short_text(&frames, SPAN_OF("odd"));
    frames_octet(&frames, '?');
    frames_long(&frames, 0xffffffff);
    frames_part_end(&frames, table);
    frames_short_text(&frames, SPAN_OF("id"));
    struct delivery delivery;

    assert_true(read(
        (struct fields){.at = (unsigned char *)bytes, .end = (unsigned char *)bytes + frames.size},
        &delivery));

    assert_int_equal(delivery.replays, 6);
    expect_span(delivery.message_id, "id");
}

static void a_traceparent_that_is_too_long_or_no_text_is_absent(void **state)
{
    (void)state;
    static char lengthy[SHORT_TEXT_MAX + 1];
    memset(lengthy, 'x', sizeof lengthy);
    amqp_table_entry_t headers[] = {
        number_header("traceparent", AMQP_FIELD_KIND_I32, 7),
        {.key = amqp_cstring_bytes("traceparent"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = {sizeof lengthy, lengthy}}},
    };
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                          .headers = {2, headers}};
    struct delivery delivery;

    assert_true(read(encode(&properties, 0), &delivery));

    assert_true(span_absent(delivery.traceparent));
}

/* Each cut of a whole header, in memory of exactly that size: the sanitizer sees what reads on. */
static void no_cut_of_a_header_is_read_beyond_its_end(void **state)
{
    (void)state;
    amqp_table_entry_t headers[] = {number_header("till-replays", AMQP_FIELD_KIND_I64, 2)};
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG,
        .headers = {1, headers},
        .message_id = amqp_cstring_bytes("1001.1"),
        .timestamp = 1,
    };
    const struct fields whole = encode(&properties, 1);
    const size_t size = (size_t)(whole.end - whole.at);
    for (size_t cut = 0; cut < size; cut++) {
        struct delivery delivery;
        unsigned char *part = malloc(cut + 1);
        assert_non_null(part);
        memcpy(part, whole.at, cut);
        assert_false(read((struct fields){.at = part, .end = part + cut}, &delivery));
        free(part);
    }
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int main(void)
{
    struct CMUnitTest tests[6 + COUNT(number_cases)] = {
        cmocka_unit_test(reads_all_properties_that_librabbitmq_writes),
        cmocka_unit_test(what_a_job_lacks_is_absent),
        cmocka_unit_test(any_depth_of_headers_is_passed_over),
        cmocka_unit_test(an_unknown_kind_ends_the_headers_only),
        cmocka_unit_test(a_traceparent_that_is_too_long_or_no_text_is_absent),
        cmocka_unit_test(no_cut_of_a_header_is_read_beyond_its_end),
    };
    for (size_t i = 0; i < COUNT(number_cases); i++) {
        tests[6 + i] = (struct CMUnitTest){.name = number_cases[i].name,
                                           .test_func = a_count_may_be_any_integer,
                                           .initial_state = (void *)&number_cases[i]};
    }
    return cmocka_run_group_tests_name("properties", tests, NULL, NULL);
}
