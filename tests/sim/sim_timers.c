/* SPDX-License-Identifier: Apache-2.0
 *
 * A binary heap of who is ever due; the children of place n are 2n and 2n + 1. */
#include "tests/sim/sim_timers.h"

#include "common/base/ensure.h"

/* In the heap a time and its actor are one number, so equals come in the order of actors. */
#define ACTOR_BITS 9u
#define DUE_MAX    (INT64_MAX >> ACTOR_BITS)

_Static_assert(SIM_ACTORS_MAX == 1u << ACTOR_BITS, "an actor's number must fit");

static inline void put(struct sim_timers *timers, uint32_t place, uint64_t key)
{
    timers->heap[place] = key;
    timers->place[key % SIM_ACTORS_MAX] = (uint16_t)place;
}

/* Puts it at the place, or nearer to the root. */
static void rise(struct sim_timers *timers, uint32_t place, uint64_t key)
{
    for (; place > 1 && timers->heap[place / 2] > key; place /= 2) {
        put(timers, place, timers->heap[place / 2]);
    }
    put(timers, place, key);
}

/* Puts it at the place, or farther from the root. */
static void sink(struct sim_timers *timers, uint32_t place, uint64_t key)
{
    for (uint32_t child; (child = 2 * place) <= timers->count; place = child) {
        child += timers->heap[child + 1] < timers->heap[child];
        if (timers->heap[child] > key) {
            break;
        }
        put(timers, place, timers->heap[child]);
    }
    put(timers, place, key);
}

static void move(struct sim_timers *timers, uint32_t place, uint64_t key)
{
    if (place > 1 && timers->heap[place / 2] > key) {
        rise(timers, place, key);
    } else {
        sink(timers, place, key);
    }
}

static void take_out(struct sim_timers *timers, uint32_t actor)
{
    const uint32_t place = timers->place[actor];
    const uint64_t last = timers->heap[timers->count];
    timers->heap[timers->count--] = UINT64_MAX;
    timers->place[actor] = 0;
    if (place <= timers->count) {
        move(timers, place, last);
    }
}

void sim_timers_init(struct sim_timers *timers)
{
    for (uint32_t i = 0; i < SIM_ACTORS_MAX; i++) {
        timers->due[i] = SIM_NEVER;
        timers->place[i] = 0;
    }
    timers->count = 0;
    timers->heap[1] = UINT64_MAX;
}

void sim_timers_set(struct sim_timers *timers, uint32_t actor, int64_t due)
{
    ENSURE(actor < SIM_ACTORS_MAX);
    if (timers->due[actor] == due) {
        return;
    }
    timers->due[actor] = due;
    if (due == SIM_NEVER) {
        take_out(timers, actor);
        return;
    }
    ENSURE(due >= 0 && due <= DUE_MAX);
    if (timers->place[actor] == 0) {
        timers->place[actor] = (uint16_t)++timers->count;
        timers->heap[timers->count + 1] = UINT64_MAX;
    }
    const uint32_t place = timers->place[actor];
    move(timers, place, (uint64_t)due << ACTOR_BITS | actor);
}

void sim_timers_advance(struct sim_timers *timers, uint32_t actor, int64_t due)
{
    if (due < timers->due[actor]) {
        sim_timers_set(timers, actor, due);
    }
}

uint32_t sim_timers_next(const struct sim_timers *timers)
{
    return timers->count == 0 ? 0 : (uint32_t)(timers->heap[1] % SIM_ACTORS_MAX);
}
