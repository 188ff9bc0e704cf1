/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker port against a real broker, while things go wrong: nobody listens, queues refuse or
 * vanish, connections are cut, confirms do not come. */
#include "worker/rabbit/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

#define EVENTS_MAX  10000u
#define PATIENCE_MS 60000

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
    struct rabbit_broker *broker = malloc(sizeof *broker);
    const struct rabbit_lane served = {url, corner.namespace, 1, lane, 200, NULL};
    error = (struct error){0};
    assert_non_null(broker);
    assert_true(rabbit_broker_open(broker, &served, &error));
    arena_init(&arena, memory, sizeof memory);
    return broker;
}

static void close_broker(struct rabbit_broker *broker)
{
    rabbit_broker_close(broker);
    free(broker);
}

static void expect_done(enum port_answer answer)
{
    if (answer != PORT_DONE) {
        fail_msg("%s", error.text);
    }
}

/* What went wrong can be tried again, and the error says what it was. */
static void expect_retry(enum port_answer answer, const char *text)
{
    assert_int_equal(answer, PORT_FAILED);
    assert_int_equal(error.kind, ERROR_RETRY);
    if (strstr(error.text, text) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, text);
    }
}

static struct message event(const char *routing_key)
{
    return (struct message){
        .target = MESSAGE_EVENT,
        .routing_key = {routing_key, (uint32_t)strlen(routing_key)},
        .body = SPAN_OF("{\"specversion\":\"1.0\"}"),
        .id = SPAN_OF("1001.1"),
        .type = SPAN_OF("reserve.held"),
        .time = INT64_C(1763715600123456),
    };
}

static uint64_t take_all(struct rabbit_broker *broker, uint32_t count, uint32_t delivery_count)
{
    struct delivery delivery = {0};
    char expected[32];
    for (uint32_t i = 0; i < count; i++) {
        arena_reset(&arena);
        expect_done(drive_take(broker, &arena, &delivery, &error));
        (void)snprintf(expected, sizeof expected, "{\"n\":%u}", i);
        assert_memory_equal(delivery.body.bytes, expected, strlen(expected));
        assert_int_equal(delivery.delivery_count, delivery_count);
    }
    return delivery.tag;
}

static void cut(const struct wire *wire)
{
    assert_int_equal(shutdown(amqp_get_sockfd(wire->rabbit.connection), SHUT_RDWR), 0);
}

static void an_event_that_no_queue_takes_is_unheard(void **state)
{
    (void)state;
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    messages[0] = event("nobody.listens.here");
    messages[1] = event("nobody.listens.either");

    expect_done(drive_publish(broker, messages, 2, &error));

    assert_int_equal(broker->publisher.unheard, 2);
    close_broker(broker);
}

/* Two subscribers: one whose queue is full and refuses, one who must not suffer from it once it is
 * clear that no other channel helps. */
static void a_full_subscriber_does_not_stop_the_lane(void **state)
{
    (void)state;
    const struct address full = corner_queue(&corner, "full", 1);
    const struct address fine = corner_queue(&corner, "fine", 0);
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    broker->publisher.refused_patience_ms = 0;
    corner_bind(&corner, full, "events", "full.#");
    corner_bind(&corner, fine, "events", "full.#");
    for (uint32_t i = 0; i < 100; i++) {
        messages[i] = event("full.held.eu");
    }

    expect_done(drive_publish(broker, messages, 1, &error)); /* fills it */
    expect_done(drive_publish(broker, messages, 100, &error));

    assert_int_equal(broker->publisher.unheard, 100);
    assert_int_equal(broker->publisher.published, 301);
    corner_await_count(&corner, fine.text, 301);
    corner_delete_queue(&corner, full.text);
    expect_done(drive_publish(broker, messages, 100, &error));
    assert_int_equal(broker->publisher.unheard, 100);
    close_broker(broker);
    corner_delete_queue(&corner, fine.text);
}

static void more_events_than_can_be_unconfirmed_go_through(void **state)
{
    (void)state;
    const struct address queue = corner_queue(&corner, "many", 0);
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    corner_bind(&corner, queue, "events", "many.#");
    for (uint32_t i = 0; i < EVENTS_MAX; i++) {
        messages[i] = event("many.held.eu");
    }
    assert_true(EVENTS_MAX > 2 * CONFIRMS_MAX);

    expect_done(drive_publish(broker, messages, EVENTS_MAX, &error));

    corner_await_count(&corner, queue.text, EVENTS_MAX);
    close_broker(broker);
    corner_delete_queue(&corner, queue.text);
}

