/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop around the port's calls. */
#include "tests/support/drive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/support/test.h"

#define PATIENCE_MS 60000

struct rabbit_broker *drive_open(const struct rabbit_lane *lane)
{
    struct error error = {0};
    struct rabbit_broker *broker = malloc(sizeof *broker);
    assert_non_null(broker);
    assert_true(rabbit_broker_open(broker, lane, &error));
    return broker;
}

void drive_close(struct rabbit_broker *broker)
{
    rabbit_broker_close(broker);
    free(broker);
}

struct message drive_event(const char *routing_key)
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

void drive_cut(const struct wire *wire)
{
    assert_int_equal(shutdown(amqp_get_sockfd(wire->rabbit.connection), SHUT_RDWR), 0);
}

void drive_expect_done(enum port_answer answer, const struct error *error)
{
    if (answer != PORT_DONE) {
        fail_msg("%s", error->text);
    }
}

void drive_expect_retry(enum port_answer answer, const struct error *error, const char *text)
{
    assert_int_equal(answer, PORT_FAILED);
    assert_int_equal(error->kind, ERROR_RETRY);
    if (strstr(error->text, text) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error->text, text);
    }
}

void drive_wait(struct rabbit_broker *broker)
{
    struct rabbit_interest interest = rabbit_broker_interest(broker);
    (void)poll(interest.files, 2, interest.timeout_ms); /* what it says, the turn sees */
    rabbit_broker_polled(broker, interest.files);
    rabbit_broker_turn(broker);
}

void drive_turns(struct rabbit_broker *broker, int64_t duration_ms)
{
    const int64_t end = wire_now_ms() + duration_ms;
    for (int64_t left = duration_ms; left > 0; left = end - wire_now_ms()) {
        struct rabbit_interest interest = rabbit_broker_interest(broker);
        (void)poll(interest.files, 2, left < interest.timeout_ms ? (int)left : interest.timeout_ms);
        rabbit_broker_polled(broker, interest.files);
        rabbit_broker_turn(broker);
    }
}

static void check_patience(int64_t begun)
{
    if (wire_now_ms() - begun > PATIENCE_MS) {
        fail_msg("still PORT_WAIT after %d ms", PATIENCE_MS);
    }
}

enum port_answer drive_subscribe(struct rabbit_broker *broker, struct error *error)
{
    const struct broker port = rabbit_broker_port(broker);
    const int64_t begun = wire_now_ms();
    enum port_answer answer = PORT_WAIT;
    while ((answer = port.ops->subscribe(port.self, error)) == PORT_WAIT) {
        check_patience(begun);
        drive_wait(broker);
    }
    return answer;
}

enum port_answer drive_take(struct rabbit_broker *broker, struct arena *arena,
                            struct delivery *delivery, struct error *error)
{
    const struct broker port = rabbit_broker_port(broker);
    const int64_t begun = wire_now_ms();
    enum port_answer answer = PORT_WAIT;
    while ((answer = port.ops->take(port.self, arena, delivery, error)) == PORT_WAIT) {
        check_patience(begun);
        drive_wait(broker);
    }
    return answer;
}

enum port_answer drive_publish(struct rabbit_broker *broker, const struct message *messages,
                               uint32_t count, struct error *error)
{
    const struct broker port = rabbit_broker_port(broker);
    const int64_t begun = wire_now_ms();
    enum port_answer answer = PORT_WAIT;
    while ((answer = port.ops->publish(port.self, messages, count, error)) == PORT_WAIT) {
        check_patience(begun);
        drive_wait(broker);
    }
    if (answer == PORT_FAILED) {
        return answer;
    }
    while ((answer = port.ops->confirm(port.self, error)) == PORT_WAIT) {
        check_patience(begun);
        drive_wait(broker);
    }
    return answer;
}

enum port_answer drive_acknowledge(struct rabbit_broker *broker, uint64_t tag, struct error *error)
{
    const struct broker port = rabbit_broker_port(broker);
    const int64_t begun = wire_now_ms();
    enum port_answer answer = PORT_WAIT;
    while ((answer = port.ops->acknowledge(port.self, tag, error)) == PORT_WAIT) {
        check_patience(begun);
        drive_wait(broker);
    }
    return answer;
}
