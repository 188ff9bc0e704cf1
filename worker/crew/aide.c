/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens, waits, and ends. */
#include "worker/crew/aide.h"

#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/connect/postgres_dial.h"
#include "common/connect/postgres_wait.h"

#define DATABASE_ANSWER_MS 2000 /* longer the broker's heartbeats do not wait */
#define DIAL_LOOK_MS       100  /* between looks at whether the thread is to drain */

bool aide_open(struct aide *aide, const struct lane_duty *duty, const char *what, const char *queue,
               uint16_t prefetch, struct error *error)
{
    const struct rabbit_lane place = {
        .url = duty->url,
        .namespace = duty->config->namespace.value,
        .prefetch = prefetch,
    };
    *aide = (struct aide){.duty = duty, .what = what};
    (void)snprintf(aide->name, sizeof aide->name, "%s %s", duty->worker, what);
    trouble_init(&aide->trouble, what);
    aide->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (aide->wake < 0) {
        return error_set(error, ERROR_FATAL, "%s: no file descriptor", what);
    }
    if (!rabbit_broker_open_at(&aide->rabbit, address_of(place.namespace, queue), &place, error)) {
        (void)close(aide->wake); /* nothing was written that could be lost */
        return false;
    }
    aide->broker = rabbit_broker_port(&aide->rabbit);
    return true;
}

bool aide_start(struct aide *aide, void *(*run)(void *), void *self, struct error *error)
{
    if (pthread_create(&aide->thread, NULL, run, self) != 0) {
        return error_set(error, ERROR_FATAL, "%s: the system gives no thread", aide->what);
    }
    return true;
}

bool aide_draining(struct aide *aide)
{
    return atomic_load(&aide->draining);
}

void aide_wait(struct aide *aide, uint64_t wait_ms)
{
    const struct rabbit_interest broker = rabbit_broker_interest(&aide->rabbit);
    struct pollfd polls[] = {
        {.fd = aide->wake, .events = POLLIN},
        broker.files[0],
        broker.files[1],
    };
    const int own_ms = wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms;
    const int timeout_ms =
        broker.timeout_ms >= 0 && broker.timeout_ms < own_ms ? broker.timeout_ms : own_ms;
    (void)poll(polls, sizeof polls / sizeof polls[0],
               timeout_ms); /* whatever ends it, look again */
    if (polls[0].revents != 0) {
        uint64_t times;
        (void)!read(aide->wake, &times, sizeof times); /* the flag says it, this only woke us */
    }
    rabbit_broker_turn(&aide->rabbit);
}

void aide_wait_until(struct aide *aide, uint64_t until_ms)
{
    for (;;) {
        const uint64_t now_ms = trouble_now_ms();
        if (now_ms >= until_ms || aide_draining(aide)) {
            return;
        }
        aide_wait(aide, until_ms - now_ms);
    }
}

static bool dial(struct aide *aide, struct error *error)
{
    struct postgres_dial dial;
    enum postgres_dial_answer answer = POSTGRES_DIAL_WAIT;
    if (!postgres_dial_begin(&dial, &aide->postgres, aide->duty->config, POSTGRES_LANE, aide->name,
                             error)) {
        return false;
    }
    while (answer == POSTGRES_DIAL_WAIT) {
        if (aide_draining(aide)) {
            postgres_dial_abandon(&dial, &aide->postgres);
            return error_set(error, ERROR_RETRY, "the worker is about to leave");
        }
        const int64_t look_ms = postgres_now_ms() + DIAL_LOOK_MS;
        /* Whether a deadline came first is the next step's to find out. */
        (void)!postgres_wait(PQsocket(aide->postgres.connection), dial.events,
                             dial.deadline < look_ms ? dial.deadline : look_ms);
        rabbit_broker_turn(&aide->rabbit);
        answer = postgres_dial_step(&dial, &aide->postgres, error);
    }
    return answer == POSTGRES_DIAL_DONE;
}

bool aide_database(struct aide *aide, struct error *error)
{
    if (aide->postgres.connection != NULL && postgres_outdated(&aide->postgres)) {
        postgres_close(&aide->postgres);
    }
    return aide_database_kept(aide, error);
}

bool aide_database_kept(struct aide *aide, struct error *error)
{
    if (aide->postgres.connection != NULL) {
        return true;
    }
    if (!dial(aide, error)) {
        return false;
    }
    aide->postgres.deadline_ms = DATABASE_ANSWER_MS;
    return true;
}

void aide_disconnect(struct aide *aide)
{
    postgres_close(&aide->postgres);
    rabbit_broker_close(&aide->rabbit);
}

void aide_drain(struct aide *aide)
{
    const uint64_t once = 1;
    atomic_store(&aide->draining, true);
    (void)!write(aide->wake, &once, sizeof once); /* it cannot be full */
}

void aide_join(struct aide *aide)
{
    ENSURE(aide_draining(aide));
    ENSURE(pthread_join(aide->thread, NULL) == 0);
}

void aide_close(struct aide *aide)
{
    aide_disconnect(aide);   /* again, if a thread did it: that does no harm */
    (void)close(aide->wake); /* nothing was written that could be lost */
}