static void a_large_event_arrives_whole(void **state)
{
    (void)state;
    static char body[EVENT_MEMORY_MAX];
    static char large[EVENT_MEMORY_MAX];
    struct got got;
    const struct address queue = corner_queue(&corner, "large", 0);
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    corner_bind(&corner, queue, "events", "large.#");
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (char)('a' + i % 26);
    }
    memcpy(large, body, sizeof large);
    for (uint32_t i = 0; i < 20; i++) {
        messages[i] = event("large.held.eu");
        messages[i].body = (struct span){large, sizeof large - i};
        messages[i].repeat = true;
    }

    expect_done(drive_publish(broker, messages, 20, &error));

    for (uint32_t i = 0; i < 20; i++) {
        assert_true(corner_get(&corner, queue.text, &got));
        assert_int_equal(got.size, sizeof large - i);
        assert_memory_equal(got.body, body, sizeof got.body - 1);
        assert_true(got.repeat);
    }
    close_broker(broker);
    corner_delete_queue(&corner, queue.text);
}

static void a_dead_letter_is_not_given_up(void **state)
{
    (void)state;
    struct got got;
    const struct topology topology = {
        .namespace = corner.namespace, .generation = 1, .lanes = LANES};
    const struct address dead = address_of(corner.namespace, "dead");
    const struct delivery delivery = {
        .size = 5,
        .exchange = SPAN_OF("till.jobs"),
        .routing_key = SPAN_OF("1"),
        .message_id = SPAN_OF("1001.1"),
        .timestamp = TIMESTAMP_NONE,
        .timestamp_in_ms = TIMESTAMP_NONE,
    };
    const struct dead_letter letter = {DEAD_MALFORMED, SPAN_OF("/id: missing"), &delivery};
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    messages[0] = (struct message){.target = MESSAGE_DEAD,
                                   .routing_key = SPAN_OF("1"),
                                   .body = SPAN_OF("{\"i"),
                                   .time = INSTANT_NONE,
                                   .dead = &letter};
    corner_delete_queue(&corner, dead.text);

    expect_retry(drive_publish(broker, messages, 1, &error), "no queue takes dead letters");
    assert_true(topology_declare(&corner.rabbit, &topology, &error));
    expect_done(drive_publish(broker, messages, 1, &error));

    corner_await_count(&corner, dead.text, 1);
    assert_true(corner_get(&corner, dead.text, &got));
    assert_string_equal(got.body, "{\"i");
    assert_string_equal(got.message_id, "1001.1");
    assert_string_equal(got.reason, "malformed");
    assert_string_equal(got.error_text, "/id: missing");
    assert_int_equal(got.till_size, 5);
    assert_int_equal(broker->publisher.unheard, 0);
    close_broker(broker);
}

static void what_was_in_hand_comes_again_after_a_cut(void **state)
{
    (void)state;
    struct delivery delivery;
    corner_fill(&corner, LANE_CUT, 100, 300);
    struct rabbit_broker *broker = open_broker(LANE_CUT, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    expect_done(drive_subscribe(broker, &error));
    (void)take_all(broker, 100, 0);

    cut(&broker->consumer.wire);

    expect_retry(drive_take(broker, &arena, &delivery, &error), "connection");
    expect_retry(port.ops->acknowledge(port.self, 1, &error), "not connected");
    port.ops->give_back(port.self);
    expect_done(drive_subscribe(broker, &error));
    expect_done(drive_acknowledge(broker, take_all(broker, 100, 1), &error));
    close_broker(broker);
    corner_await_count(&corner, address_lane(corner.namespace, 1, LANE_CUT).text, 0);
}

static void a_turn_that_finds_the_connection_lost_is_told_of(void **state)
{
    (void)state;
    struct delivery delivery;
    struct rabbit_broker *broker = open_broker(LANE_CUT_OFTEN, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    for (uint32_t round = 0; round < 10; round++) {
        expect_done(drive_subscribe(broker, &error));
        cut(&broker->consumer.wire);
        rabbit_broker_turn(broker);
        expect_retry(port.ops->take(port.self, &arena, &delivery, &error), "connection");
        port.ops->give_back(port.self);
    }
    close_broker(broker);
}

static void events_are_published_again_after_a_cut(void **state)
{
    (void)state;
    const struct address queue = corner_queue(&corner, "cut", 0);
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    corner_bind(&corner, queue, "events", "cut.#");
    for (uint32_t i = 0; i < 500; i++) {
        messages[i] = event("cut.held.eu");
    }
    expect_done(drive_publish(broker, messages, 500, &error));
    while (port.ops->publish(port.self, messages, 500, &error) == PORT_WAIT) {
        drive_wait(broker);
    }

    cut(&broker->publisher.wire);

    enum port_answer answer;
    while ((answer = port.ops->confirm(port.self, &error)) == PORT_WAIT) {
        drive_wait(broker);
    }
    expect_retry(answer, "connection");
    expect_done(drive_publish(broker, messages, 500, &error));
    assert_true(corner_count(&corner, queue.text) >= 1000);
    close_broker(broker);
    corner_delete_queue(&corner, queue.text);
}

/* The proxy makes of each confirm a method that nobody knows. */
static void a_confirm_that_never_comes_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    static const struct proxy_rule rule = {PROXY_TO_CLIENT, "\0\0\0\15\0\74\0\120",
                                           "\0\0\0\15\0\74\0\121", 8};
    struct proxy proxy;
    struct amqp_url url = corner.url;
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &url);
    proxy_open(&proxy, url.hosts[0].port, &rule);
    url.hosts[0].port = proxy.port;
    broker->publisher.confirm_timeout_ms = 300;
    messages[0] = event("nobody.listens.here");

    expect_retry(drive_publish(broker, messages, 1, &error), "no confirm within 300 ms");
    url.hosts[0].port = corner.url.hosts[0].port;
    expect_done(drive_publish(broker, messages, 1, &error));

    proxy_close(&proxy);
    assert_int_equal(proxy.replaced, 1);
    close_broker(broker);
}

