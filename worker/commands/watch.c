/* SPDX-License-Identifier: Apache-2.0
 *
 * till watch: events as they come, a line each, until a signal. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/prng.h"
#include "till/event.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/commands/printable.h"
#include "worker/lane/backoff.h"
#include "worker/rabbit/subscription.h"

#define PATTERN_DEFAULT "#"
#define COUNT_MAX       UINT32_MAX
#define WAIT_MAX        86400u /* seconds */
#define LINE_SIZE       65536u /* of one event for people */

enum {
    WAKER_SIGNALS,
    WAKER_OUTPUT,
};

static const struct option options[] = {
    {"count", "N", "end after so many events"},
    {"wait", "SECONDS", "end after this time, with exit 75"},
    {"json", NULL, "the events as they are, a JSON object a line"},
    {0},
};

struct watch {
    const char *namespace;
    struct amqp_url url;
    struct span pattern;
    bool as_json;
    int64_t until_ms; /* by wire_now_ms */
    uint64_t left;    /* events still to come */
    uint32_t attempt; /* makes each queue's name a new one */
    bool stopped;     /* by a signal, or because nobody reads any more */
    struct prng prng;
    struct subscription subscription;
    struct till_event event;
};

static void put(struct text *line, const char *before, const char *value)
{
    if (value[0] != '\0') {
        text_put(line, before);
        text_put(line, value);
    }
}

static void put_item(struct text *line, const struct till_event_item *item)
{
    text_format(line, "  %s", item->sku);
    if (item->qty != 0) {
        text_format(line, "=%lld", (long long)item->qty);
    }
    if (item->version != 0) {
        text_format(line, " (%lld left)", (long long)item->available);
    }
}

/* TIME  reserve.held  1001.1  PS5=1 (3 left)  store eu-web  customer c-981 */
static void describe(const struct till_event *event, struct text *line)
{
    static const char prefix[] = "till.";
    const bool typed = strncmp(event->type, prefix, sizeof prefix - 1) == 0;
    text_format(line, "%-27s  %s", event->time[0] == '\0' ? "-" : event->time,
                event->type + (typed ? sizeof prefix - 1 : 0));
    put(line, ": ", event->outcome[0] == '\0' ? "" : event->reason);
    put(line, "  ", event->job[0] == '\0' ? event->id : event->job);
    for (uint32_t i = 0; i < event->item_count; i++) {
        put_item(line, &event->items[i]);
    }
    for (uint32_t i = 0; i < event->fault_count; i++) {
        put(line, "  short of ", event->faults[i].sku);
    }
    put(line, "  store ", event->store);
    put(line, "  pool ", event->pool);
    put(line, "  customer ", event->customer);
    put(line, "  ref ", event->ref);
    put(line, "  until ", event->expires_at);
    put(line, "  at ", event->pointer);
    put(line, "  ", event->text);
}

static void print(struct watch *watch, const struct letter *letter)
{
    static char memory[LINE_SIZE];
    struct text line;
    if (letter->body.size < letter->size) {
        (void)fprintf(stderr, "till watch: a message of %" PRIu64 " bytes is no event\n",
                      letter->size);
        return;
    }
    if (watch->as_json) {
        printable_line(letter->body, stdout); /* whether it arrived is looked at below */
        return;
    }
    text_init(&line, memory, sizeof memory);
    if (till_event_read(letter->body.bytes, letter->body.size, &watch->event)) {
        describe(&watch->event, &line);
    } else {
        text_put(&line, "no event of a form that this version knows: ");
        text_put_bytes(&line, letter->body.bytes, letter->body.size);
    }
    printable_print((struct span){line.bytes, (uint32_t)line.size}, stdout);
    (void)fputc('\n', stdout);
}

/* A reader that has gone has seen what it wanted, as with head: what is still buffered is then
 * dropped, and no error. Another failure is told at the end. */
static bool output_failed(void)
{
    if (ferror(stdout) == 0 && fflush(stdout) == 0) {
        return false;
    }
    if (errno == EPIPE) {
        FILE *nowhere = freopen("/dev/null", "w", stdout);
        (void)nowhere; /* without it the end is told as an error, which does no harm */
    }
    return true;
}

static bool asked_to_stop(const struct watch *watch)
{
    const struct session *session = &watch->subscription.session;
    struct signalfd_siginfo signal;
    return read(session->wakers[WAKER_SIGNALS].fd, &signal, sizeof signal) > 0 ||
           session->wakers[WAKER_OUTPUT].revents != 0;
}

static bool is_over(const struct watch *watch)
{
    return watch->stopped || watch->left == 0 || wire_now_ms() >= watch->until_ms;
}

/* Events until something ends them; false: the connection, or the subscription. */
static bool follow(struct watch *watch, struct error *error)
{
    while (!is_over(watch)) {
        const struct letter *letter = NULL;
        switch (subscription_next(&watch->subscription, watch->until_ms, &letter, error)) {
        case PORT_DONE:
            print(watch, letter);
            watch->left--;
            break;
        case PORT_WAIT:
            break;
        case PORT_FAILED:
            return false;
        }
        watch->stopped = output_failed() || asked_to_stop(watch);
    }
    return true;
}

