/* SPDX-License-Identifier: Apache-2.0
 *
 * RabbitMQ: a namespace of the test's own with a lane for each script, and accidents at chosen
 * moments. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <stdatomic.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "tests/conformance/broker_side.h"
#include "tests/support/corner.h"
#include "tests/support/drive.h"
#include "tests/support/proxy.h"
#include "tests/support/test.h"
#include "worker/rabbit/topology.h"

#define SETTLE_MS   250
#define PATIENCE_MS 20000
#define LOOK_MS     10
#define TURNS_MS    20

static struct corner corner;
static uint32_t lanes_used;
static struct rabbit_broker *brokers[ACTOR_COUNT];
static struct replies replies;
static bool open;
static struct address subscriber;
static struct address full;
static bool proxied;
static struct proxy proxy;
static struct amqp_url proxy_url;

void broker_real_open(uint32_t scripts)
{
    struct error error = {0};
    corner_open(&corner, scripts);
    assert_true(replies_open(&replies, &corner.url, corner.namespace, &error));
}

static void end(void)
{
    for (uint32_t i = 0; i < ACTOR_COUNT && open; i++) {
        rabbit_broker_close(brokers[i]);
        free(brokers[i]);
    }
    if (subscriber.text[0] != '\0') {
        corner_delete_queue(&corner, subscriber.text);
        subscriber.text[0] = '\0';
    }
    open = false;
    if (proxied) {
        proxy_close(&proxy);
        proxied = false;
    }
}

void broker_real_close(void)
{
    end();
    replies_close(&replies);
    corner_close(&corner);
}

static void begin(uint16_t prefetch)
{
    end();
    assert_in_range(lanes_used, 0, corner.lanes - 1);
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        struct error error = {0};
        const struct rabbit_lane lane = {&corner.url, corner.namespace, 1,
                                         lanes_used,  prefetch,         &replies};
        brokers[i] = malloc(sizeof *brokers[i]);
        assert_non_null(brokers[i]);
        assert_true(rabbit_broker_open(brokers[i], &lane, &error));
        brokers[i]->publisher.refused_patience_ms = 0; /* the simulated channels know no leader */
    }
    open = true;
    lanes_used++;
}

static struct broker port(enum actor actor)
{
    return rabbit_broker_port(brokers[actor]);
}

static bool pass(enum actor actor)
{
    drive_wait(brokers[actor]);
    return true;
}

static void settle(enum actor actor)
{
    drive_turns(brokers[actor], SETTLE_MS);
}

static uint32_t slot_first(void)
{
    const uint32_t lane = lanes_used - 1;
    return (lane * SLOTS + corner.lanes - 1) / corner.lanes;
}

static void send_job(bool stock, uint32_t key, const char *body)
{
    char slot[8];
    const amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG |
                  AMQP_BASIC_MESSAGE_ID_FLAG,
        .delivery_mode = 2,
        .content_type = amqp_cstring_bytes("application/json"),
        .message_id = amqp_cstring_bytes(body)};
    (void)snprintf(slot, sizeof slot, "%u", slot_first() + key);
    corner_publish(&corner, address_of(corner.namespace, stock ? "stock" : "jobs").text, slot,
                   &properties, (struct span){body, (uint32_t)strlen(body)});
}

static uint32_t key_of(struct span routing_key)
{
    char text[8] = {0};
    assert_in_range(routing_key.size, 1, sizeof text - 1);
    memcpy(text, routing_key.bytes, routing_key.size);
    return (uint32_t)strtoul(text, NULL, 10) - slot_first();
}

/* How many there are, at the latest when there should be as many. */
static uint32_t count(const char *queue, uint32_t expected)
{
    uint32_t there = corner_count(&corner, queue);
    for (int waited = 0; there != expected && waited < PATIENCE_MS; waited += LOOK_MS) {
        (void)poll(NULL, 0, LOOK_MS); /* between two looks */
        there = corner_count(&corner, queue);
    }
    return there;
}

static uint32_t ready(uint32_t expected)
{
    return count(address_lane(corner.namespace, 1, lanes_used - 1).text, expected);
}

static uint32_t dead(uint32_t expected)
{
    return count(address_of(corner.namespace, "dead").text, expected);
}

static bool hear(char body[BODY_MAX])
{
    struct got got;
    if (subscriber.text[0] == '\0' || !corner_get(&corner, subscriber.text, &got)) {
        return false;
    }
    assert_in_range(got.size, 0, BODY_MAX - 1);
    memcpy(body, got.body, got.size + 1);
    return true;
}

static uint64_t unheard(enum actor actor)
{
    return atomic_load(&brokers[actor]->publisher.unheard);
}

static void cut(struct wire *wire)
{
    assert_true(wire_connected(wire));
    assert_int_equal(shutdown(amqp_get_sockfd(wire->rabbit.connection), SHUT_RDWR), 0);
}