/* Only the first is lost, and nobody waits for it any more: what is in its way in the end is that no
 * more may be without confirm. */
static void a_forgotten_confirm_that_never_comes_ends_the_channel(void **state)
{
    (void)state;
    static const struct proxy_rule rule = {PROXY_TO_CLIENT,
                                           "\0\0\0\15\0\74\0\120\0\0\0\0\0\0\0\1",
                                           "\0\0\0\15\0\74\0\121\0\0\0\0\0\0\0\1", 16};
    struct proxy proxy;
    struct amqp_url url = corner.url;
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &url);
    const struct broker port = rabbit_broker_port(broker);
    proxy_open(&proxy, url.hosts[0].port, &rule);
    url.hosts[0].port = proxy.port;
    for (uint32_t i = 0; i < CONFIRMS_MAX; i++) {
        messages[i] = event("nobody.listens.here");
    }
    while (port.ops->publish(port.self, messages, 1, &error) == PORT_WAIT) {
        drive_wait(broker);
    }
    for (const int64_t begun = wire_now_ms(); atomic_load(&proxy.replaced) == 0;) {
        assert_true(wire_now_ms() - begun < PATIENCE_MS);
        drive_turns(broker, 10);
    }
    port.ops->give_back(port.self);
    expect_done(drive_publish(broker, messages, CONFIRMS_MAX - 1, &error));
    broker->publisher.confirm_timeout_ms = 300;

    expect_retry(drive_publish(broker, messages, 1, &error), "no confirm within 300 ms");
    url.hosts[0].port = corner.url.hosts[0].port;
    expect_done(drive_publish(broker, messages, CONFIRMS_MAX, &error));

    proxy_close(&proxy);
    close_broker(broker);
}

/* The channel may be the one at fault. What goes on longer is a full queue, and no reason to wait.
 */
static void a_refused_event_is_tried_on_another_channel(void **state)
{
    (void)state;
    const struct address hearing = corner_queue(&corner, "hearing", 0);
    const struct address full = corner_queue(&corner, "full", 1);
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    messages[0] = event("a.b.c");
    corner_bind(&corner, hearing, "events", "#");
    corner_bind(&corner, full, "events", "#");
    corner_publish(&corner, "", full.text, NULL, SPAN_OF("fills it"));

    expect_retry(drive_publish(broker, messages, 1, &error), "the broker refuses an event");
    assert_false(wire_connected(&broker->publisher.wire));
    corner_delete_queue(&corner, full.text);
    expect_done(drive_publish(broker, messages, 1, &error));
    assert_int_equal(atomic_load(&broker->publisher.unheard), 0);

    corner_bind(&corner, corner_queue(&corner, "full", 1), "events", "#");
    corner_publish(&corner, "", full.text, NULL, SPAN_OF("fills it"));
    broker->publisher.refused_patience_ms = 0;
    expect_done(drive_publish(broker, messages, 1, &error));
    assert_int_equal(atomic_load(&broker->publisher.unheard), 1);

    broker->publisher.begun_ms -= REFUSED_RENEW_MS;
    expect_retry(drive_publish(broker, messages, 1, &error), "the broker refuses an event");
    close_broker(broker);
    corner_delete_queue(&corner, full.text);
    corner_delete_queue(&corner, hearing.text);
}

