/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker port while the whole broker is in trouble: under a memory alarm, frozen, and for a
 * user without permission. It needs a stack of its own, named by TILL_OUTAGE_STACK: see
 * tests/integration/outage. */
#include "worker/rabbit/broker.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/corner.h"
#include "tests/support/drive.h"
#include "tests/support/test.h"

#define EVENTS     5000u
#define EVENT_SIZE 2000u /* so many of these do not fit into the kernel's buffers */
#define ALARM_MS   20000 /* longer than the kernel waits for a peer that does not read */

#define TURNS_MS 20

enum lane {
    LANE_ALARM,
    LANE_FROZEN,
    LANE_REFUSED,
    LANES,
};

static struct corner corner;
static struct message messages[EVENTS];
static char body[EVENT_SIZE];
static char memory[DELIVERY_MEMORY_MAX];
static struct arena arena;
static struct error error;

/* scripts/stack COMMAND --name STACK WORD..., the words in one string. That takes seconds, and
 * meanwhile the port's connections must be kept alive. */
static void stack(struct rabbit_broker *broker, const char *command, const char *words)
{
    char line[512];
    const char *arguments[] = {"sh", "-c", line, NULL};
    pid_t child = 0;
    int status = 0;
    assert_non_null(getenv("TILL_OUTAGE_STACK"));
    (void)snprintf(line, sizeof line, "exec '%s' %s --name \"$TILL_OUTAGE_STACK\" %s",
                   TILL_STACK_SCRIPT, command, words);
    assert_int_equal(
        posix_spawn(&child, "/bin/sh", NULL, NULL, (char *const *)(uintptr_t)arguments, environ),
        0);
    while (waitpid(child, &status, WNOHANG) == 0) {
        drive_turns(broker, TURNS_MS);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int open_corner(void **state)
{
    (void)state;
    corner_open(&corner, LANES);
    memset(body, 'e', sizeof body);
    for (uint32_t i = 0; i < EVENTS; i++) {
        messages[i] = (struct message){
            .target = MESSAGE_EVENT,
            .routing_key = SPAN_OF("outage.held.eu"),
            .body = {body, sizeof body},
            .id = SPAN_OF("1001.1"),
            .type = SPAN_OF("reserve.held"),
            .time = INSTANT_NONE,
        };
    }
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

/* Blocked for longer than any time-out of the kernel's or of ours, and nothing is lost by it. */
static void a_memory_alarm_is_waited_out(void **state)
{
    (void)state;
    struct amqp_url url = corner.url;
    url.heartbeat_seconds = 2;
    const struct address queue = corner_queue(&corner, "outage", 0);
    struct rabbit_broker *broker = open_broker(LANE_ALARM, &url);
    const struct broker port = rabbit_broker_port(broker);
    broker->publisher.confirm_timeout_ms = 3000;
    corner_bind(&corner, queue, "events", "outage.#");
    drive_expect_done(drive_subscribe(broker, &error), &error);
    drive_expect_done(drive_publish(broker, messages, 1, &error), &error);
    stack(broker, "rabbitmqctl", "set_vm_memory_high_watermark 0.0001");

    enum port_answer answer = PORT_WAIT;
    uint32_t looks = 0;
    uint32_t restless = 0;
    const int64_t begun = wire_now_ms();
    while (wire_now_ms() - begun < ALARM_MS) {
        answer = port.ops->publish(port.self, messages, EVENTS, &error);
        if (answer != PORT_WAIT) {
            fail_msg("published under an alarm, or failed: %s", error.text);
        }
        drive_turns(broker, 100);
        looks++;
        restless += rabbit_broker_interest(broker).timeout_ms == 0;
    }
    assert_true(rabbit_broker_blocked(broker));
    assert_true(restless < looks / 2); /* there is nothing to do but to wait */
    assert_true(wire_connected(&broker->consumer.wire));
    stack(broker, "rabbitmqctl", "set_vm_memory_high_watermark 0.4");
    drive_expect_done(drive_publish(broker, messages, EVENTS, &error), &error);

    assert_false(rabbit_broker_blocked(broker));
    assert_int_equal(broker->publisher.published, EVENTS + 1);
    corner_await_count(&corner, queue.text, EVENTS + 1);
    drive_close(broker);
    corner_delete_queue(&corner, queue.text);
}

/* No byte comes, and none is refused: only the silence tells. Whoever dials next is to know. */
static void a_frozen_broker_is_noticed(void **state)
{
    (void)state;
    struct amqp_url url = corner.url;
    struct delivery delivery;
    struct silence silence = {0};
    url.heartbeat_seconds = 2;
    url.silence = &silence;
    struct rabbit_broker *broker = open_broker(LANE_FROZEN, &url);
    const struct broker port = rabbit_broker_port(broker);
    corner_fill(&corner, LANE_FROZEN, 1, 100);
    drive_expect_done(drive_subscribe(broker, &error), &error);
    drive_expect_done(drive_take(broker, &arena, &delivery, &error), &error);
    arena_reset(&arena);
    stack(broker, "freeze", "rabbitmq");
    const int64_t begun = wire_now_ms();

    const enum port_answer answer = drive_take(broker, &arena, &delivery, &error);

    const int64_t took = wire_now_ms() - begun;
    stack(broker, "thaw", "rabbitmq");
    assert_int_equal(answer, PORT_FAILED);
    assert_int_equal(error.kind, ERROR_RETRY);
    assert_in_range(took, 2000, 10000);
    assert_int_not_equal(atomic_load(&silence.noted_ms[0]), 0);
    port.ops->give_back(port.self);
    drive_expect_done(drive_subscribe(broker, &error), &error);
    assert_int_equal(atomic_load(&silence.noted_ms[0]), 0);
    drive_expect_done(drive_take(broker, &arena, &delivery, &error), &error);
    assert_int_equal(delivery.delivery_count, 1);
    drive_expect_done(drive_acknowledge(broker, delivery.tag, &error), &error);
    drive_close(broker);
}

static void a_missing_permission_is_a_matter_of_configuration(void **state)
{
    (void)state;
    struct amqp_url url = corner.url;
    (void)snprintf(url.user, sizeof url.user, "stranger");
    (void)snprintf(url.password, sizeof url.password, "secret");
    struct rabbit_broker *broker = open_broker(LANE_REFUSED, &url);
    stack(broker, "rabbitmqctl", "add_user stranger secret");
    stack(broker, "rabbitmqctl", "set_permissions stranger '^$' '^$' '^$'");

    assert_int_equal(drive_subscribe(broker, &error), PORT_FAILED);
    assert_int_equal(error.kind, ERROR_CONFIG);
    error = (struct error){0};
    assert_int_equal(drive_publish(broker, messages, 1, &error), PORT_FAILED);
    assert_int_equal(error.kind, ERROR_CONFIG);
    assert_non_null(strstr(error.text, "ACCESS_REFUSED"));

    drive_close(broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_memory_alarm_is_waited_out),
        cmocka_unit_test(a_frozen_broker_is_noticed),
        cmocka_unit_test(a_missing_permission_is_a_matter_of_configuration),
    };
    return cmocka_run_group_tests_name("broker_outage", tests, open_corner, close_corner);
}
