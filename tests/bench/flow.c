/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends jobs, has a process turn them into events, takes the events in, and prints how fast that
 * went and what it cost the process.
 *
 * usage: bench_flow MODE [--jobs N] [--skus N] [--rate N] [--publishers N] --run N
 *                   -- COMMAND [ARGUMENT...]
 *
 *   drain   sends all jobs, then starts the process
 *   stream  starts the process, then sends all jobs as fast as the broker takes them
 *   pace    starts the process, then sends so many jobs a second, whatever comes back: a job's time
 *           counts from when it was to be sent
 *
 * Throughput, and the process's time, are those between the event of the tenth part of the jobs and
 * the last: how long connecting takes is no throughput. */
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/ensure.h"
#include "tests/bench/drawn.h"
#include "tests/bench/measure.h"
#include "tests/bench/relay.h"
#include "tests/bench/sender.h"
#include "tests/bench/subscriber.h"

#define JOBS_MAX       10000000u
#define SENDERS_MAX    16u
#define SECOND_NS      INT64_C(1000000000)
#define TURN_NS        (SECOND_NS / 10) /* heartbeats, and whether the process still runs */
#define PATIENCE_NS    (60 * SECOND_NS) /* without any event */
#define EVENT_EXPECTED "checkout.confirmed."

struct mark {
    int64_t at_ns;
    int64_t cpu_ns;
};

struct flow {
    uint32_t jobs;
    uint32_t rate;
    uint32_t sender_count;
    char **command;

    struct draw draw;
    struct drawn next; /* the job to be sent next, if any is left */
    uint32_t drawn;    /* jobs, with next */
    uint32_t sent;
    uint32_t come; /* events of jobs */
    uint32_t mark_from;
    uint64_t event_bytes; /* of the events of jobs */
    uint64_t news;        /* other events */
    int64_t began_ns;     /* pace: when job 0 was due */
    int64_t progress_ns;
    int64_t *latencies; /* of each job; 0: its event has not come */
    struct mark first;
    struct mark last;
    struct relay relay;
    struct subscriber subscriber;
    struct sender senders[SENDERS_MAX];
};

static struct mark mark_now(const struct flow *flow)
{
    return (struct mark){measure_now_ns(), measure_cpu_ns(flow->relay.process)};
}

/* When the job is to be sent; in the other modes nobody asks. */
static int64_t due_ns(const struct flow *flow, uint32_t number)
{
    return flow->rate == 0 ? 0 : flow->began_ns + (int64_t)number * SECOND_NS / flow->rate;
}

static void note_event(void *self, struct span id, struct span key, uint64_t size)
{
    struct flow *flow = self;
    uint32_t number = 0;
    if (!draw_number(&flow->draw, id, &number)) {
        flow->news++;
        return;
    }
    if (number >= flow->jobs || flow->latencies[number] != 0) {
        measure_fail("an event came twice: \"%.*s\"", SPAN_ARGUMENTS(id));
    }
    if (key.size < sizeof EVENT_EXPECTED - 1 ||
        memcmp(key.bytes, EVENT_EXPECTED, sizeof EVENT_EXPECTED - 1) != 0) {
        measure_fail("a job was not granted: \"%.*s\"", SPAN_ARGUMENTS(key));
    }
    if (flow->relay.process == 0) {
        measure_fail("another process already serves this namespace");
    }
    flow->progress_ns = measure_now_ns();
    flow->latencies[number] = flow->progress_ns - due_ns(flow, number);
    flow->event_bytes += size;
    flow->come++;
    if (flow->come == flow->mark_from) {
        flow->first = mark_now(flow);
    }
    if (flow->come == flow->jobs) {
        flow->last = mark_now(flow);
    }
}

/* Jobs up to a number, in turn over the connections, as far as there is room. */
static void send_jobs(struct flow *flow, uint32_t until)
{
    while (flow->sent < until) {
        struct sender *sender = &flow->senders[flow->sent % flow->sender_count];
        if (flow->drawn == flow->sent) {
            draw_job(&flow->draw, flow->drawn++, &flow->next);
        }
        if (!sender_send(sender, &flow->next)) {
            return;
        }
        flow->sent++;
    }
}

