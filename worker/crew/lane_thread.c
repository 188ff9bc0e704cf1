/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a lane: steps, waits on its sockets, logs what has failed. */
#include "worker/crew/lane_thread.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/connect/log.h"
#include "worker/crew/trouble.h"

#define LANE_MEMORY ((size_t)BATCHES * BATCH_MEMORY)

#define DRAIN_MAX_MS     4000u
#define UNHEARD_AGAIN_MS 60000u /* between two warnings of events that nobody heard */

enum {
    POLL_WAKE,
    POLL_BROKER,
    POLL_DATABASE = POLL_BROKER + 2,
    POLLS = POLL_DATABASE + POSTGRES_DATABASE_POLLS,
};

static void say_failed(const struct lane_thread *thread, const struct error *error)
{
    const bool person_needed = error->kind == ERROR_CONFIG || error->kind == ERROR_FATAL;
    log_write(person_needed ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "lane %u: %s%s%s", thread->number,
              error->text, error->remedy[0] == '\0' ? "" : " -> ", error->remedy);
}

/* What was decided is recorded and can be told again, but somebody has to know. */
static void say_unheard(struct lane_thread *thread)
{
    const uint64_t unheard = counter_read(&thread->broker.publisher.unheard);
    if (unheard == thread->unheard) {
        return;
    }
    const uint64_t now = trouble_now_ms();
    if (thread->unheard_said_ms != 0 && now - thread->unheard_said_ms < UNHEARD_AGAIN_MS) {
        return;
    }
    log_write(LOG_LEVEL_WARN,
              "lane %u: %" PRIu64 " events were taken by no queue -> Bind one to %s.events, and "
              "publish them again: till replay",
              thread->number, unheard - thread->unheard, thread->duty->config->namespace.value);
    thread->unheard = unheard;
    thread->unheard_said_ms = now;
}

/* The sooner of two times to wait; negative: for ever. */
static int sooner(int a, int b)
{
    if (a < 0 || (b >= 0 && b < a)) {
        return b;
    }
    return a;
}

/* Until a socket has something, the lane is to drain, or it is time for something. */
static void wait_for_something(struct lane_thread *thread)
{
    struct pollfd polls[POLLS];
    int database_ms = -1;
    const struct rabbit_interest broker = rabbit_broker_interest(&thread->broker);
    const uint32_t database_count =
        postgres_database_interest(&thread->database, polls + POLL_DATABASE, &database_ms);
    polls[POLL_WAKE] = (struct pollfd){.fd = thread->wake, .events = POLLIN};
    polls[POLL_BROKER] = broker.files[0];
    polls[POLL_BROKER + 1] = broker.files[1];

    const int lane_ms = (int)lane_wait_ms(&thread->lane, trouble_now_ms());
    const int wait_ms = sooner(lane_ms, sooner(broker.timeout_ms, database_ms));
    (void)poll(polls, POLL_DATABASE + database_count, wait_ms); /* whatever ends it, look again */
    rabbit_broker_polled(&thread->broker, polls + POLL_BROKER);
    if (polls[POLL_WAKE].revents != 0) {
        uint64_t times;
        (void)!read(thread->wake, &times, sizeof times); /* the flag says it, this only woke us */
    }
}

static bool open_parts(struct lane_thread *thread, struct error *error)
{
    const struct lane_duty *duty = thread->duty;
    const struct rabbit_lane place = {
        .url = duty->url,
        .namespace = duty->config->namespace.value,
        .generation = thread->generation,
        .lane = thread->number,
        .prefetch = LANE_PREFETCH,
        .replies = duty->replies,
    };
    const struct lane_plan plan = {
        .namespace = place.namespace,
        .generation = place.generation,
        .lane = place.lane,
        .jobs_max = duty->jobs_max,
    };
    uint64_t seed = 0;
    (void)!getrandom(&seed, sizeof seed, 0); /* for the back-off: any number will do */
    if (!rabbit_broker_open(&thread->broker, &place, error)) {
        return false;
    }
    const struct postgres_lane row = {
        .name = thread->name,
        .worker = duty->worker,
        .run = duty->run,
        .generation = thread->generation,
        .lane = thread->number,
    };
    postgres_database_init(&thread->database, duty->config, &row, thread->memory + LANE_MEMORY);
    lane_init(&thread->lane, &plan, rabbit_broker_port(&thread->broker),
              postgres_database_port(&thread->database), seed, thread->memory);
    return true;
}

static void close_parts(struct lane_thread *thread)
{
    postgres_database_close(&thread->database);
    rabbit_broker_close(&thread->broker);
}

