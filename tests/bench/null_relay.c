/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that decides nothing: takes jobs through the broker port as a lane does, publishes an
 * event of the same size and properties for each, awaits the confirms, acknowledges. No parsing, no
 * database. While one batch is confirmed the next is taken, so that nothing here waits for what a
 * lane would not wait for.
 *
 * usage: bench_null_relay SKU LANES EVENT_SIZE [BATCH]
 *
 * Serves the lane of the SKU until SIGTERM; then prints what a batch was. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/slot.h"
#include "tests/bench/measure.h"
#include "tests/support/drive.h"

#define GENERATION  1u
#define EVENT_MAX   4096u
#define MEMORY_SIZE (2u * 1024u * 1024u) /* of a batch */

struct relayed {
    struct arena arena;
    struct message messages[BATCH_JOBS_MAX];
    uint32_t count;
    uint64_t tag; /* the last */
    char memory[MEMORY_SIZE];
};

struct null_relay {
    struct rabbit_broker broker;
    uint32_t jobs_max;
    struct span event;
    struct relayed batches[BATCHES];
    uint32_t front;  /* the batch that is being taken */
    bool publishing; /* the other one is being published */
    bool confirming; /* or confirmed */
    uint64_t jobs;
    uint64_t done;
};

static volatile sig_atomic_t stopped;
static struct null_relay relay;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static struct message event_of(const struct delivery *delivery)
{
    return (struct message){
        .target = MESSAGE_EVENT,
        .routing_key = SPAN_OF("checkout.confirmed.default"),
        .body = relay.event,
        .id = delivery->message_id,
        .correlation_id = delivery->message_id,
        .type = SPAN_OF("till.checkout.confirmed"),
        .traceparent = SPAN_NONE,
        .time = INT64_C(1763715600123456),
    };
}

/* What is there, as far as there is room. */
static bool take(struct error *error)
{
    const struct broker port = rabbit_broker_port(&relay.broker);
    struct relayed *batch = &relay.batches[relay.front];
    while (batch->count < relay.jobs_max && arena_room(&batch->arena) >= DELIVERY_MEMORY_MAX) {
        struct delivery delivery;
        const enum port_answer answer = port.ops->take(port.self, &batch->arena, &delivery, error);
        if (answer != PORT_DONE) {
            return answer == PORT_WAIT;
        }
        batch->messages[batch->count++] = event_of(&delivery);
        batch->tag = delivery.tag;
    }
    return true;
}

/* The other batch, one step on. PORT_WAIT: not yet. */
static enum port_answer finish(struct error *error)
{
    const struct broker port = rabbit_broker_port(&relay.broker);
    struct relayed *batch = &relay.batches[1 - relay.front];
    if (relay.publishing) {
        const enum port_answer answer =
            port.ops->publish(port.self, batch->messages, batch->count, error);
        relay.publishing = answer != PORT_DONE;
        relay.confirming = answer == PORT_DONE;
        return answer;
    }
    enum port_answer answer = port.ops->confirm(port.self, error);
    if (answer == PORT_DONE) {
        relay.confirming = false;
        relay.jobs += batch->count;
        relay.done++;
        answer = port.ops->acknowledge(port.self, batch->tag, error);
        batch->count = 0;
        arena_reset(&batch->arena);
    }
    return answer;
}

/* True: something was done, and more may be. */
static bool step(void)
{
    struct error error = {0};
    if (relay.publishing || relay.confirming) {
        const enum port_answer answer = finish(&error);
        if (answer == PORT_FAILED) {
            measure_fail_by(&error);
        }
        if (answer == PORT_DONE) {
            return true;
        }
    }
    if (!take(&error)) {
        measure_fail_by(&error);
    }
    if (relay.publishing || relay.confirming || relay.batches[relay.front].count == 0) {
        return false;
    }
    relay.front = 1 - relay.front;
    relay.publishing = true;
    return true;
}

static void serve(const struct rabbit_lane *lane)
{
    struct error error = {0};
    if (!rabbit_broker_open(&relay.broker, lane, &error) ||
        drive_subscribe(&relay.broker, &error) != PORT_DONE) {
        measure_fail_by(&error);
    }
    while (!stopped) {
        if (!step()) {
            drive_wait(&relay.broker);
        }
    }
    if (relay.done > 0) {
        printf("relay_jobs_per_batch %.1f\n", (double)relay.jobs / (double)relay.done);
        printf("relay_sends_per_batch %.1f\n",
               (double)(relay.broker.consumer.wire.sends + relay.broker.publisher.wire.sends) /
                   (double)relay.done);
    }
    rabbit_broker_close(&relay.broker);
}

int main(int count, char **arguments)
{
    static char event[EVENT_MAX];
    static struct amqp_url url; /* large */
    const struct sigaction action = {.sa_handler = stop};
    const char *address = getenv("TILL_AMQP_URL");
    const char *namespace = getenv("TILL_NAMESPACE");
    struct error error = {0};
    if (count < 4 || count > 5 || address == NULL || namespace == NULL) {
        measure_fail("usage: bench_null_relay SKU LANES EVENT_SIZE [BATCH], with TILL_AMQP_URL and "
                     "TILL_NAMESPACE set");
    }
    const uint32_t slot = till_slot(arguments[1], strlen(arguments[1]));
    if (!amqp_url_parse(address, &url, &error)) {
        measure_fail_by(&error);
    }
    memset(event, 'e', sizeof event);
    relay.event = (struct span){event, measure_number(arguments[3], EVENT_MAX)};
    relay.jobs_max = count > 4 ? measure_number(arguments[4], BATCH_JOBS_MAX) : BATCH_JOBS_DEFAULT;
    for (uint32_t i = 0; i < BATCHES; i++) {
        arena_init(&relay.batches[i].arena, relay.batches[i].memory, MEMORY_SIZE);
    }
    ENSURE(sigaction(SIGTERM, &action, NULL) == 0);
    serve(&(struct rabbit_lane){
        .url = &url,
        .namespace = namespace,
        .generation = GENERATION,
        .lane = slot_lane(slot, measure_number(arguments[2], LANES_MAX)),
        .prefetch = LANE_PREFETCH,
    });
    return 0;
}
