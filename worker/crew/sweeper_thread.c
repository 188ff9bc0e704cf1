/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps the sweeper, and answers what it asks of the database. */
#include "worker/crew/sweeper_thread.h"

#include <stdlib.h>
#include <sys/random.h>

#include "worker/postgres/overdue.h"

#define SWEPT_MAX 262144u /* ends that are remembered at one time */

static enum port_answer elect(void *self, bool *elected, struct error *error)
{
    struct aide *aide = self;
    return aide_database(aide, error) &&
                   overdue_elect(&aide->postgres, aide->duty->config->namespace.value, elected,
                                 error)
               ? PORT_DONE
               : PORT_FAILED;
}

static enum port_answer look(void *self, const struct overdue *after, uint32_t count_max,
                             struct overdue *overdue, uint32_t *count, struct error *error)
{
    struct aide *aide = self;
    return overdue_look(&aide->postgres, after, count_max, overdue, count, error) ? PORT_DONE
                                                                                  : PORT_FAILED;
}

/* The office ends with the connection. */
static void resign(void *self)
{
    struct aide *aide = self;
    postgres_close(&aide->postgres);
}

static const struct overdue_ops overdue_ops = {elect, look, resign};

static void *run(void *self)
{
    struct sweeper_thread *thread = self;
    struct aide *aide = &thread->aide;
    struct error error = {0};
    for (;;) {
        if (aide_draining(aide)) {
            sweeper_drain(&thread->sweeper);
        }
        switch (sweeper_step(&thread->sweeper, trouble_now_ms(), &error)) {
        case DUTY_AGAIN:
            break;
        case DUTY_WAIT:
            if (thread->sweeper.failures == 0) {
                trouble_over(&aide->trouble);
            }
            aide_wait(aide, sweeper_wait_ms(&thread->sweeper, trouble_now_ms()));
            break;
        case DUTY_FAILED:
            if (!aide_draining(aide)) { /* which may itself be why it failed */
                trouble_note(&aide->trouble, &error, trouble_now_ms());
            }
            break;
        case DUTY_DRAINED:
            aide_disconnect(aide);
            return NULL;
        }
    }
}

static bool open_parts(struct sweeper_thread *thread, const struct lane_duty *duty,
                       struct error *error)
{
    const struct overdue_source source = {&overdue_ops, &thread->aide};
    struct swept swept = {.entries = thread->swept, .size = SWEPT_MAX};
    if (!aide_open(&thread->aide, duty, "sweeper", "sweeper", 1, error)) {
        return false;
    }
    ENSURE(getrandom(&swept.key, sizeof swept.key, 0) == sizeof swept.key); /* so few come */
    sweeper_init(&thread->sweeper, thread->aide.broker, source, swept, trouble_seed(),
                 thread->memory);
    if (!aide_start(&thread->aide, run, thread, error)) {
        aide_close(&thread->aide);
        return false;
    }
    return true;
}

static void release(struct sweeper_thread *thread)
{
    free(thread->swept);
    free(thread->memory);
}

bool sweeper_thread_open(struct sweeper_thread *thread, const struct lane_duty *duty,
                         struct error *error)
{
    thread->swept = calloc(SWEPT_MAX, sizeof thread->swept[0]);
    thread->memory = malloc(SWEEPER_MEMORY);
    if (thread->swept == NULL || thread->memory == NULL) {
        release(thread);
        return error_set(error, ERROR_FATAL, "no memory for the sweeper");
    }
    if (!open_parts(thread, duty, error)) {
        release(thread);
        return false;
    }
    return true;
}

void sweeper_thread_drain(struct sweeper_thread *thread)
{
    aide_drain(&thread->aide);
}

void sweeper_thread_close(struct sweeper_thread *thread)
{
    aide_join(&thread->aide);
    aide_close(&thread->aide);
    release(thread);
}