static uint32_t pending(const struct flow *flow)
{
    uint32_t jobs = 0;
    for (uint32_t i = 0; i < flow->sender_count; i++) {
        jobs += sender_pending(&flow->senders[i]);
    }
    return jobs;
}

/* Waits for a socket, at most so long. */
static void wait_for_something(struct flow *flow, int64_t wait_ns)
{
    struct pollfd files[SENDERS_MAX + 1];
    const struct timespec wait = {wait_ns / SECOND_NS, wait_ns % SECOND_NS};
    for (uint32_t i = 0; i < flow->sender_count; i++) {
        files[i] = wire_interest(&flow->senders[i].wire);
    }
    files[flow->sender_count] = (struct pollfd){
        .fd = amqp_get_sockfd(flow->subscriber.rabbit.connection), .events = POLLIN};
    (void)ppoll(files, flow->sender_count + 1, &wait, NULL); /* whatever ends it, look again */
}

static void turn(struct flow *flow, int64_t wait_ns)
{
    for (uint32_t i = 0; i < flow->sender_count; i++) {
        sender_turn(&flow->senders[i]);
    }
    if (!flow->subscriber.more && wait_ns > 0) {
        wait_for_something(flow, wait_ns < TURN_NS ? wait_ns : TURN_NS);
    }
    subscriber_turn(&flow->subscriber);
    if (flow->relay.process != 0) {
        relay_check(&flow->relay);
    }
    if (measure_now_ns() - flow->progress_ns > PATIENCE_NS) {
        measure_fail("%" PRIu32 " of %" PRIu32 " events have come, and none for a minute",
                     flow->come, flow->jobs);
    }
}

static void drain(struct flow *flow)
{
    while (flow->sent < flow->jobs || pending(flow) > 0) {
        send_jobs(flow, flow->jobs);
        turn(flow, TURN_NS);
    }
    flow->progress_ns = measure_now_ns();
    relay_start(&flow->relay, flow->command);
    while (flow->come < flow->jobs) {
        turn(flow, TURN_NS);
    }
}

/* The first job's event shows that the process is at work; it is one of the jobs, but in no
 * figure. */
static void warm_up(struct flow *flow)
{
    relay_start(&flow->relay, flow->command);
    while (flow->come == 0) {
        send_jobs(flow, 1);
        turn(flow, TURN_NS);
    }
}

static void stream(struct flow *flow)
{
    warm_up(flow);
    while (flow->come < flow->jobs) {
        send_jobs(flow, flow->jobs);
        turn(flow, TURN_NS);
    }
}

static void pace(struct flow *flow)
{
    warm_up(flow);
    flow->began_ns = measure_now_ns();
    while (flow->come < flow->jobs) {
        const int64_t elapsed_ns = measure_now_ns() - flow->began_ns;
        const int64_t due = elapsed_ns * flow->rate / SECOND_NS + 1;
        send_jobs(flow, due < flow->jobs ? (uint32_t)due : flow->jobs);
        const int64_t wait_ns = due_ns(flow, flow->sent) - measure_now_ns();
        turn(flow, flow->sent < flow->jobs ? wait_ns : TURN_NS);
    }
}

static void print_latencies(struct flow *flow)
{
    int64_t *latencies = flow->latencies + 1;
    const uint32_t count = flow->jobs - 1;
    measure_sort(latencies, count);
    printf("p50_ms %.3f\n", (double)measure_quantile(latencies, count, 0.5) / 1e6);
    printf("p99_ms %.3f\n", (double)measure_quantile(latencies, count, 0.99) / 1e6);
    printf("max_ms %.3f\n", (double)latencies[count - 1] / 1e6);
}

