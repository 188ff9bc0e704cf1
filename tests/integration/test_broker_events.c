/* SPDX-License-Identifier: Apache-2.0
 *
 * Events through the broker port and a real broker, while things go wrong: nobody listens, queues
 * refuse, the connection is cut, confirms do not come. */
#include "worker/rabbit/broker.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/corner.h"
#include "tests/support/drive.h"
#include "tests/support/proxy.h"
#include "tests/support/test.h"
#include "worker/rabbit/topology.h"

#define EVENTS_MAX  10000u
#define PATIENCE_MS 60000

static struct corner corner;
static struct message messages[EVENTS_MAX];
static struct error error;

static int open_corner(void **state)
{
    (void)state;
    corner_open(&corner, 1);
    return 0;
}

static int close_corner(void **state)
{
    (void)state;
    corner_close(&corner);
    return 0;
}

static struct rabbit_broker *open_broker(const struct amqp_url *url)
{
    const struct rabbit_lane served = {url, corner.namespace, 1, 0, 200, NULL};
    error = (struct error){0};
    return drive_open(&served);
}

static void an_event_that_no_queue_takes_is_unheard(void **state)
{
    (void)state;
    struct rabbit_broker *broker = open_broker(&corner.url);
    messages[0] = drive_event("nobody.listens.here");
    messages[1] = drive_event("nobody.listens.either");

    drive_expect_done(drive_publish(broker, messages, 2, &error), &error);

    assert_int_equal(broker->publisher.unheard, 2);
    drive_close(broker);
}

/* Takes all that is there. */
static uint32_t repeats_in(struct address queue)
{
    struct got got;
    uint32_t repeats = 0;
    while (corner_get(&corner, queue.text, &got)) {
        repeats += got.repeat;
    }
    return repeats;
}

/* Two subscribers: one whose queue is full and refuses, one who must not suffer from it once it is
 * clear that no other channel helps. */
static void a_full_subscriber_does_not_stop_the_lane(void **state)
{
    (void)state;
    const struct address full = corner_queue(&corner, "full", 1);
    const struct address fine = corner_queue(&corner, "fine", 0);
    struct rabbit_broker *broker = open_broker(&corner.url);
    broker->publisher.refused_patience_ms = 0;
    corner_bind(&corner, full, "events", "full.#");
    corner_bind(&corner, fine, "events", "full.#");
    for (uint32_t i = 0; i < 100; i++) {
        messages[i] = drive_event("full.held.eu");
    }

    drive_expect_done(drive_publish(broker, messages, 1, &error), &error); /* fills it */
    drive_expect_done(drive_publish(broker, messages, 100, &error), &error);

    assert_int_equal(broker->publisher.unheard, 100);
    assert_int_equal(broker->publisher.published, 301);
    corner_await_count(&corner, fine.text, 301);
    assert_int_equal(repeats_in(fine), 200);
    corner_delete_queue(&corner, full.text);
    drive_expect_done(drive_publish(broker, messages, 100, &error), &error);
    assert_int_equal(broker->publisher.unheard, 100);
    drive_close(broker);
    corner_delete_queue(&corner, fine.text);
}

static void more_events_than_can_be_unconfirmed_go_through(void **state)
{
    (void)state;
    const struct address queue = corner_queue(&corner, "many", 0);
    struct rabbit_broker *broker = open_broker(&corner.url);
    corner_bind(&corner, queue, "events", "many.#");
    for (uint32_t i = 0; i < EVENTS_MAX; i++) {
        messages[i] = drive_event("many.held.eu");
    }
    assert_true(EVENTS_MAX > 2 * CONFIRMS_MAX);

    drive_expect_done(drive_publish(broker, messages, EVENTS_MAX, &error), &error);

    corner_await_count(&corner, queue.text, EVENTS_MAX);
    drive_close(broker);
    corner_delete_queue(&corner, queue.text);
}

