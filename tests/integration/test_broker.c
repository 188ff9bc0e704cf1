/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker port against a real broker, while nothing goes wrong: order, redelivery, messages of
 * any size, and the account of a hundred thousand. */
#include "worker/rabbit/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <amqp_framing.h>

#include "tests/support/corner.h"
#include "tests/support/drive.h"
#include "tests/support/test.h"

/* A lane for each test, so that none finds another's jobs. */
enum lane {
    LANE_ORDER,
    LANE_GIVE_BACK,
    LANE_AGAIN,
    LANE_SIZES,
    LANE_PROPERTIES,
    LANE_RELAY,
    LANE_STANDBY,
    LANES,
};

#define BATCH       400u
#define RELAY_JOBS  100000u
#define MEMORY_SIZE (4u * 1024u * 1024u)

static struct corner corner;
static char memory[MEMORY_SIZE];
static struct arena arena;

static int open_corner(void **state)
{
    (void)state;
    corner_open(&corner, LANES);
    return 0;
}

static int close_corner(void **state)
{
    (void)state;
    corner_close(&corner);
    return 0;
}

static struct rabbit_broker *open_broker(enum lane lane, uint16_t prefetch)
{
    const struct rabbit_lane served = {&corner.url, corner.namespace, 1, lane, prefetch, NULL};
    arena_init(&arena, memory, sizeof memory);
    return drive_open(&served);
}

static void subscribe(struct rabbit_broker *broker)
{
    struct error error = {0};
    if (drive_subscribe(broker, &error) != PORT_DONE) {
        fail_msg("%s", error.text);
    }
}

static struct delivery take(struct rabbit_broker *broker)
{
    struct error error = {0};
    struct delivery delivery = {0};
    if (drive_take(broker, &arena, &delivery, &error) != PORT_DONE) {
        fail_msg("%s", error.text);
    }
    return delivery;
}

static uint32_t number_of(struct span body)
{
    char text[32] = {0};
    assert_true(body.size > 6 && memcmp(body.bytes, "{\"n\":", 5) == 0);
    memcpy(text, body.bytes + 5, body.size - 5 < sizeof text - 1 ? body.size - 5 : sizeof text - 1);
    return (uint32_t)strtoul(text, NULL, 10);
}

/* Returns the last tag. */
static uint64_t take_numbers(struct rabbit_broker *broker, uint32_t first, uint32_t count,
                             uint32_t delivery_count)
{
    uint64_t tag = 0;
    for (uint32_t i = 0; i < count; i++) {
        arena_reset(&arena);
        const struct delivery delivery = take(broker);
        assert_int_equal(number_of(delivery.body), first + i);
        assert_int_equal(delivery.delivery_count, delivery_count);
        assert_true(delivery.tag > tag);
        tag = delivery.tag;
    }
    return tag;
}

static void acknowledge(struct rabbit_broker *broker, uint64_t tag)
{
    struct error error = {0};
    assert_int_equal(drive_acknowledge(broker, tag, &error), PORT_DONE);
}

static void keeps_the_order(void **state)
{
    (void)state;
    corner_fill(&corner, LANE_ORDER, 3000, 300);
    struct rabbit_broker *broker = open_broker(LANE_ORDER, 1600);
    subscribe(broker);

    for (uint32_t first = 0; first < 3000; first += 500) {
        acknowledge(broker, take_numbers(broker, first, 500, 0));
    }

    drive_close(broker);
    corner_await_count(&corner, address_lane(corner.namespace, 1, LANE_ORDER).text, 0);
}

static void gives_back_the_whole_window_in_order(void **state)
{
    (void)state;
    corner_fill(&corner, LANE_GIVE_BACK, 700, 300);
    struct rabbit_broker *broker = open_broker(LANE_GIVE_BACK, 600);
    const struct broker port = rabbit_broker_port(broker);
    subscribe(broker);
    acknowledge(broker, take_numbers(broker, 0, 100, 0));
    (void)take_numbers(broker, 100, 600, 0);

    port.ops->give_back(port.self);
    subscribe(broker);

    acknowledge(broker, take_numbers(broker, 100, 600, 1));
    drive_close(broker);
}

static int64_t time_of_close_ms(void)
{
    struct rabbit_broker *broker = open_broker(LANE_GIVE_BACK, 100);
    const struct broker port = rabbit_broker_port(broker);
    subscribe(broker);
    port.ops->give_back(port.self);

    const int64_t before_ms = wire_now_ms();
    drive_close(broker);
    return wire_now_ms() - before_ms;
}

/* The broker answers at once, and leaves it to us to close the socket: whoever waited for that
 * would wait for the time-out each time. On a busy machine an answer may be late, but not always.
 */
