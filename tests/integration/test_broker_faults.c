/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker port against a real broker, while things go wrong: connections are cut, queues
 * vanish, nobody takes a turn. What goes wrong with events: test_broker_events.c. */
#include "worker/rabbit/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/corner.h"
#include "tests/support/drive.h"
#include "tests/support/proxy.h"
#include "tests/support/test.h"
#include "worker/rabbit/topology.h"

/* A lane for each test, so that none finds another's jobs. */
enum lane {
    LANE_EVENTS,
    LANE_CUT,
    LANE_CUT_OFTEN,
    LANE_GONE,
    LANE_BEATS,
    LANE_SILENT,
    LANE_TLS,
    LANES,
};

#define EVENTS_MAX 5000u

static struct corner corner;
static char memory[1024 * 1024];
static struct arena arena;
static struct message messages[EVENTS_MAX];
static struct error error;

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

static struct rabbit_broker *open_broker(enum lane lane, const struct amqp_url *url)
{
    const struct rabbit_lane served = {url, corner.namespace, 1, lane, 200, NULL};
    error = (struct error){0};
    arena_init(&arena, memory, sizeof memory);
    return drive_open(&served);
}

static uint64_t take_all(struct rabbit_broker *broker, uint32_t count, uint32_t delivery_count)
{
    struct delivery delivery = {0};
    char expected[32];
    for (uint32_t i = 0; i < count; i++) {
        arena_reset(&arena);
        drive_expect_done(drive_take(broker, &arena, &delivery, &error), &error);
        (void)snprintf(expected, sizeof expected, "{\"n\":%u}", i);
        assert_memory_equal(delivery.body.bytes, expected, strlen(expected));
        assert_int_equal(delivery.delivery_count, delivery_count);
    }
    return delivery.tag;
}

static void what_was_in_hand_comes_again_after_a_cut(void **state)
{
    (void)state;
    struct delivery delivery;
    corner_fill(&corner, LANE_CUT, 100, 300);
    struct rabbit_broker *broker = open_broker(LANE_CUT, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    drive_expect_done(drive_subscribe(broker, &error), &error);
    (void)take_all(broker, 100, 0);

    drive_cut(&broker->consumer.wire);

    drive_expect_retry(drive_take(broker, &arena, &delivery, &error), &error, "connection");
    drive_expect_retry(port.ops->acknowledge(port.self, 1, &error), &error, "not connected");
    port.ops->give_back(port.self);
    drive_expect_done(drive_subscribe(broker, &error), &error);
    drive_expect_done(drive_acknowledge(broker, take_all(broker, 100, 1), &error), &error);
    drive_close(broker);
    corner_await_count(&corner, address_lane(corner.namespace, 1, LANE_CUT).text, 0);
}

static void a_turn_that_finds_the_connection_lost_is_told_of(void **state)
{
    (void)state;
    struct delivery delivery;
    struct rabbit_broker *broker = open_broker(LANE_CUT_OFTEN, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    for (uint32_t round = 0; round < 10; round++) {
        drive_expect_done(drive_subscribe(broker, &error), &error);
        drive_cut(&broker->consumer.wire);
        rabbit_broker_turn(broker);
        drive_expect_retry(port.ops->take(port.self, &arena, &delivery, &error), &error,
                           "connection");
        port.ops->give_back(port.self);
    }
    drive_close(broker);
}

static void a_queue_that_goes_is_told_of(void **state)
{
    (void)state;
    struct delivery delivery;
    const struct topology topology = {
        .namespace = corner.namespace, .generation = 1, .lanes = LANES};
    struct rabbit_broker *broker = open_broker(LANE_GONE, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    drive_expect_done(drive_subscribe(broker, &error), &error);

    corner_delete_queue(&corner, address_lane(corner.namespace, 1, LANE_GONE).text);

    drive_expect_retry(drive_take(broker, &arena, &delivery, &error), &error, "the queue is gone");
    port.ops->give_back(port.self);
    drive_expect_retry(drive_subscribe(broker, &error), &error, "NOT_FOUND");
    assert_true(wire_connected(&broker->consumer.wire));
    assert_true(topology_declare(&corner.rabbit, &topology, &error));
    drive_expect_done(drive_subscribe(broker, &error), &error);
    corner_fill(&corner, LANE_GONE, 10, 100);
    (void)take_all(broker, 10, 0);
    drive_close(broker);
}

/* The connection lives, its heartbeats come; what does not is consume-ok. */
static void a_subscription_that_is_not_answered_is_tried_anew(void **state)
{
    (void)state;
    static const struct proxy_rule rule = {PROXY_TO_CLIENT, "\0\74\0\25", "\0\74\0\157", 4};
    struct proxy proxy;
    struct amqp_url url = corner.url;
    struct rabbit_broker *broker = open_broker(LANE_CUT, &url);
    proxy_open(&proxy, url.hosts[0].port, &rule);
    url.hosts[0].port = proxy.port;
    broker->consumer.answer_timeout_ms = 300;

    drive_expect_retry(drive_subscribe(broker, &error), &error,
                       "no answer to a subscription within 300 ms");
    url.hosts[0].port = corner.url.hosts[0].port;
    drive_expect_done(drive_subscribe(broker, &error), &error);

    proxy_close(&proxy);
    assert_int_equal(atomic_load(&proxy.replaced), 1);
    drive_close(broker);
}

static void what_is_given_back_in_the_middle_of_publishing_is_forgotten(void **state)
{
    (void)state;
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    for (uint32_t i = 0; i < 1000; i++) {
        messages[i] = drive_event("nobody.listens.here");
    }
    (void)port.ops->publish(port.self, messages, 1000, &error);

    port.ops->give_back(port.self);

    messages[0] = drive_event("nobody.listens.either");
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);
    drive_close(broker);
}

/* A second each way; the broker would cut a silent connection after two. */
static void heartbeats_go_on_while_nothing_is_taken(void **state)
{
    (void)state;
    struct amqp_url url = corner.url;
    url.heartbeat_seconds = 1;
    struct rabbit_broker *broker = open_broker(LANE_BEATS, &url);
    corner_fill(&corner, LANE_BEATS, 100, 300);
    drive_expect_done(drive_subscribe(broker, &error), &error);
    messages[0] = drive_event("nobody.listens.here");
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);

    drive_turns(broker, 4500);

    (void)take_all(broker, 100, 0);
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);
    assert_int_equal(broker->consumer.subscriptions, 1);
    drive_close(broker);
}

