/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps the sorter, and answers what it asks of the database and the broker. */
#include "worker/crew/sorter_thread.h"

#include <stdlib.h>

#include "worker/postgres/hold_slot.h"
#include "worker/rabbit/binding.h"

#define PREFETCH       (4u * SORT_JOBS_MAX)
#define REQUEST_MEMORY (SORT_JOBS_MAX * HOLD_SLOT_MEMORY + sizeof "{}")

static enum port_answer find(void *self, const struct span *ids, uint32_t count, uint32_t *slots,
                             struct error *error)
{
    struct sorter_thread *thread = self;
    struct aide *aide = &thread->aide;
    return aide_database(aide, error) &&
                   hold_slot_look(&aide->postgres, ids, count, &thread->request, slots, error)
               ? PORT_DONE
               : PORT_FAILED;
}

static enum port_answer look(void *self, uint32_t first, uint32_t count, bool bound[SLOTS],
                             uint64_t *waited_ms, struct error *error)
{
    const struct sorter_thread *thread = self;
    const struct lane_duty *duty = thread->aide.duty;
    const uint64_t began_ms = trouble_now_ms();
    const bool looked = binding_look(duty->url, duty->config->namespace.value,
                                     atomic_load(duty->generation), first, count, bound, error);
    *waited_ms = trouble_now_ms() - began_ms;
    return looked ? PORT_DONE : PORT_FAILED;
}

static const struct sort_map_ops map_ops = {find, look};

static void *run(void *self)
{
    struct sorter_thread *thread = self;
    struct aide *aide = &thread->aide;
    struct error error = {0};
    for (;;) {
        if (aide_draining(aide)) {
            sorter_drain(&thread->sorter);
        }
        switch (sorter_step(&thread->sorter, trouble_now_ms(), &error)) {
        case DUTY_AGAIN:
            break;
        case DUTY_WAIT:
            if (thread->sorter.failures == 0) {
                trouble_over(&aide->trouble);
            }
            aide_wait(aide, sorter_wait_ms(&thread->sorter, trouble_now_ms()));
            break;
        case DUTY_FAILED:
            trouble_note(&aide->trouble, &error, trouble_now_ms());
            break;
        case DUTY_DRAINED:
            aide_disconnect(aide);
            return NULL;
        }
    }
}

bool sorter_thread_open(struct sorter_thread *thread, const struct lane_duty *duty,
                        struct error *error)
{
    const struct sort_map map = {&map_ops, thread};
    thread->memory = malloc(SORTER_MEMORY + REQUEST_MEMORY);
    if (thread->memory == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for the sorter");
    }
    if (!aide_open(&thread->aide, duty, "sorter", "sort", PREFETCH, error)) {
        free(thread->memory);
        return false;
    }
    sorter_init(&thread->sorter, duty->config->namespace.value, thread->aide.broker, map,
                trouble_seed(), thread->memory);
    text_init(&thread->request, thread->memory + SORTER_MEMORY, REQUEST_MEMORY);
    if (!aide_start(&thread->aide, run, thread, error)) {
        aide_close(&thread->aide);
        free(thread->memory);
        return false;
    }
    return true;
}

void sorter_thread_drain(struct sorter_thread *thread)
{
    aide_drain(&thread->aide);
}

void sorter_thread_close(struct sorter_thread *thread)
{
    aide_join(&thread->aide);
    aide_close(&thread->aide);
    free(thread->memory);
}
