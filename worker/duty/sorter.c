/* SPDX-License-Identifier: Apache-2.0
 *
 * Fills one batch while the other is looked up, published, confirmed and acknowledged. */
#include "worker/duty/sorter.h"

#include <stdatomic.h>
#include <string.h>

#include "worker/lane/backoff.h"

#define WAIT_MAX_MS    1000u /* between two looks */
#define LEAVE_MS       1000u /* when draining, what is on its way is waited for */
#define LEAVE_LOOK_MS  50u
#define FIND_MAX_MS    10000u  /* a database that has not answered for so long is not trusted */
#define TROUBLE_MAX_MS 600000u /* then another worker may try; long before the consumer_timeout */

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
    const struct broker *broker = &sorter->broker;
    broker->ops->give_back(broker->self);
    sort_batch_reset(front_of(sorter));
    sort_batch_reset(back_of(sorter));
    sorter->subscribed = false;
}

static void pause_after_failure(struct sorter *sorter, uint64_t now_ms)
{
    if (sorter->failures++ == 0) {
        sorter->failing_since_ms = now_ms;
    }
    sorter->pause_until_ms = now_ms + backoff_ms(sorter->failures, &sorter->prng);
}

/* The consumer is lost, and all that was taken with it. */
static enum duty_progress lose(struct sorter *sorter, uint64_t now_ms)
{
    pause_after_failure(sorter, now_ms);
    give_back(sorter);
    return DUTY_FAILED;
}

/* The same part once more. Nothing is given back, for each return is counted by the broker, and a
 * job that was returned too often is put aside. */
static enum duty_progress part_again(struct sorter *sorter, uint64_t now_ms)
{
    pause_after_failure(sorter, now_ms);
    sort_batch_again(back_of(sorter));
    if (now_ms - sorter->failing_since_ms > TROUBLE_MAX_MS) {
        give_back(sorter);
        sorter->failing_since_ms = now_ms;
    }
    return DUTY_FAILED;
}

/* Another worker may see the database. This one does not subscribe again before it does. */
static enum duty_progress distrust_database(struct sorter *sorter, uint64_t now_ms)
{
    sorter->database_ready = false;
    return lose(sorter, now_ms);
}

static enum duty_progress subscribe(struct sorter *sorter, uint64_t now_ms, struct error *error)
{
    const struct broker *broker = &sorter->broker;
    const struct sort_map *map = &sorter->map;
    if (now_ms < sorter->pause_until_ms) {
        return DUTY_WAIT;
    }
    switch (sorter->database_ready ? broker->ops->subscribe(broker->self, error)
                                   : map->ops->find(map->self, NULL, 0, NULL, error)) {
    case PORT_DONE:
        if (!sorter->database_ready) {
            sorter->database_ready = true;
            return DUTY_AGAIN;
        }
        sorter->subscribed = true;
        sorter->looked = false;
        memset(sorter->bound_at_ms, 0, sizeof sorter->bound_at_ms);
        return DUTY_AGAIN;
    case PORT_WAIT:
        return DUTY_WAIT;
    case PORT_FAILED:
        break;
    }
    return lose(sorter, now_ms);
}

/* One job into the batch that is filled. */
static enum duty_progress take(struct sorter *sorter, uint64_t now_ms, struct error *error)
{
    const struct broker *broker = &sorter->broker;
    struct sort_batch *batch = front_of(sorter);
    struct delivery delivery;
    switch (broker->ops->take(broker->self, &batch->arena, &delivery, error)) {
    case PORT_DONE:
        sort_batch_add(batch, &delivery, &sorter->entries, &sorter->scratch);
        return DUTY_AGAIN;
    case PORT_WAIT:
        sorter->front_waits = true;
        return DUTY_AGAIN;
    case PORT_FAILED:
        break;
    }
    return lose(sorter, now_ms);
}

/* All jobs of the batch that need it, in one request. */
static enum port_answer find(struct sorter *sorter, struct sort_batch *batch, struct error *error)
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
    ENSURE(count > 0);
    const enum port_answer answer =
        sorter->map.ops->find(sorter->map.self, ids, count, slots, error);
    for (uint32_t i = 0; answer == PORT_DONE && i < count; i++) {
        const uint32_t fallback = batch->items[places[i]].sorted.slot;
        sort_batch_settle(batch, places[i], slots[i] == SORT_SLOT_UNKNOWN ? fallback : slots[i],
                          &sorter->entries);
    }
    return answer;
}

/* Nothing circles: a job is published only after a look that found its slot bound. At first all
 * slots are looked at; then only that of a job that came back. */
static enum port_answer look(struct sorter *sorter, uint32_t slot, uint64_t now_ms,
                             struct error *error)
{
    const uint32_t first = sorter->looked ? slot : 0;
    const uint32_t count = sorter->looked ? 1 : SLOTS;
    uint64_t waited_ms = 0;
    bool bound[SLOTS];
    const enum port_answer answer =
        sorter->map.ops->look(sorter->map.self, first, count, bound, &waited_ms, error);
    if (answer != PORT_DONE) {
        return answer;
    }
    for (uint32_t i = first; i < first + count; i++) {
        sorter->bound_at_ms[i] = bound[i] ? now_ms + waited_ms : 0;
    }
    sorter->looked = true;
    if (!bound[slot]) {
        error_set(error, ERROR_RETRY, "slot %u leads to no lane: jobs without a slot wait", slot);
        error_advise(error, "Run till setup: it binds all slots to their lanes.");
        return PORT_FAILED;
    }
    return PORT_DONE;
}