/* As heartbeats_go_on_while_nothing_is_taken without the turns: that test can fail. */
static void without_turns_the_broker_cuts_the_connection(void **state)
{
    (void)state;
    struct amqp_url url = corner.url;
    struct delivery delivery;
    url.heartbeat_seconds = 1;
    struct rabbit_broker *broker = open_broker(LANE_SILENT, &url);
    drive_expect_done(drive_subscribe(broker, &error), &error);
    struct pollfd file = wire_interest(&broker->consumer.wire);
    file.events = POLLRDHUP; /* heartbeats do not end this wait */

    assert_int_equal(poll(&file, 1, 20000), 1);

    drive_expect_retry(drive_take(broker, &arena, &delivery, &error), &error, "connection");
    drive_close(broker);
}

static void speaks_tls_as_well(void **state)
{
    (void)state;
    const char *port = getenv("TILL_STACK_AMQPS_PORT");
    const char *authority = getenv("TILL_STACK_CA");
    struct amqp_url url = corner.url;
    assert_non_null(port);
    assert_non_null(authority);
    url.tls = url.verify = true;
    url.hosts[0].port = (uint16_t)strtoul(port, NULL, 10);
    (void)snprintf(url.ca_file, sizeof url.ca_file, "%s", authority);
    const struct address queue = corner_queue(&corner, "tls", 0);
    struct rabbit_broker *broker = open_broker(LANE_TLS, &url);
    corner_bind(&corner, queue, "events", "tls.#");
    corner_fill(&corner, LANE_TLS, 150, 60000);
    for (uint32_t i = 0; i < 5000; i++) {
        messages[i] = drive_event("tls.held.eu");
    }

    drive_expect_done(drive_subscribe(broker, &error), &error);
    const uint64_t tag = take_all(broker, 150, 0);
    drive_expect_done(drive_publish(broker, messages, 5000, &error), &error);
    drive_expect_done(drive_acknowledge(broker, tag, &error), &error);

    assert_non_null(broker->consumer.wire.rabbit.stream.session);
    drive_close(broker);
    corner_await_count(&corner, queue.text, 5000);
    corner_await_count(&corner, address_lane(corner.namespace, 1, LANE_TLS).text, 0);
    corner_delete_queue(&corner, queue.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_in_hand_comes_again_after_a_cut),
        cmocka_unit_test(a_turn_that_finds_the_connection_lost_is_told_of),
        cmocka_unit_test(a_queue_that_goes_is_told_of),
        cmocka_unit_test(a_subscription_that_is_not_answered_is_tried_anew),
        cmocka_unit_test(what_is_given_back_in_the_middle_of_publishing_is_forgotten),
        cmocka_unit_test(heartbeats_go_on_while_nothing_is_taken),
        cmocka_unit_test(without_turns_the_broker_cuts_the_connection),
        cmocka_unit_test(speaks_tls_as_well),
    };
    return cmocka_run_group_tests_name("broker_faults", tests, open_corner, close_corner);
}
