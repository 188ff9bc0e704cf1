/* SPDX-License-Identifier: Apache-2.0
 *
 * Replies: they reach who asked, and whatever name a stranger gives for them, neither the other
 * replies nor any lane is the worse for it. */
#include "worker/rabbit/replies.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <amqp_framing.h>

#include "tests/support/corner.h"
#include "tests/support/drive.h"
#include "tests/support/proxy.h"
#include "tests/support/test.h"
#include "worker/rabbit/submitter.h"

#define CHANNEL_ASK 5u /* direct reply-to works on the channel that asks */
#define PATIENCE_S  20
#define PATIENCE_MS 20000
#define DIRECT      "amq.rabbitmq.reply-to"

enum lane {
    LANE_ASK,
    LANE_UNHARMED,
    LANES,
};

static struct corner corner;
static struct replies replies;
static char memory[1024 * 1024];
static struct arena arena;
static struct error error;
static char direct_name[256];
static struct rabbit_broker *open_broker(enum lane lane)
{
    const struct rabbit_lane served = {&corner.url, corner.namespace, 1, lane, 200, &replies};
    arena_init(&arena, memory, sizeof memory);
    return drive_open(&served);
}

/* Asks once, to learn from the job delivered what the broker has made of the name. */
static void learn_direct_name(void)
{
    amqp_connection_state_t connection = corner.rabbit.connection;
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_REPLY_TO_FLAG,
                                                .reply_to = amqp_cstring_bytes(DIRECT)};
    struct delivery delivery;
    assert_true(rabbit_channel_open(&corner.rabbit, CHANNEL_ASK, &error));
    amqp_basic_consume(connection, CHANNEL_ASK, amqp_cstring_bytes(DIRECT), amqp_empty_bytes, 0, 1,
                       0, amqp_empty_table);
    assert_int_equal(amqp_get_rpc_reply(connection).reply_type, AMQP_RESPONSE_NORMAL);
    const struct address queue = address_lane(corner.namespace, 1, LANE_ASK);
    assert_int_equal(amqp_basic_publish(connection, CHANNEL_ASK, amqp_empty_bytes,
                                        amqp_cstring_bytes(queue.text), 0, 0, &properties,
                                        amqp_cstring_bytes("{}")),
                     AMQP_STATUS_OK);
    struct rabbit_broker *broker = open_broker(LANE_ASK);
    drive_expect_done(drive_subscribe(broker, &error), &error);
    drive_expect_done(drive_take(broker, &arena, &delivery, &error), &error);
    drive_expect_done(drive_acknowledge(broker, delivery.tag, &error), &error);
    assert_in_range(delivery.reply_to.size, sizeof DIRECT + 1, sizeof direct_name - 1);
    memcpy(direct_name, delivery.reply_to.bytes, delivery.reply_to.size);
    drive_close(broker);
}

static int open_corner(void **state)
{
    (void)state;
    corner_open(&corner, LANES);
    assert_true(replies_open(&replies, &corner.url, corner.namespace, &error));
    learn_direct_name();
    return 0;
}

static int close_corner(void **state)
{
    (void)state;
    replies_close(&replies);
    corner_close(&corner);
    return 0;
}

static struct message reply(const char *name, const char *body)
{
    return (struct message){
        .target = MESSAGE_REPLY,
        .routing_key = {name, (uint32_t)strlen(name)},
        .body = {body, (uint32_t)strlen(body)},
        .id = SPAN_OF("1001.1"),
        .type = SPAN_OF("reserve.held"),
        .time = INSTANT_NONE,
    };
}

static void offer(const char *name, const char *body)
{
    const struct message message = reply(name, body);
    replies_offer(&replies, &message);
}

static void expect_direct_reply(const char *body)
{
    amqp_envelope_t envelope;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    amqp_maybe_release_buffers(corner.rabbit.connection);
    const amqp_rpc_reply_t answer =
        amqp_consume_message(corner.rabbit.connection, &envelope, &patience, 0);
    assert_int_equal(answer.reply_type, AMQP_RESPONSE_NORMAL);
    assert_int_equal(envelope.message.body.len, strlen(body));
    assert_memory_equal(envelope.message.body.bytes, body, strlen(body));
    amqp_destroy_envelope(&envelope);
}

static void a_reply_reaches_who_asked_directly(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        offer(direct_name, "{\"outcome\":\"held\"}");
        expect_direct_reply("{\"outcome\":\"held\"}");
    }
}

static void many_replies_come_in_order_and_whole(void **state)
{
    (void)state;
    char bodies[200][32];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(bodies[i], sizeof bodies[i], "{\"n\":%d}", i);
        offer(direct_name, bodies[i]);
    }
    for (int i = 0; i < 200; i++) {
        expect_direct_reply(bodies[i]);
    }
}