/* Finishes what is in hand, but not for ever: with a server away it is given back instead. */
static void drain(struct lane_thread *thread, uint64_t *since_ms)
{
    const uint64_t now = trouble_now_ms();
    if (*since_ms == 0) {
        *since_ms = now;
        lane_drain(&thread->lane);
    } else if (now - *since_ms > DRAIN_MAX_MS) {
        lane_give_back(&thread->lane);
    }
}

static void heed(struct lane_thread *thread, uint64_t *draining_since_ms)
{
    if (atomic_load(&thread->draining)) {
        drain(thread, draining_since_ms);
    } else if (atomic_exchange(&thread->aside, false)) {
        lane_step_aside(&thread->lane);
        thread->rests = true;
    }
}

/* The keeper records it at once: others wait for that to step aside. */
static void say_subscribed(struct lane_thread *thread)
{
    const uint64_t once = 1;
    const bool said = atomic_load(&thread->subscribed_ms) != 0;
    if (thread->lane.subscribed != said) {
        atomic_store(&thread->subscribed_ms, said ? 0 : trouble_now_ms());
        (void)!write(thread->duty->keeper_wake, &once, sizeof once); /* it cannot be full */
    }
}

static void say_in_hand(struct lane_thread *thread)
{
    int64_t oldest_ms;
    atomic_store(&thread->in_hand, lane_in_hand(&thread->lane, &oldest_ms));
    atomic_store(&thread->oldest_ms, oldest_ms);
    atomic_store(&thread->jobs, thread->lane.counters.jobs);
}

/* A standby holds only the connection that it consumes from. */
static void rest(struct lane_thread *thread)
{
    if (thread->rests && thread->lane.subscribed && !thread->lane.stepping_aside) {
        thread->rests = false;
        if (!thread->lane.claimed) {
            postgres_database_close(&thread->database);
            rabbit_broker_rest(&thread->broker);
        }
    }
}

static void work(struct lane_thread *thread)
{
    struct error error = {0};
    uint64_t draining_since_ms = 0;
    for (;;) {
        heed(thread, &draining_since_ms);
        switch (lane_step(&thread->lane, trouble_now_ms(), &error)) {
        case LANE_AGAIN:
            break;
        case LANE_WAIT:
            rest(thread);
            say_in_hand(thread);
            say_unheard(thread);
            wait_for_something(thread);
            rabbit_broker_turn(&thread->broker);
            break;
        case LANE_FAILED:
            say_failed(thread, &error);
            break;
        case LANE_DRAINED:
            return;
        }
        say_subscribed(thread);
    }
}

/* Connections are closed by the thread that used them, and by all lanes at once. */
static void *run(void *self)
{
    struct lane_thread *thread = self;
    work(thread);
    close_parts(thread);
    atomic_store(&thread->subscribed_ms, 0);
    atomic_store(&thread->ended, true);
    return NULL;
}

static void release(struct lane_thread *thread)
{
    free(thread->memory);
    if (thread->wake >= 0) {
        (void)close(thread->wake); /* nothing was written that could be lost */
    }
}

static void wake(struct lane_thread *thread)
{
    const uint64_t once = 1;
    (void)!write(thread->wake, &once, sizeof once); /* it cannot be full */
}

bool lane_thread_open(struct lane_thread *thread, const struct lane_duty *duty, uint32_t generation,
                      uint32_t number, struct error *error)
{
    memset(thread, 0, sizeof *thread); /* it is too large for a compound literal */
    thread->duty = duty;
    thread->generation = generation;
    thread->number = number;
    atomic_store(&thread->oldest_ms, TIMESTAMP_NONE);
    (void)snprintf(thread->name, sizeof thread->name, "%s lane %u", duty->worker, number);
    thread->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread->memory = malloc(LANE_MEMORY + POSTGRES_DATABASE_MEMORY);
    if (thread->wake < 0 || thread->memory == NULL) {
        release(thread);
        return error_set(error, ERROR_FATAL, "lane %u: no memory or no file descriptor", number);
    }
    if (!open_parts(thread, error)) {
        release(thread);
        return error_wrap(error, "lane %u", number);
    }
    if (pthread_create(&thread->thread, NULL, run, thread) != 0) {
        close_parts(thread);
        release(thread);
        return error_set(error, ERROR_FATAL, "lane %u: the system gives no thread", number);
    }
    return true;
}

void lane_thread_step_aside(struct lane_thread *thread)
{
    atomic_store(&thread->aside, true);
    wake(thread);
}

void lane_thread_drain(struct lane_thread *thread)
{
    atomic_store(&thread->draining, true);
    wake(thread);
}

void lane_thread_close(struct lane_thread *thread)
{
    ENSURE(atomic_load(&thread->draining));
    ENSURE(pthread_join(thread->thread, NULL) == 0);
    release(thread);
}