static uint16_t own_port(const struct wire *wire)
{
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    const int file = amqp_get_sockfd(wire->rabbit.connection);
    assert_int_equal(getsockname(file, (struct sockaddr *)&own, &size), 0);
    return ntohs(own.sin_port);
}

/* All actors' connections: the broker would cut silent ones. */
static void keep_alive(void)
{
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        drive_turns(brokers[i], TURNS_MS);
    }
}

/* The broker is told to close it, which takes it some time. */
static void close_consumer(const struct rabbit_broker *broker)
{
    char expression[256];
    const char *stack = getenv("TILL_STACK_NAME");
    const char *arguments[] = {TILL_STACK_SCRIPT, "rabbitmqctl", "--name", stack, "eval",
                               expression,        NULL};
    pid_t child = 0;
    int status = 0;
    assert_non_null(stack); /* scripts/test says it */
    (void)snprintf(expression, sizeof expression,
                   "1 = length([rabbit_networking:close_connection(P, \"conformance\")"
                   " || [{pid, P}, {peer_port, %u}]"
                   " <- rabbit_networking:connection_info_all([pid, peer_port])]).",
                   own_port(&broker->consumer.wire));
    assert_int_equal(posix_spawn(&child, TILL_STACK_SCRIPT, NULL, NULL,
                                 (char *const *)(uintptr_t)arguments, environ),
                     0);
    while (waitpid(child, &status, WNOHANG) == 0) {
        keep_alive();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The proxy makes of each confirm a method that nobody knows. */
static void hold_confirms(struct rabbit_broker *broker)
{
    static const struct proxy_rule rule = {PROXY_TO_CLIENT, "\0\0\0\15\0\74\0\120",
                                           "\0\0\0\15\0\74\0\121", 8};
    assert_false(proxied || wire_connected(&broker->publisher.wire));
    proxy_open(&proxy, corner.url.hosts[0].port, &rule);
    proxied = true;
    proxy_url = corner.url;
    proxy_url.hosts[0].port = proxy.port;
    broker->lane.url = &proxy_url;
    broker->publisher.confirm_timeout_ms = 1000;
}

/* Of one that nobody waits for, a turn sees that it is gone. */
static void lose_publisher(struct rabbit_broker *broker)
{
    const int64_t begun = wire_now_ms();
    if (proxied) {
        proxy_close(&proxy);
        proxied = false;
        broker->lane.url = &corner.url;
        broker->publisher.confirm_timeout_ms = CONFIRM_TIMEOUT_MS;
        return;
    }
    assert_false(broker->publisher.under_way);
    cut(&broker->publisher.wire);
    while (wire_connected(&broker->publisher.wire)) {
        assert_in_range(wire_now_ms() - begun, 0, PATIENCE_MS);
        rabbit_broker_turn(broker);
    }
}

static void fill_subscriber(void)
{
    full = corner_queue(&corner, "full", 1);
    corner_publish(&corner, "", full.text, NULL, SPAN_OF("fills it"));
    corner_bind(&corner, full, "events", "#");
}

static void bring_dead_queue_back(void)
{
    struct error error = {0};
    const struct topology topology = {
        .namespace = corner.namespace, .generation = 1, .lanes = corner.lanes};
    assert_true(topology_declare(&corner.rabbit, &topology, &error));
}

static void strike(enum actor actor, enum broker_accident accident)
{
    switch (accident) {
    case CONSUMER_LOST:
        cut(&brokers[actor]->consumer.wire);
        break;
    case CONSUMER_CLOSED:
        close_consumer(brokers[actor]);
        break;
    case CONFIRMS_HELD:
        hold_confirms(brokers[actor]);
        break;
    case PUBLISHER_LOST:
        lose_publisher(brokers[actor]);
        break;
    case SOMEBODY_LISTENS:
        subscriber = corner_queue(&corner, "fine", 0);
        corner_bind(&corner, subscriber, "events", "#");
        break;
    case SUBSCRIBER_FULL:
        fill_subscriber();
        break;
    case SUBSCRIBER_GONE:
        corner_delete_queue(&corner, full.text);
        break;
    case DEAD_QUEUE_GONE:
        corner_delete_queue(&corner, address_of(corner.namespace, "dead").text);
        break;
    case DEAD_QUEUE_BACK:
        bring_dead_queue_back();
        break;
    }
}

const struct broker_side broker_real = {
    .name = "RabbitMQ",
    .begin = begin,
    .end = end,
    .port = port,
    .pass = pass,
    .settle = settle,
    .send = send_job,
    .key_of = key_of,
    .ready = ready,
    .dead = dead,
    .hear = hear,
    .unheard = unheard,
    .strike = strike,
};
