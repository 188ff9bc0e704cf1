/* SPDX-License-Identifier: Apache-2.0
 *
 * A list, and its mutex. */
#include "worker/crew/serving.h"

#include <stdlib.h>

#define CAPACITY_FIRST 16u

void servings_init(struct servings *servings)
{
    *servings = (struct servings){.count = 0};
    ENSURE(pthread_mutex_init(&servings->mutex, NULL) == 0);
}

struct serving *servings_find(const struct servings *servings, uint32_t generation, uint32_t lane)
{
    for (uint32_t i = 0; i < servings->count; i++) {
        const struct lane_thread *thread = &servings->items[i]->thread;
        if (thread->number == lane && thread->generation == generation) {
            return servings->items[i];
        }
    }
    return NULL;
}

static bool has_room(struct servings *servings)
{
    if (servings->count < servings->capacity) {
        return true;
    }
    const uint32_t capacity = servings->capacity == 0 ? CAPACITY_FIRST : 2 * servings->capacity;
    struct serving **items = realloc(servings->items, capacity * sizeof(struct serving *));
    if (items == NULL) {
        return false;
    }
    servings->items = items;
    servings->capacity = capacity;
    return true;
}

/* Under the mutex. */
static bool start(struct servings *servings, const struct lane_duty *duty, uint32_t generation,
                  uint32_t lane, struct error *error)
{
    struct serving *serving = has_room(servings) ? calloc(1, sizeof *serving) : NULL;
    if (serving == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for lane %u", lane);
    }
    if (!lane_thread_open(&serving->thread, duty, generation, lane, error)) {
        free(serving);
        return false;
    }
    servings->items[servings->count++] = serving;
    return true;
}

bool servings_start(struct servings *servings, const struct lane_duty *duty, uint32_t generation,
                    uint32_t lane, struct error *error)
{
    ENSURE(pthread_mutex_lock(&servings->mutex) == 0);
    const bool started = servings->draining || start(servings, duty, generation, lane, error);
    ENSURE(pthread_mutex_unlock(&servings->mutex) == 0);
    return started;
}

static void forget(struct servings *servings, uint32_t place)
{
    struct serving *serving = servings->items[place];
    lane_thread_close(&serving->thread);
    summary_add_lane(&servings->summary, &serving->thread);
    free(serving);
    servings->items[place] = servings->items[--servings->count];
}

void servings_reap(struct servings *servings)
{
    ENSURE(pthread_mutex_lock(&servings->mutex) == 0);
    for (uint32_t i = servings->count; i-- > 0;) {
        if (atomic_load(&servings->items[i]->thread.ended)) {
            forget(servings, i);
        }
    }
    ENSURE(pthread_mutex_unlock(&servings->mutex) == 0);
}

void servings_drain(struct servings *servings)
{
    ENSURE(pthread_mutex_lock(&servings->mutex) == 0);
    servings->draining = true;
    for (uint32_t i = 0; i < servings->count; i++) {
        lane_thread_drain(&servings->items[i]->thread);
    }
    ENSURE(pthread_mutex_unlock(&servings->mutex) == 0);
}

void servings_close(struct servings *servings)
{
    ENSURE(servings->draining);
    while (servings->count > 0) {
        forget(servings, servings->count - 1);
    }
    free(servings->items);
    ENSURE(pthread_mutex_destroy(&servings->mutex) == 0);
}