static void a_reply_goes_to_a_reply_queue(void **state)
{
    (void)state;
    struct got got;
    const struct address queue = address_of(corner.namespace, "reply.x");
    amqp_queue_declare(corner.rabbit.connection, CHANNEL_ASK, amqp_cstring_bytes(queue.text), 0, 0,
                       1, 0, amqp_empty_table);
    assert_int_equal(amqp_get_rpc_reply(corner.rabbit.connection).reply_type, AMQP_RESPONSE_NORMAL);

    offer(queue.text, "{\"to\":\"x\"}");

    corner_await_count(&corner, queue.text, 1);
    assert_true(corner_get(&corner, queue.text, &got));
    assert_string_equal(got.body, "{\"to\":\"x\"}");
    corner_delete_queue(&corner, queue.text);
}

/* A job must not aim the worker at a queue of its choice. */
static void other_names_are_passed_over(void **state)
{
    (void)state;
    static char lengthy[300];
    const uint64_t sent = atomic_load(&replies.sent);
    const struct address lane = address_lane(corner.namespace, 1, LANE_ASK);
    const struct address sub = address_of(corner.namespace, "sub.reply.x");
    memset(lengthy, 'x', sizeof lengthy - 1);
    memcpy(lengthy, DIRECT ".", sizeof DIRECT);
    const char *names[] = {lane.text, sub.text,        "",          "amq.rabbitmq.reply-to",
                           lengthy,   DIRECT ".\r\nx", "till.jobs", DIRECT "."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        offer(names[i], "{}");
    }
    struct message absent = reply("", "{}");
    absent.routing_key = SPAN_NONE;
    replies_offer(&replies, &absent);

    offer(direct_name, "{\"last\":true}");

    expect_direct_reply("{\"last\":true}");
    assert_int_equal(atomic_load(&replies.sent), sent + 1);
    assert_int_equal(corner_count(&corner, lane.text), 0);
}

static const struct garbage_case {
    const char *name; /* of the test and of the queue */
} garbage_cases[] = {
    {DIRECT ".garbage"},
    {DIRECT ".g2dkABFyYWJiaXRAbG9jYWxob3N0AAAAAAAAAAAA.bm9ib2R5"},
    {DIRECT ".=.="},
    {DIRECT ".g1h2.////"},
    {DIRECT ".AAAA.AAAA.AAAA"},
};

/* Whatever the broker does about the name: it closes the connection over some. */
static void garbage_takes_no_other_reply_with_it(void **state)
{
    const struct garbage_case *test = *state;
    char bodies[50][32];
    for (int i = 0; i < 50; i++) {
        (void)snprintf(bodies[i], sizeof bodies[i], "{\"n\":%d}", i);
        offer(direct_name, bodies[i]);
        if (i == 20 || i == 30) {
            offer(test->name, "{}");
        }
    }
    for (int i = 0; i < 50; i++) {
        expect_direct_reply(bodies[i]);
    }
}

static void a_reply_queue_that_is_gone_harms_nobody(void **state)
{
    (void)state;
    const struct address gone = address_of(corner.namespace, "reply.gone");
    offer(gone.text, "{}");
    offer(direct_name, "{\"after\":1}");
    expect_direct_reply("{\"after\":1}");
}

/* Jobs are taken, events published, and the reply of each batch goes out when its events are safe,
 * while the connection of the replies is closed by the broker time and again. */
static void a_lane_goes_on_beside_garbage(void **state)
{
    (void)state;
    enum { ROUNDS = 20, ROUND_JOBS = 10 };
    struct rabbit_broker *broker = open_broker(LANE_UNHARMED);
    struct delivery delivery = {0};
    corner_fill(&corner, LANE_UNHARMED, ROUNDS * ROUND_JOBS, 200);
    drive_expect_done(drive_subscribe(broker, &error), &error);
    for (uint32_t batch = 0; batch < ROUNDS; batch++) {
        struct message messages[3] = {
            reply(DIRECT ".garbage", "{}"), reply(direct_name, "{\"mine\":1}"), {0}};
        messages[2] = reply("nobody.listens.here", "{}");
        messages[2].target = MESSAGE_EVENT;
        for (uint32_t i = 0; i < ROUND_JOBS; i++) {
            arena_reset(&arena);
            drive_expect_done(drive_take(broker, &arena, &delivery, &error), &error);
            assert_int_equal(delivery.delivery_count, 0);
        }
        drive_expect_done(drive_publish(broker, messages, 3, &error), &error);
        drive_expect_done(drive_acknowledge(broker, delivery.tag, &error), &error);
    }
    assert_int_equal(broker->publisher.unheard, ROUNDS);
    assert_int_equal(broker->consumer.subscriptions, 1);
    drive_close(broker);
    for (uint32_t batch = 0; batch < ROUNDS; batch++) {
        expect_direct_reply("{\"mine\":1}");
    }
}

