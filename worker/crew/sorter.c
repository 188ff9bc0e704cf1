/* SPDX-License-Identifier: Apache-2.0
 *
 * Fills one batch while the other is looked up, published, confirmed and acknowledged. */
#include "worker/crew/sorter.h"

#include <stdlib.h>
#include <string.h>

#include "worker/postgres/hold_slot.h"
#include "worker/rabbit/binding.h"

#define PREFETCH       (4u * SORT_JOBS_MAX)
#define WAIT_MAX_MS    1000u /* between two looks */
#define LEAVE_MS       1000u /* when draining, what is on its way is waited for */
#define LEAVE_LOOK_MS  50u
#define SCRATCH_MEMORY (JOB_MEMORY_MAX + 64u) /* with room to align */
#define TROUBLE_MAX_MS 600000u /* then another worker may try; long before the consumer_timeout */
#define REQUEST_MEMORY (SORT_JOBS_MAX * HOLD_SLOT_MEMORY + sizeof "{}")

static struct sort_batch *front_of(struct sorter *sorter)
{
    return &sorter->batches[sorter->front];
}

static struct sort_batch *back_of(struct sorter *sorter)
{
    return &sorter->batches[1 - sorter->front];
}

/* All that was taken returns to the queue, in order. */
static void give_back(struct sorter *sorter)
{
    const struct broker *broker = &sorter->aide.broker;
    broker->ops->give_back(broker->self);
    sort_batch_reset(front_of(sorter));
    sort_batch_reset(back_of(sorter));
    sorter->subscribed = false;
}

static void pause_after(struct sorter *sorter, const struct error *error)
{
    const uint64_t now = trouble_now_ms();
    sorter->pause_until_ms = now + trouble_note(&sorter->aide.trouble, error, now);
}

/* The consumer is lost, and all that was taken with it. */
static void lose(struct sorter *sorter, const struct error *error)
{
    pause_after(sorter, error);
    give_back(sorter);
}

/* The same part once more. Nothing is given back, for each return is counted by the broker, and a
 * job that was returned too often is put aside. */
static void part_again(struct sorter *sorter, const struct error *error)
{
    pause_after(sorter, error);
    sort_batch_again(back_of(sorter));
    const uint64_t now = trouble_now_ms();
    if (now - sorter->aide.trouble.since_ms > TROUBLE_MAX_MS) {
        give_back(sorter);
        sorter->aide.trouble.since_ms = now;
    }
}

static bool subscribe(struct sorter *sorter)
{
    const struct broker *broker = &sorter->aide.broker;
    struct error error = {0};
    if (trouble_now_ms() < sorter->pause_until_ms) {
        return false;
    }
    switch (broker->ops->subscribe(broker->self, &error)) {
    case PORT_DONE:
        sorter->subscribed = true;
        sorter->looked = false;
        memset(sorter->bound_at_ms, 0, sizeof sorter->bound_at_ms);
        return true;
    case PORT_WAIT:
        return false;
    case PORT_FAILED:
        break;
    }
    lose(sorter, &error);
    return false;
}

/* Takes what is there. Returns whether something was. */
static bool fill(struct sorter *sorter)
{
    const struct broker *broker = &sorter->aide.broker;
    struct sort_batch *batch = front_of(sorter);
    bool moved = false;
    while (sort_batch_has_room(batch)) {
        struct delivery delivery;
        struct error error = {0};
        switch (broker->ops->take(broker->self, &batch->arena, &delivery, &error)) {
        case PORT_DONE:
            sort_batch_add(batch, &delivery, &sorter->entries, &sorter->scratch);
            moved = true;
            break;
        case PORT_WAIT:
            return moved;
        case PORT_FAILED:
            lose(sorter, &error);
            return true;
        }
    }
    return moved;
}

/* All jobs of the batch that need it, in one request. */
static bool look_up(struct sorter *sorter, struct sort_batch *batch, struct error *error)
{
    struct span ids[SORT_JOBS_MAX];
    uint32_t places[SORT_JOBS_MAX];
    uint32_t slots[SORT_JOBS_MAX];
    uint32_t count = 0;
    for (uint32_t i = batch->first; i < batch->count; i++) {
        if (!batch->items[i].known) {
            ids[count] = batch->items[i].sorted.other;
            places[count++] = i;
        }
    }
    if (!aide_database(&sorter->aide, error) ||
        !hold_slot_look(&sorter->aide.postgres, ids, count, &sorter->request, slots, error)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t fallback = batch->items[places[i]].sorted.slot;
        sort_batch_settle(batch, places[i], slots[i] == HOLD_SLOT_UNKNOWN ? fallback : slots[i],
                          &sorter->entries);
    }
    return true;
}

/* Nothing circles: a job is published only after a look that found its slot bound. At first all
 * slots are looked at; then only that of a job that came back. */
static bool look_for_lane(struct sorter *sorter, uint32_t slot, struct error *error)
{
    const struct lane_duty *duty = sorter->aide.duty;
    const uint32_t first = sorter->looked ? slot : 0;
    const uint32_t count = sorter->looked ? 1 : SLOTS;
    bool bound[SLOTS];
    if (!binding_look(duty->url, duty->config->namespace.value, atomic_load(duty->generation),
                      first, count, bound, error)) {
        return false;
    }
    const uint64_t now = trouble_now_ms();
    for (uint32_t i = first; i < first + count; i++) {
        sorter->bound_at_ms[i] = bound[i] ? now : 0;
    }
    sorter->looked = true;
    if (!bound[slot]) {
        error_set(error, ERROR_RETRY, "slot %u leads to no lane: jobs without a slot wait", slot);
        return error_advise(error, "Run till setup: it binds all slots to their lanes.");
    }
    return true;
}