static void a_queue_that_goes_is_told_of(void **state)
{
    (void)state;
    struct delivery delivery;
    const struct topology topology = {
        .namespace = corner.namespace, .generation = 1, .lanes = LANES};
    struct rabbit_broker *broker = open_broker(LANE_GONE, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    expect_done(drive_subscribe(broker, &error));

    corner_delete_queue(&corner, address_lane(corner.namespace, 1, LANE_GONE).text);

    expect_retry(drive_take(broker, &arena, &delivery, &error), "the queue is gone");
    port.ops->give_back(port.self);
    expect_retry(drive_subscribe(broker, &error), "NOT_FOUND");
    assert_true(wire_connected(&broker->consumer.wire));
    assert_true(topology_declare(&corner.rabbit, &topology, &error));
    expect_done(drive_subscribe(broker, &error));
    corner_fill(&corner, LANE_GONE, 10, 100);
    (void)take_all(broker, 10, 0);
    close_broker(broker);
}

static void what_is_given_back_in_the_middle_of_publishing_is_forgotten(void **state)
{
    (void)state;
    struct rabbit_broker *broker = open_broker(LANE_EVENTS, &corner.url);
    const struct broker port = rabbit_broker_port(broker);
    for (uint32_t i = 0; i < 1000; i++) {
        messages[i] = event("nobody.listens.here");
    }
    (void)port.ops->publish(port.self, messages, 1000, &error);

    port.ops->give_back(port.self);

    messages[0] = event("nobody.listens.either");
    expect_done(drive_publish(broker, messages, 1, &error));
    expect_done(drive_publish(broker, messages, 1, &error));
    close_broker(broker);
}

/* A second each way; the broker would cut a silent connection after two. */
static void heartbeats_go_on_while_nothing_is_taken(void **state)
{
    (void)state;
    struct amqp_url url = corner.url;
    url.heartbeat_seconds = 1;
    struct rabbit_broker *broker = open_broker(LANE_BEATS, &url);
    corner_fill(&corner, LANE_BEATS, 100, 300);
    expect_done(drive_subscribe(broker, &error));
    messages[0] = event("nobody.listens.here");
    expect_done(drive_publish(broker, messages, 1, &error));

    drive_turns(broker, 4500);

    (void)take_all(broker, 100, 0);
    expect_done(drive_publish(broker, messages, 1, &error));
    assert_int_equal(broker->consumer.subscriptions, 1);
    close_broker(broker);
}

/* As heartbeats_go_on_while_nothing_is_taken without the turns: that test can fail. */
static void without_turns_the_broker_cuts_the_connection(void **state)
{
    (void)state;
    struct amqp_url url = corner.url;
    struct delivery delivery;
    url.heartbeat_seconds = 1;
    struct rabbit_broker *broker = open_broker(LANE_SILENT, &url);
    expect_done(drive_subscribe(broker, &error));
    struct pollfd file = wire_interest(&broker->consumer.wire);
    file.events = POLLRDHUP; /* heartbeats do not end this wait */

    assert_int_equal(poll(&file, 1, 20000), 1);

    expect_retry(drive_take(broker, &arena, &delivery, &error), "connection");
    close_broker(broker);
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
        messages[i] = event("tls.held.eu");
    }

    expect_done(drive_subscribe(broker, &error));
    const uint64_t tag = take_all(broker, 150, 0);
    expect_done(drive_publish(broker, messages, 5000, &error));
    expect_done(drive_acknowledge(broker, tag, &error));

    assert_non_null(broker->consumer.wire.rabbit.stream.session);
    close_broker(broker);
    corner_await_count(&corner, queue.text, 5000);
    corner_await_count(&corner, address_lane(corner.namespace, 1, LANE_TLS).text, 0);
    corner_delete_queue(&corner, queue.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_that_no_queue_takes_is_unheard),
        cmocka_unit_test(a_full_subscriber_does_not_stop_the_lane),
        cmocka_unit_test(more_events_than_can_be_unconfirmed_go_through),
        cmocka_unit_test(a_large_event_arrives_whole),
        cmocka_unit_test(a_dead_letter_is_not_given_up),
        cmocka_unit_test(what_was_in_hand_comes_again_after_a_cut),
        cmocka_unit_test(a_turn_that_finds_the_connection_lost_is_told_of),
        cmocka_unit_test(events_are_published_again_after_a_cut),
        cmocka_unit_test(a_confirm_that_never_comes_is_not_waited_for_for_ever),
        cmocka_unit_test(a_forgotten_confirm_that_never_comes_ends_the_channel),
        cmocka_unit_test(a_refused_event_is_tried_on_another_channel),
        cmocka_unit_test(a_queue_that_goes_is_told_of),
        cmocka_unit_test(what_is_given_back_in_the_middle_of_publishing_is_forgotten),
        cmocka_unit_test(heartbeats_go_on_while_nothing_is_taken),
        cmocka_unit_test(without_turns_the_broker_cuts_the_connection),
        cmocka_unit_test(speaks_tls_as_well),
    };
    return cmocka_run_group_tests_name("broker_faults", tests, open_corner, close_corner);
}