static void a_close_waits_for_the_answer_and_no_longer(void **state)
{
    (void)state;
    int64_t shortest_ms = INT64_MAX;
    for (int i = 0; i < 5 && shortest_ms >= RABBIT_CLOSE_TIMEOUT_MS; i++) {
        const int64_t took_ms = time_of_close_ms();
        shortest_ms = took_ms < shortest_ms ? took_ms : shortest_ms;
    }
    assert_in_range(shortest_ms, 0, RABBIT_CLOSE_TIMEOUT_MS - 1);
}

/* More often than there are channel numbers, so that these come round. */
static void subscribes_again_and_again(void **state)
{
    (void)state;
    corner_fill(&corner, LANE_AGAIN, 50, 300);
    struct rabbit_broker *broker = open_broker(LANE_AGAIN, 40);
    const struct broker port = rabbit_broker_port(broker);
    for (uint32_t round = 0; round < 20; round++) {
        subscribe(broker);
        (void)take_numbers(broker, 0, 40, round);
        port.ops->give_back(port.self);
    }
    subscribe(broker);
    acknowledge(broker, take_numbers(broker, 0, 40, 20));
    (void)take_numbers(broker, 40, 10, 0);
    drive_close(broker);
}

static long memory_kib(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void takes_a_body_of_any_size(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, JOB_SIZE_MAX, JOB_SIZE_MAX + 1, 16u << 20, 5, 16u << 20};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    const struct address queue = address_lane(corner.namespace, 1, LANE_SIZES);
    char *body = malloc(16u << 20);
    assert_non_null(body);
    memset(body, 'x', 16u << 20);
    for (size_t i = 0; i < COUNT; i++) {
        corner_publish(&corner, "", queue.text, NULL, (struct span){body, sizes[i]});
    }
    struct rabbit_broker *broker = open_broker(LANE_SIZES, 100);
    subscribe(broker);
    const long before = memory_kib();

    uint64_t tag = 0;
    for (size_t i = 0; i < COUNT; i++) {
        arena_reset(&arena);
        const struct delivery delivery = take(broker);
        const uint32_t kept = sizes[i] < JOB_SIZE_MAX ? sizes[i] : JOB_SIZE_MAX;
        assert_int_equal(delivery.size, sizes[i]);
        assert_int_equal(delivery.body.size, kept);
        assert_non_null(delivery.body.bytes);
        assert_memory_equal(delivery.body.bytes, body, kept);
        tag = delivery.tag;
    }
    acknowledge(broker, tag);

    assert_true(memory_kib() - before < 4096);
    drive_close(broker);
    free(body);
}

static void a_stranger_s_properties_do_no_harm(void **state)
{
    (void)state;
    enum { DEPTH = 90 }; /* librabbitmq writes no more than 100 */
    static amqp_table_entry_t nested[DEPTH];
    for (size_t i = DEPTH; i > 0; i--) {
        nested[i - 1] = (amqp_table_entry_t){
            .key = amqp_cstring_bytes("k"),
            .value = {.kind = AMQP_FIELD_KIND_TABLE,
                      .value.table = {i < DEPTH ? 1 : 0, i < DEPTH ? &nested[i] : NULL}}};
    }
    static char huge[100000];
    amqp_table_entry_t headers[] = {
        nested[0],
        {.key = amqp_cstring_bytes("huge"),
         .value = {.kind = AMQP_FIELD_KIND_BYTES, .value.bytes = {sizeof huge, huge}}},
        {.key = amqp_cstring_bytes("x-delivery-count"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = 1000}},
        {.key = amqp_cstring_bytes("timestamp_in_ms"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("soon")}},
        {.key = amqp_cstring_bytes("traceparent"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("00-1")}},
    };
    const amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_REPLY_TO_FLAG |
                  AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_TIMESTAMP_FLAG,
        .headers = {sizeof headers / sizeof headers[0], headers},
        .message_id = amqp_cstring_bytes("\xff\xfe"),
        .reply_to = amqp_cstring_bytes("till.jobs"),
        .priority = 255,
        .timestamp = UINT64_MAX,
    };
    const struct address stock = address_of(corner.namespace, "stock");
    char slot[8];
    (void)snprintf(slot, sizeof slot, "%u", LANE_PROPERTIES * SLOTS / LANES + 1);
    corner_publish(&corner, stock.text, slot, &properties, SPAN_OF("{}"));
    corner_publish(&corner, stock.text, slot, NULL, SPAN_OF("{\"n\":1}"));
    struct rabbit_broker *broker = open_broker(LANE_PROPERTIES, 100);
    subscribe(broker);

    const struct delivery delivery = take(broker);
    const struct delivery next = take(broker);

    assert_true(span_equal(delivery.message_id, SPAN_OF("\xff\xfe")));
    assert_true(span_equal(delivery.reply_to, SPAN_OF("till.jobs")));
    assert_true(span_equal(delivery.traceparent, SPAN_OF("00-1")));
    assert_true(
        span_equal(delivery.exchange, (struct span){stock.text, (uint32_t)strlen(stock.text)}));
    assert_true(span_equal(delivery.routing_key, (struct span){slot, (uint32_t)strlen(slot)}));
    assert_int_equal(delivery.delivery_count, 0);
    assert_int_equal(delivery.timestamp, TIMESTAMP_NONE);
    assert_int_equal(delivery.timestamp_in_ms, TIMESTAMP_NONE);
    assert_true(span_absent(next.message_id) && span_absent(next.traceparent));
    assert_int_equal(number_of(next.body), 1);
    acknowledge(broker, next.tag);
    drive_close(broker);
}