static bool subscribe(struct watch *watch, struct error *error)
{
    char name[sizeof "watch-4294967295-4294967295-ffffffffffffffff"];
    (void)snprintf(name, sizeof name, "watch-%ld-%" PRIu32 "-%" PRIx64, (long)getpid(),
                   watch->attempt++, prng_next(&watch->prng));
    return subscription_open(&watch->subscription, &watch->url, watch->namespace, name,
                             watch->pattern, error);
}

/* False: a signal came, or the time is over. */
static bool pause_for(struct watch *watch, uint32_t ms)
{
    struct pollfd signals = watch->subscription.session.wakers[WAKER_SIGNALS];
    const int64_t left_ms = watch->until_ms - wire_now_ms();
    (void)poll(&signals, 1, left_ms < (int64_t)ms ? (int)left_ms : (int)ms);
    watch->stopped = asked_to_stop(watch);
    return !is_over(watch);
}

/* Until the broker is there again. */
static bool subscribe_again(struct watch *watch, struct error *error)
{
    uint32_t failures = 1;
    (void)fprintf(stderr,
                  "till watch: %s\n"
                  "  Events that are published until the connection is back are not shown.\n",
                  error->text);
    while (pause_for(watch, backoff_ms(failures++, &watch->prng))) {
        *error = (struct error){0};
        if (subscribe(watch, error)) {
            (void)fprintf(stderr, "till watch: connected again\n");
            return true;
        }
        if (error->kind != ERROR_RETRY) {
            return false;
        }
    }
    return true;
}

static bool watch_all(struct watch *watch, struct error *error)
{
    if (!subscribe(watch, error)) {
        return false;
    }
    (void)fprintf(stderr, "till watch: watching %s.events for \"%.*s\"\n", watch->namespace,
                  SPAN_ARGUMENTS(watch->pattern));
    while (!follow(watch, error)) {
        subscription_close(&watch->subscription);
        if (error->kind != ERROR_RETRY || !subscribe_again(watch, error)) {
            return false;
        }
        if (is_over(watch)) {
            break;
        }
    }
    return true;
}

static bool read_options(const struct invocation *invocation, struct watch *watch,
                         struct error *error)
{
    const char *pattern =
        invocation->operand_count == 0 ? PATTERN_DEFAULT : invocation->operands[0];
    uint32_t count = 0;
    uint32_t seconds = 0;
    if (pattern[0] == '\0' || strlen(pattern) > SHORT_TEXT_MAX) {
        error_set(error, ERROR_USAGE, "\"%s\" is no pattern", pattern);
        return error_advise(error,
                            "It has 1 to %u bytes: words with dots between them, * for one "
                            "word, # for any number: '*.confirmed.#'",
                            SHORT_TEXT_MAX);
    }
    if (!invocation_number(invocation, "count", 1, COUNT_MAX, &count, error) ||
        !invocation_number(invocation, "wait", 1, WAIT_MAX, &seconds, error)) {
        return false;
    }
    watch->namespace = invocation->config->namespace.value;
    watch->pattern = (struct span){pattern, (uint32_t)strlen(pattern)};
    watch->as_json = invocation_value(invocation, "json") != NULL;
    watch->left = count == 0 ? UINT64_MAX : count;
    watch->until_ms = seconds == 0 ? INT64_MAX : wire_now_ms() + (int64_t)seconds * 1000;
    return amqp_url_load(invocation->config, &watch->url, error);
}

/* Signals become something to read, so that no wait misses one. */
static bool catch_signals(struct watch *watch, struct error *error)
{
    struct session *session = &watch->subscription.session;
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    ENSURE(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
    const int file = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (file < 0) {
        return error_set(error, ERROR_FATAL, "wait for signals: %s", strerror(errno));
    }
    session->wakers[WAKER_SIGNALS] = (struct pollfd){.fd = file, .events = POLLIN};
    session->wakers[WAKER_OUTPUT] = (struct pollfd){.fd = STDOUT_FILENO};
    session->waker_count = 2;
    return true;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    static struct watch watch;
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* whoever reads waits for each line */
    prng_init(&watch.prng, (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32);
    if (!read_options(invocation, &watch, error) || !catch_signals(&watch, error)) {
        return false;
    }
    const bool watched = watch_all(&watch, error);
    const int signals = watch.subscription.session.wakers[WAKER_SIGNALS].fd;
    subscription_close(&watch.subscription);
    (void)close(signals); /* nothing was written to it */
    *status = watch.stopped || watch.left == 0 ? STATUS_DONE : STATUS_TIMED_OUT;
    return watched;
}

const struct command command_watch = {
    .name = "watch",
    .operands = "[PATTERN]",
    .operands_max = 1,
    .summary = "follows events, a line each, until SIGINT or SIGTERM",
    .description =
        "Of decisions the routing key is KIND.OUTCOME.STORE (of stock jobs: POOL), of answers\n"
        "job.REASON.STORE, of stock stock.changed|out|back.POOL. In a pattern * stands for one "
        "word and\n"
        "# for any number of them:\n"
        "  till watch                     every event\n"
        "  till watch '*.confirmed.#'     every sale\n"
        "  till watch 'stock.out.*'       what has just run out\n"
        "  till watch '#.eu-web' --json   one store, for a program\n"
        "Shown is what is published from now on. A broker that goes away is waited for; what is "
        "published\n"
        "meanwhile is missing, and it is said. With --wait: exit 75 when the time is over.",
    .options = options,
    .needs_config = true,
    .run = run,
};