/* Nobody empties the ring, for there is no broker at that port. Returns how many were dropped. */
static uint64_t offer_in_vain(uint32_t count, const char *body)
{
    struct replies stuck;
    struct amqp_url url = corner.url;
    url.hosts[0].port = 1;
    assert_true(replies_open(&stuck, &url, corner.namespace, &error));
    const struct message message = reply(direct_name, body);
    const int64_t begun = wire_now_ms();
    for (uint32_t i = 0; i < count; i++) {
        replies_offer(&stuck, &message);
    }
    const uint64_t dropped = atomic_load(&stuck.dropped);
    assert_true(wire_now_ms() - begun < PATIENCE_MS);
    replies_close(&stuck);
    return dropped;
}

static void a_full_ring_drops_says_so_and_does_not_wait(void **state)
{
    (void)state;
    static char body[60000];
    char said[4096] = "";
    FILE *log = tmpfile();
    const int errors = dup(STDERR_FILENO);
    assert_non_null(log);
    memset(body, 'x', sizeof body - 1);
    assert_int_equal(dup2(fileno(log), STDERR_FILENO), STDERR_FILENO);

    const uint64_t dropped = offer_in_vain(200, body);

    assert_int_equal(dup2(errors, STDERR_FILENO), STDERR_FILENO);
    assert_in_range(dropped, 50, 199);
    rewind(log);
    assert_true(fread(said, 1, sizeof said - 1, log) > 0);
    if (strstr(said, "did not fit and were dropped") == NULL) {
        fail_msg("\"%s\" does not say so", said);
    }
    (void)close(errors); /* nothing to be done about it */
    (void)fclose(log);   /* it was only read */
}

/* Before there is a connection, lanes decide whatever a front end may have under way. */
static void a_window_of_replies_waits_for_the_connection(void **state)
{
    (void)state;
    static char body[1024];
    memset(body, 'x', sizeof body - 1);
    assert_int_equal(offer_in_vain(2 * SUBMITTER_WINDOW, body), 0);
}

/* Only the second is lost, and its name is a known one: what stands behind it has a new name, and
 * would wait for it for ever. */
static void a_confirm_that_never_comes_stops_nobody(void **state)
{
    (void)state;
    static const struct proxy_rule rule = {PROXY_TO_CLIENT, "\0\0\0\15\0\74\0\120\0\0\0\0\0\0\0\2",
                                           "\0\0\0\15\0\74\0\121\0\0\0\0\0\0\0\2", 16};
    struct proxy proxy;
    struct replies proxied;
    struct amqp_url url = corner.url;
    struct message message = reply(direct_name, "{\"known\":1}");
    const struct address queue = address_of(corner.namespace, "reply.new");
    amqp_queue_declare(corner.rabbit.connection, CHANNEL_ASK, amqp_cstring_bytes(queue.text), 0, 0,
                       1, 0, amqp_empty_table);
    assert_int_equal(amqp_get_rpc_reply(corner.rabbit.connection).reply_type, AMQP_RESPONSE_NORMAL);
    proxy_open(&proxy, url.hosts[0].port, &rule);
    url.hosts[0].port = proxy.port;
    assert_true(replies_open(&proxied, &url, corner.namespace, &error));
    proxied.confirm_timeout_ms = 300;

    replies_offer(&proxied, &message);
    replies_offer(&proxied, &message);
    message.routing_key = (struct span){queue.text, (uint32_t)strlen(queue.text)};
    replies_offer(&proxied, &message);

    corner_await_count(&corner, queue.text, 1);
    expect_direct_reply("{\"known\":1}");
    expect_direct_reply("{\"known\":1}");
    replies_close(&proxied);
    proxy_close(&proxy);
    assert_in_range(atomic_load(&proxy.replaced), 1, 2);
    corner_delete_queue(&corner, queue.text);
}

int main(void)
{
    enum { CASES = sizeof garbage_cases / sizeof garbage_cases[0] };
    struct CMUnitTest tests[CASES + 9] = {
        cmocka_unit_test(a_reply_reaches_who_asked_directly),
        cmocka_unit_test(many_replies_come_in_order_and_whole),
        cmocka_unit_test(a_reply_goes_to_a_reply_queue),
        cmocka_unit_test(other_names_are_passed_over),
        cmocka_unit_test(a_reply_queue_that_is_gone_harms_nobody),
        cmocka_unit_test(a_lane_goes_on_beside_garbage),
        cmocka_unit_test(a_full_ring_drops_says_so_and_does_not_wait),
        cmocka_unit_test(a_window_of_replies_waits_for_the_connection),
        cmocka_unit_test(a_confirm_that_never_comes_stops_nobody),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[9 + i] = (struct CMUnitTest){.name = garbage_cases[i].name,
                                           .test_func = garbage_takes_no_other_reply_with_it,
                                           .initial_state = (void *)&garbage_cases[i]};
    }
    return cmocka_run_group_tests_name("replies", tests, open_corner, close_corner);
}