static void a_large_event_arrives_whole(void **state)
{
    (void)state;
    static char body[EVENT_MEMORY_MAX];
    static char large[EVENT_MEMORY_MAX];
    struct got got;
    const struct address queue = corner_queue(&corner, "large", 0);
    struct rabbit_broker *broker = open_broker(&corner.url);
    corner_bind(&corner, queue, "events", "large.#");
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (char)('a' + i % 26);
    }
    memcpy(large, body, sizeof large);
    for (uint32_t i = 0; i < 20; i++) {
        messages[i] = drive_event("large.held.eu");
        messages[i].body = (struct span){large, sizeof large - i};
        messages[i].repeat = true;
    }

    drive_expect_done(drive_publish(broker, messages, 20, &error), &error);

    for (uint32_t i = 0; i < 20; i++) {
        assert_true(corner_get(&corner, queue.text, &got));
        assert_int_equal(got.size, sizeof large - i);
        assert_memory_equal(got.body, body, sizeof got.body - 1);
        assert_true(got.repeat);
    }
    drive_close(broker);
    corner_delete_queue(&corner, queue.text);
}

static void a_dead_letter_is_not_given_up(void **state)
{
    (void)state;
    struct got got;
    const struct topology topology = {.namespace = corner.namespace, .generation = 1, .lanes = 1};
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
    struct rabbit_broker *broker = open_broker(&corner.url);
    messages[0] = (struct message){.target = MESSAGE_DEAD,
                                   .routing_key = SPAN_OF("1"),
                                   .body = SPAN_OF("{\"i"),
                                   .time = INSTANT_NONE,
                                   .dead = &letter};
    corner_delete_queue(&corner, dead.text);

    drive_expect_retry(drive_publish(broker, messages, 1, &error), &error,
                       "no queue takes dead letters");
    assert_true(topology_declare(&corner.rabbit, &topology, &error));
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);

    corner_await_count(&corner, dead.text, 1);
    assert_true(corner_get(&corner, dead.text, &got));
    assert_string_equal(got.body, "{\"i");
    assert_string_equal(got.message_id, "1001.1");
    assert_string_equal(got.reason, "malformed");
    assert_string_equal(got.error_text, "/id: missing");
    assert_int_equal(got.till_size, 5);
    assert_int_equal(broker->publisher.unheard, 0);
    drive_close(broker);
}

static void events_are_published_again_after_a_cut(void **state)
{
    (void)state;
    const struct address queue = corner_queue(&corner, "cut", 0);
    struct rabbit_broker *broker = open_broker(&corner.url);
    const struct broker port = rabbit_broker_port(broker);
    corner_bind(&corner, queue, "events", "cut.#");
    for (uint32_t i = 0; i < 500; i++) {
        messages[i] = drive_event("cut.held.eu");
    }
    drive_expect_done(drive_publish(broker, messages, 500, &error), &error);
    while (port.ops->publish(port.self, messages, 500, &error) == PORT_WAIT) {
        drive_wait(broker);
    }

    drive_cut(&broker->publisher.wire);

    enum port_answer answer;
    while ((answer = port.ops->confirm(port.self, &error)) == PORT_WAIT) {
        drive_wait(broker);
    }
    drive_expect_retry(answer, &error, "connection");
    drive_expect_done(drive_publish(broker, messages, 500, &error), &error);
    assert_true(corner_count(&corner, queue.text) >= 1000);
    drive_close(broker);
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
    struct rabbit_broker *broker = open_broker(&url);
    proxy_open(&proxy, url.hosts[0].port, &rule);
    url.hosts[0].port = proxy.port;
    broker->publisher.confirm_timeout_ms = 300;
    messages[0] = drive_event("nobody.listens.here");

    drive_expect_retry(drive_publish(broker, messages, 1, &error), &error,
                       "no confirm within 300 ms");
    url.hosts[0].port = corner.url.hosts[0].port;
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);

    proxy_close(&proxy);
    assert_int_equal(proxy.replaced, 1);
    drive_close(broker);
}

/* Only the first is lost, and nobody waits for it any more: what is in its way in the end is that
 * no more may be without confirm. */