static void print_figures(struct flow *flow)
{
    const double jobs = flow->jobs - flow->mark_from;
    printf("jobs_per_second %.0f\n", jobs * 1e9 / (double)(flow->last.at_ns - flow->first.at_ns));
    printf("cpu_us_per_job %.3f\n", (double)(flow->last.cpu_ns - flow->first.cpu_ns) / 1e3 / jobs);
    printf("memory_kib %" PRIu64 "\n", measure_memory_kib(flow->relay.process));
    printf("event_bytes %.0f\n", (double)flow->event_bytes / flow->jobs);
    printf("other_events %" PRIu64 "\n", flow->news);
    if (flow->rate > 0) {
        print_latencies(flow);
    }
}

static void read_options(struct flow *flow, int count, char **arguments)
{
    static const struct option options[] = {
        {"jobs", required_argument, NULL, 'j'}, {"skus", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'r'}, {"publishers", required_argument, NULL, 'p'},
        {"run", required_argument, NULL, 'n'},  {0},
    };
    uint32_t skus = 1;
    uint32_t run = 1;
    int letter = 0;
    while ((letter = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (letter) {
        case 'j':
            flow->jobs = measure_number(optarg, JOBS_MAX);
            break;
        case 's':
            skus = measure_number(optarg, DRAWN_SKUS_MAX);
            break;
        case 'r':
            flow->rate = measure_number(optarg, JOBS_MAX);
            break;
        case 'p':
            flow->sender_count = measure_number(optarg, SENDERS_MAX);
            break;
        case 'n':
            run = measure_number(optarg, UINT32_MAX);
            break;
        default:
            exit(2);
        }
    }
    flow->command = arguments + optind;
    draw_init(&flow->draw, run, skus);
}

static void open_parts(struct flow *flow)
{
    static struct amqp_url url; /* large */
    const struct subscriber_sink sink = {note_event, flow};
    const char *address = getenv("TILL_AMQP_URL");
    const char *namespace = getenv("TILL_NAMESPACE");
    struct error error = {0};
    if (address == NULL || namespace == NULL) {
        measure_fail("TILL_AMQP_URL and TILL_NAMESPACE are not set: use scripts/bench");
    }
    if (!amqp_url_parse(address, &url, &error)) {
        measure_fail_by(&error);
    }
    flow->mark_from = flow->jobs / 10 + 1;
    flow->latencies = calloc(flow->jobs, sizeof flow->latencies[0]);
    if (flow->latencies == NULL) {
        measure_fail("no memory for %" PRIu32 " jobs", flow->jobs);
    }
    subscriber_open(&flow->subscriber, &url, namespace, &sink);
    for (uint32_t i = 0; i < flow->sender_count; i++) {
        sender_open(&flow->senders[i], &url, namespace);
    }
    flow->progress_ns = measure_now_ns();
}

int main(int count, char **arguments)
{
    static struct flow flow = {.jobs = 40000, .sender_count = 4};
    static const struct {
        const char *name;
        void (*run)(struct flow *flow);
    } modes[] = {{"drain", drain}, {"stream", stream}, {"pace", pace}};
    const char *mode = count > 1 ? arguments[1] : "";
    size_t found = 0;
    while (found < sizeof modes / sizeof modes[0] && strcmp(mode, modes[found].name) != 0) {
        found++;
    }
    if (found == sizeof modes / sizeof modes[0]) {
        measure_fail("the mode is drain, stream or pace");
    }
    read_options(&flow, count - 1, arguments + 1);
    if (*flow.command == NULL || flow.jobs < 20 || (modes[found].run == pace) != (flow.rate > 0)) {
        measure_fail("a command, at least 20 jobs, and with pace alone a rate are needed");
    }
    open_parts(&flow);
    modes[found].run(&flow);
    print_figures(&flow);
    relay_stop(&flow.relay);
    for (uint32_t i = 0; i < flow.sender_count; i++) {
        sender_close(&flow.senders[i]);
    }
    subscriber_close(&flow.subscriber);
    free(flow.latencies);
    return 0;
}