static struct message event_of(const struct delivery *delivery)
{
    return (struct message){
        .target = MESSAGE_EVENT,
        .routing_key = SPAN_OF("relay.confirmed.test"),
        .body = delivery->body,
        .id = SPAN_OF("1001.1"),
        .type = SPAN_OF("relay.confirmed"),
        .time = INT64_C(1763715600123456),
    };
}

/* Takes what is there, up to a batch; returns how many. */
static uint32_t take_batch(struct rabbit_broker *broker, struct message *messages, uint64_t *tag,
                           uint32_t first)
{
    const struct broker port = rabbit_broker_port(broker);
    struct error error = {0};
    uint32_t count = 0;
    arena_reset(&arena);
    while (count < BATCH) {
        struct delivery delivery;
        const enum port_answer answer = port.ops->take(port.self, &arena, &delivery, &error);
        assert_int_not_equal(answer, PORT_FAILED);
        if (answer == PORT_WAIT && count > 0) {
            break;
        }
        if (answer == PORT_WAIT) {
            drive_wait(broker);
            continue;
        }
        assert_int_equal(number_of(delivery.body), first + count);
        messages[count++] = event_of(&delivery);
        *tag = delivery.tag;
    }
    return count;
}

static void accounts_for_a_hundred_thousand(void **state)
{
    (void)state;
    static struct message messages[BATCH];
    const struct address queue = corner_queue(&corner, "relay", 0);
    corner_bind(&corner, queue, "events", "relay.#");
    corner_fill(&corner, LANE_RELAY, RELAY_JOBS, 300);
    struct rabbit_broker *broker = open_broker(LANE_RELAY, 4 * BATCH);
    struct error error = {0};
    subscribe(broker);

    for (uint32_t done = 0; done < RELAY_JOBS;) {
        uint64_t tag = 0;
        const uint32_t count = take_batch(broker, messages, &tag, done);
        assert_int_equal(drive_publish(broker, messages, count, &error), PORT_DONE);
        acknowledge(broker, tag);
        done += count;
    }

    assert_int_equal(broker->publisher.published, RELAY_JOBS);
    assert_int_equal(broker->publisher.unheard, 0);
    drive_close(broker);
    corner_await_count(&corner, address_lane(corner.namespace, 1, LANE_RELAY).text, 0);
    corner_await_count(&corner, queue.text, RELAY_JOBS);
    struct got got;
    for (uint32_t i = 0; i < RELAY_JOBS; i += RELAY_JOBS / 2) {
        assert_true(corner_get(&corner, queue.text, &got));
    }
    corner_delete_queue(&corner, queue.text);
}

/* The second consumer hears nothing, not even that it stands by, until the first is gone. */
static void a_standby_becomes_active_by_its_first_delivery(void **state)
{
    (void)state;
    static char other_memory[DELIVERY_MEMORY_MAX];
    struct arena other;
    struct error error = {0};
    struct delivery delivery;
    corner_fill(&corner, LANE_STANDBY, 10, 300);
    struct rabbit_broker *active = open_broker(LANE_STANDBY, 100);
    struct rabbit_broker *standby = open_broker(LANE_STANDBY, 100);
    arena_init(&other, other_memory, sizeof other_memory);
    subscribe(active);
    (void)take_numbers(active, 0, 10, 0);
    subscribe(standby);
    const struct broker port = rabbit_broker_port(standby);
    drive_turns(standby, 200);
    assert_int_equal(port.ops->take(port.self, &other, &delivery, &error), PORT_WAIT);

    drive_close(active);

    acknowledge(standby, take_numbers(standby, 0, 10, 1));
    drive_close(standby);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order),
        cmocka_unit_test(gives_back_the_whole_window_in_order),
        cmocka_unit_test(a_close_waits_for_the_answer_and_no_longer),
        cmocka_unit_test(subscribes_again_and_again),
        cmocka_unit_test(takes_a_body_of_any_size),
        cmocka_unit_test(a_stranger_s_properties_do_no_harm),
        cmocka_unit_test(accounts_for_a_hundred_thousand),
        cmocka_unit_test(a_standby_becomes_active_by_its_first_delivery),
    };
    return cmocka_run_group_tests_name("broker", tests, open_corner, close_corner);
}