static void a_forgotten_confirm_that_never_comes_ends_the_channel(void **state)
{
    (void)state;
    static const struct proxy_rule rule = {PROXY_TO_CLIENT, "\0\0\0\15\0\74\0\120\0\0\0\0\0\0\0\1",
                                           "\0\0\0\15\0\74\0\121\0\0\0\0\0\0\0\1", 16};
    struct proxy proxy;
    struct amqp_url url = corner.url;
    struct rabbit_broker *broker = open_broker(&url);
    const struct broker port = rabbit_broker_port(broker);
    proxy_open(&proxy, url.hosts[0].port, &rule);
    url.hosts[0].port = proxy.port;
    for (uint32_t i = 0; i < CONFIRMS_MAX; i++) {
        messages[i] = drive_event("nobody.listens.here");
    }
    while (port.ops->publish(port.self, messages, 1, &error) == PORT_WAIT) {
        drive_wait(broker);
    }
    for (const int64_t begun = wire_now_ms(); atomic_load(&proxy.replaced) == 0;) {
        assert_true(wire_now_ms() - begun < PATIENCE_MS);
        drive_turns(broker, 10);
    }
    port.ops->give_back(port.self);
    drive_expect_done(drive_publish(broker, messages, CONFIRMS_MAX - 1, &error), &error);
    broker->publisher.confirm_timeout_ms = 300;

    drive_expect_retry(drive_publish(broker, messages, 1, &error), &error,
                       "no confirm within 300 ms");
    url.hosts[0].port = corner.url.hosts[0].port;
    drive_expect_done(drive_publish(broker, messages, CONFIRMS_MAX, &error), &error);

    proxy_close(&proxy);
    drive_close(broker);
}

/* The channel may be the one at fault. What goes on longer is a full queue, and no reason to wait.
 */
static void a_refused_event_is_tried_on_another_channel(void **state)
{
    (void)state;
    const struct address hearing = corner_queue(&corner, "hearing", 0);
    const struct address full = corner_queue(&corner, "full", 1);
    struct rabbit_broker *broker = open_broker(&corner.url);
    messages[0] = drive_event("a.b.c");
    corner_bind(&corner, hearing, "events", "#");
    corner_bind(&corner, full, "events", "#");
    corner_publish(&corner, "", full.text, NULL, SPAN_OF("fills it"));

    drive_expect_retry(drive_publish(broker, messages, 1, &error), &error,
                       "the broker refuses an event");
    assert_false(wire_connected(&broker->publisher.wire));
    corner_delete_queue(&corner, full.text);
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);
    assert_int_equal(atomic_load(&broker->publisher.unheard), 0);

    corner_bind(&corner, corner_queue(&corner, "full", 1), "events", "#");
    corner_publish(&corner, "", full.text, NULL, SPAN_OF("fills it"));
    broker->publisher.refused_patience_ms = 0;
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);
    assert_int_equal(atomic_load(&broker->publisher.unheard), 1);

    broker->publisher.begun_ms -= REFUSED_RENEW_MS;
    drive_expect_retry(drive_publish(broker, messages, 1, &error), &error,
                       "the broker refuses an event");
    drive_close(broker);
    corner_delete_queue(&corner, full.text);
    corner_delete_queue(&corner, hearing.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_that_no_queue_takes_is_unheard),
        cmocka_unit_test(a_full_subscriber_does_not_stop_the_lane),
        cmocka_unit_test(more_events_than_can_be_unconfirmed_go_through),
        cmocka_unit_test(a_large_event_arrives_whole),
        cmocka_unit_test(a_dead_letter_is_not_given_up),
        cmocka_unit_test(events_are_published_again_after_a_cut),
        cmocka_unit_test(a_confirm_that_never_comes_is_not_waited_for_for_ever),
        cmocka_unit_test(a_forgotten_confirm_that_never_comes_ends_the_channel),
        cmocka_unit_test(a_refused_event_is_tried_on_another_channel),
    };
    return cmocka_run_group_tests_name("broker_events", tests, open_corner, close_corner);
}
