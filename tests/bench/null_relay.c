/* SPDX-License-Identifier: Apache-2.0
 *
 * How fast, and at what cost, jobs go through the broker port when nothing is done with them: take
 * a batch, publish an event for each job, await the confirms, acknowledge the batch.
 *
 * usage: bench_null_relay [JOBS [BATCH]] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/support/corner.h"
#include "tests/support/drive.h"
#include "tests/support/test.h"

#define JOB_SIZE     350u
#define EVENT_SIZE   550u
#define BATCH_MAX    1000u
#define MEMORY_SIZE  (2u * 1024u * 1024u)
#define JOBS_DEFAULT 100000u

struct relay {
    struct rabbit_broker broker;
    struct arena arena;
    struct message messages[BATCH_MAX];
    uint32_t batch_max;
    uint64_t tag;
    uint64_t waits; /* calls of poll */
    uint64_t batches;
};

static char memory[MEMORY_SIZE];
static char event_body[EVENT_SIZE];
static struct relay relay;

static uint64_t cpu_us(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
    return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * 1000000u +
           (uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec;
}

static void wait_for_broker(void)
{
    relay.waits++;
    drive_wait(&relay.broker);
}

static struct message event_of(const struct delivery *delivery)
{
    return (struct message){
        .target = MESSAGE_EVENT,
        .routing_key = SPAN_OF("checkout.confirmed.default"),
        .body = {event_body, sizeof event_body},
        .id = delivery->routing_key,
        .correlation_id = delivery->routing_key,
        .type = SPAN_OF("checkout.confirmed"),
        .time = INT64_C(1763715600123456),
    };
}

static uint32_t take_batch(void)
{
    const struct broker port = rabbit_broker_port(&relay.broker);
    struct error error = {0};
    uint32_t count = 0;
    arena_reset(&relay.arena);
    while (count < relay.batch_max) {
        struct delivery delivery;
        const enum port_answer answer = port.ops->take(port.self, &relay.arena, &delivery, &error);
        assert_int_not_equal(answer, PORT_FAILED);
        if (answer == PORT_DONE) {
            relay.messages[count++] = event_of(&delivery);
            relay.tag = delivery.tag;
        } else if (count > 0) {
            break;
        } else {
            wait_for_broker();
        }
    }
    return count;
}

static void relay_batch(uint32_t count)
{
    const struct broker port = rabbit_broker_port(&relay.broker);
    struct error error = {0};
    enum port_answer answer = PORT_WAIT;
    while ((answer = port.ops->publish(port.self, relay.messages, count, &error)) == PORT_WAIT) {
        wait_for_broker();
    }
    while (answer == PORT_DONE && (answer = port.ops->confirm(port.self, &error)) == PORT_WAIT) {
        wait_for_broker();
        answer = PORT_DONE;
    }
    assert_int_equal(answer, PORT_DONE);
    assert_int_equal(port.ops->acknowledge(port.self, relay.tag, &error), PORT_DONE);
    relay.batches++;
}

static void run(struct corner *corner, uint32_t jobs)
{
    const struct rabbit_lane lane = {
        &corner->url, corner->namespace, 1, 0, (uint16_t)(4 * relay.batch_max), NULL};
    struct error error = {0};
    corner_fill(corner, 0, jobs, JOB_SIZE);
    assert_true(rabbit_broker_open(&relay.broker, &lane, &error));
    assert_int_equal(drive_subscribe(&relay.broker, &error), PORT_DONE);

    const int64_t begun_ms = wire_now_ms();
    const uint64_t begun_us = cpu_us();
    for (uint32_t done = 0; done < jobs;) {
        const uint32_t count = take_batch();
        relay_batch(count);
        done += count;
    }
    const uint64_t spent_us = cpu_us() - begun_us;
    const int64_t took_ms = wire_now_ms() - begun_ms;

    printf("jobs %u\n", jobs);
    printf("jobs_per_second %.0f\n", jobs * 1000.0 / (double)took_ms);
    printf("cpu_us_per_job %.2f\n", (double)spent_us / jobs);
    printf("jobs_per_batch %.1f\n", (double)jobs / (double)relay.batches);
    printf("polls_per_batch %.1f\n", (double)relay.waits / (double)relay.batches);
    printf("sends_per_batch %.1f\n",
           (double)(relay.broker.consumer.wire.sends + relay.broker.publisher.wire.sends) /
               (double)relay.batches);
    rabbit_broker_close(&relay.broker);
}

int main(int argc, char **argv)
{
    static struct corner corner;
    const unsigned long jobs = argc > 1 ? strtoul(argv[1], NULL, 10) : JOBS_DEFAULT;
    const unsigned long batch = argc > 2 ? strtoul(argv[2], NULL, 10) : BATCH_JOBS_DEFAULT;
    if (argc > 3 || jobs < 1 || jobs > UINT32_MAX || batch < 1 || batch > BATCH_MAX) {
        fprintf(stderr, "usage: bench_null_relay [JOBS [BATCH, at most %u]]\n", BATCH_MAX);
        return 2;
    }
    relay.batch_max = (uint32_t)batch;
    arena_init(&relay.arena, memory, sizeof memory);
    memset(event_body, 'e', sizeof event_body);
    corner_open(&corner, 1);
    const struct address queue = corner_queue(&corner, "events", 0);
    corner_bind(&corner, queue, "events", "#");
    run(&corner, (uint32_t)jobs);
    corner_close(&corner);
    return 0;
}