/* Makes the next part, or what it needs. */
static bool prepare(struct sorter *sorter, struct sort_batch *batch)
{
    struct error error = {0};
    const uint64_t now = trouble_now_ms();
    if (now < sorter->pause_until_ms) {
        return false;
    }
    sort_batch_compose(batch, &sorter->entries, sorter->bound_at_ms, now);
    if (batch->part > 0) {
        return true;
    }
    const struct sort_item *item = &batch->items[batch->first];
    const bool ready = item->known ? look_for_lane(sorter, item->sorted.slot, &error)
                                   : look_up(sorter, batch, &error);
    if (!ready) {
        part_again(sorter, &error);
    }
    return ready;
}

static enum port_answer pass_on(struct sorter *sorter, struct sort_batch *batch,
                                struct error *error)
{
    const struct broker *broker = &sorter->aide.broker;
    if (batch->message_count == 0 && batch->phase != SORT_CONFIRMED) {
        return PORT_DONE; /* probes only */
    }
    switch (batch->phase) {
    case SORT_COMPOSED:
        return broker->ops->publish(broker->self, batch->messages, batch->message_count, error);
    case SORT_PUBLISHED:
        return broker->ops->confirm(broker->self, error);
    case SORT_TAKEN:
    case SORT_CONFIRMED:
        break;
    }
    return broker->ops->acknowledge(
        broker->self, batch->items[batch->first + batch->part - 1].delivery.tag, error);
}

static void part_done(struct sorter *sorter, struct sort_batch *batch)
{
    (void)atomic_fetch_add_explicit(&sorter->sorted, batch->message_count, memory_order_relaxed);
    trouble_over(&sorter->aide.trouble);
    sort_batch_next(batch);
}

/* One step of the batch that is not being filled. Returns whether it was one. */
static bool advance(struct sorter *sorter, struct sort_batch *batch)
{
    struct error error = {0};
    if (batch->phase == SORT_TAKEN) {
        return prepare(sorter, batch);
    }
    switch (pass_on(sorter, batch, &error)) {
    case PORT_WAIT:
        return false;
    case PORT_DONE:
        if (batch->phase == SORT_CONFIRMED) {
            part_done(sorter, batch);
        } else {
            batch->phase++;
        }
        return true;
    case PORT_FAILED:
        break;
    }
    if (batch->phase == SORT_CONFIRMED) {
        lose(sorter, &error);
    } else {
        part_again(sorter, &error);
    }
    return true;
}

/* Whatever can be done now. Returns whether something was. */
static bool step(struct sorter *sorter)
{
    bool moved = false;
    if (!sorter->subscribed) {
        return subscribe(sorter);
    }
    if (!aide_draining(&sorter->aide)) {
        moved = fill(sorter);
        if (back_of(sorter)->count == 0 && front_of(sorter)->count > 0) {
            sorter->front = 1 - sorter->front;
            moved = true;
        }
    }
    return (back_of(sorter)->count > 0 && advance(sorter, back_of(sorter))) || moved;
}

/* What is on its way is finished, what is not returns to the queue. */
static bool may_leave(struct sorter *sorter, uint64_t *leave_ms)
{
    const uint64_t now = trouble_now_ms();
    if (!aide_draining(&sorter->aide)) {
        return false;
    }
    *leave_ms = *leave_ms == 0 ? now + LEAVE_MS : *leave_ms;
    return back_of(sorter)->phase == SORT_TAKEN || now >= *leave_ms;
}

static uint64_t wait_ms(struct sorter *sorter)
{
    if (aide_draining(&sorter->aide)) {
        return LEAVE_LOOK_MS;
    }
    const uint64_t now = trouble_now_ms();
    const uint64_t pause_ms = now < sorter->pause_until_ms ? sorter->pause_until_ms - now : 0;
    return pause_ms > 0 && pause_ms < WAIT_MAX_MS ? pause_ms : WAIT_MAX_MS;
}

static void *run(void *self)
{
    struct sorter *sorter = self;
    uint64_t leave_ms = 0;
    while (!may_leave(sorter, &leave_ms)) {
        if (!step(sorter)) {
            aide_wait(&sorter->aide, wait_ms(sorter));
        }
    }
    give_back(sorter);
    aide_disconnect(&sorter->aide);
    return NULL;
}

bool sorter_open(struct sorter *sorter, const struct lane_duty *duty, struct error *error)
{
    const char *namespace = duty->config->namespace.value;
    *sorter =
        (struct sorter){.entries = {address_of(namespace, "jobs"), address_of(namespace, "stock")}};
    sorter->memory = malloc(2 * SORT_BATCH_SIZE + SCRATCH_MEMORY + REQUEST_MEMORY);
    if (sorter->memory == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for the sorter");
    }
    char *memory = sorter->memory + 2 * SORT_BATCH_SIZE;
    sort_batch_init(&sorter->batches[0], sorter->memory);
    sort_batch_init(&sorter->batches[1], sorter->memory + SORT_BATCH_SIZE);
    arena_init(&sorter->scratch, memory, SCRATCH_MEMORY);
    text_init(&sorter->request, memory + SCRATCH_MEMORY, REQUEST_MEMORY);
    if (!aide_open(&sorter->aide, duty, "sorter", "sort", PREFETCH, error)) {
        free(sorter->memory);
        return false;
    }
    if (!aide_start(&sorter->aide, run, sorter, error)) {
        aide_close(&sorter->aide);
        free(sorter->memory);
        return false;
    }
    return true;
}

void sorter_drain(struct sorter *sorter)
{
    aide_drain(&sorter->aide);
}

void sorter_close(struct sorter *sorter)
{
    aide_join(&sorter->aide);
    aide_close(&sorter->aide);
    free(sorter->memory);
}