/* Makes the next part, or asks for what it needs. */
static enum duty_progress prepare(struct sorter *sorter, struct sort_batch *batch, uint64_t now_ms,
                                  struct error *error)
{
    if (now_ms < sorter->pause_until_ms) {
        sorter->back_waits = true;
        return DUTY_AGAIN;
    }
    sort_batch_compose(batch, &sorter->entries, sorter->bound_at_ms, now_ms);
    if (batch->part > 0) {
        return DUTY_AGAIN;
    }
    const struct sort_item *item = &batch->items[batch->first];
    switch (item->known ? look(sorter, item->sorted.slot, now_ms, error)
                        : find(sorter, batch, error)) {
    case PORT_DONE:
        return DUTY_AGAIN;
    case PORT_WAIT:
        sorter->back_waits = true;
        return DUTY_AGAIN;
    case PORT_FAILED:
        break;
    }
    if (!item->known && sorter->failures > 0 && now_ms - sorter->failing_since_ms > FIND_MAX_MS) {
        return distrust_database(sorter, now_ms);
    }
    return part_again(sorter, now_ms);
}

static enum port_answer pass_on(struct sorter *sorter, struct sort_batch *batch,
                                struct error *error)
{
    const struct broker *broker = &sorter->broker;
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
    uint32_t dead = 0;
    for (uint32_t i = 0; i < batch->message_count; i++) {
        dead += batch->messages[i].target == MESSAGE_DEAD;
    }
    (void)atomic_fetch_add_explicit(&sorter->dead, dead, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&sorter->sorted, batch->message_count - dead,
                                    memory_order_relaxed);
    sorter->failures = 0;
    sort_batch_next(batch);
}

/* One step of the batch that is not being filled. */
static enum duty_progress advance(struct sorter *sorter, struct sort_batch *batch, uint64_t now_ms,
                                  struct error *error)
{
    if (batch->phase == SORT_TAKEN) {
        return prepare(sorter, batch, now_ms, error);
    }
    switch (pass_on(sorter, batch, error)) {
    case PORT_WAIT:
        sorter->back_waits = true;
        return DUTY_AGAIN;
    case PORT_DONE:
        if (batch->phase == SORT_CONFIRMED) {
            part_done(sorter, batch);
        } else {
            batch->phase++;
        }
        return DUTY_AGAIN;
    case PORT_FAILED:
        break;
    }
    return batch->phase == SORT_CONFIRMED ? lose(sorter, now_ms) : part_again(sorter, now_ms);
}

static bool may_leave(struct sorter *sorter, uint64_t now_ms)
{
    if (!sorter->draining) {
        return false;
    }
    if (sorter->leave_ms == 0) {
        sorter->leave_ms = now_ms + LEAVE_MS;
    }
    return back_of(sorter)->phase == SORT_TAKEN || now_ms >= sorter->leave_ms;
}

/* What has been taken is passed on as soon as what was before it has been. */
static bool swap(struct sorter *sorter)
{
    const bool full = !sort_batch_has_room(front_of(sorter));
    if (back_of(sorter)->count > 0 || front_of(sorter)->count == 0 ||
        (!full && !sorter->front_waits)) {
        return false;
    }
    sorter->front = 1 - sorter->front;
    sorter->front_waits = sorter->back_waits = false;
    return true;
}

void sorter_init(struct sorter *sorter, const char *namespace, struct broker broker,
                 struct sort_map map, uint64_t seed, void *memory)
{
    char *bytes = memory;
    *sorter = (struct sorter){
        .broker = broker,
        .map = map,
        .entries = {address_of(namespace, "jobs"), address_of(namespace, "stock")},
        .database_ready = true, /* most jobs need none */
    };
    prng_init(&sorter->prng, seed);
    sort_batch_init(&sorter->batches[0], bytes);
    sort_batch_init(&sorter->batches[1], bytes + SORT_BATCH_SIZE);
    arena_init(&sorter->scratch, bytes + 2 * SORT_BATCH_SIZE, SORTER_MEMORY - 2 * SORT_BATCH_SIZE);
}

enum duty_progress sorter_step(struct sorter *sorter, uint64_t now_ms, struct error *error)
{
    if (may_leave(sorter, now_ms)) {
        give_back(sorter);
        return DUTY_DRAINED;
    }
    if (!sorter->subscribed) {
        return subscribe(sorter, now_ms, error);
    }
    if (back_of(sorter)->count > 0 && !sorter->back_waits) {
        return advance(sorter, back_of(sorter), now_ms, error);
    }
    if (!sorter->draining && !sorter->front_waits && sort_batch_has_room(front_of(sorter))) {
        return take(sorter, now_ms, error);
    }
    if (swap(sorter)) {
        return DUTY_AGAIN;
    }
    sorter->front_waits = sorter->back_waits = false;
    return DUTY_WAIT;
}

void sorter_drain(struct sorter *sorter)
{
    sorter->draining = true;
}

uint64_t sorter_wait_ms(const struct sorter *sorter, uint64_t now_ms)
{
    if (sorter->draining) {
        return LEAVE_LOOK_MS;
    }
    const uint64_t pause_ms = now_ms < sorter->pause_until_ms ? sorter->pause_until_ms - now_ms : 0;
    return pause_ms > 0 && pause_ms < WAIT_MAX_MS ? pause_ms : WAIT_MAX_MS;
}
