/* SPDX-License-Identifier: Apache-2.0
 *
 * Routes what is published. */
#include "tests/sim/sim_exchange.h"

#include <string.h>

#include "common/base/ensure.h"
#include "common/contract/slot.h"
#include "tests/sim/sim_broker.h"
#include "tests/sim/sim_tables.h"

void sim_exchanges_init(struct sim_broker *broker)
{
    struct sim_exchanges *exchanges = &broker->exchanges;
    memset(exchanges->led_to, 0, sizeof exchanges->led_to);
    memset(exchanges->slots_bound, 0, sizeof exchanges->slots_bound);
    memset(exchanges->unbound, 0, sizeof exchanges->unbound);
    exchanges->led_to[0] = true;
    exchanges->slots_bound[0] = true;
    exchanges->sequence = 0;
    exchanges->late_count = 0;
}

bool sim_exchange_leads(const struct sim_broker *broker)
{
    for (uint32_t i = 0; i < SIM_GENERATIONS_MAX; i++) {
        if (broker->exchanges.led_to[i] && broker->exchanges.slots_bound[i]) {
            return true;
        }
    }
    return false;
}

void sim_exchanges_unbind(struct sim_exchanges *exchanges, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        exchanges->led_to[i] = false;
        exchanges->unbound[i] = true;
    }
}

/* It comes to its queue: from here on it has a place there. */
static void arrive(struct sim_broker *broker, uint32_t number)
{
    struct sim_account *account = broker->account;
    struct sim_copy *copy = &account->copies[number];
    copy->place = ++account->came[copy->lane];
    copy->straggler = account->marked[copy->lane] != 0;
    sim_broker_publish(broker, number);
}

static void hold_back(struct sim_broker *broker, uint32_t copy, int64_t at)
{
    struct sim_exchanges *exchanges = &broker->exchanges;
    uint32_t place = exchanges->late_count++;
    for (; place > 0 && exchanges->late[place - 1].at > at; place--) {
        exchanges->late[place] = exchanges->late[place - 1];
    }
    exchanges->late[place] = (struct sim_late){at, copy};
    sim_timers_advance(&broker->core->timers, ACTOR_LATE, at);
}

/* When a channel that holds something back for this queue lets it go: nothing overtakes there. 0:
 * it holds nothing. */
static int64_t held_until(const struct sim_broker *broker, const struct sim_copy *copy)
{
    const struct sim_exchanges *exchanges = &broker->exchanges;
    for (uint32_t i = exchanges->late_count; i > 0; i--) {
        const struct sim_copy *other = &broker->account->copies[exchanges->late[i - 1].copy];
        if (!copy->sorted && other->lane == copy->lane && other->publisher == copy->publisher) {
            return exchanges->late[i - 1].at;
        }
    }
    return 0;
}

static uint32_t add_copy(struct sim_account *account, const struct sim_copy *copy, uint32_t queue)
{
    const uint32_t number = account->copy_count++;
    struct sim_copy *added = &account->copies[number];
    *added = *copy;
    added->lane = queue;
    memcpy(added->trace, &number, sizeof added->trace);
    uint32_t *end = &account->jobs[copy->job].first_copy;
    while (*end != SIM_COPY_NONE) {
        end = &account->copies[*end].next;
    }
    *end = number;
    return number;
}

/* What a change leaves behind is what was on its way when it began. */
static bool is_near_change(const struct sim_broker *broker)
{
    const int64_t now = broker->core->now;
    for (uint32_t i = 0; i < SIM_SCALES_MAX; i++) {
        const struct sim_scale *scale = &broker->world->scales[i];
        if (scale->lanes != 0 && scale->at > now && scale->at - now < 2 * SIM_SECOND) {
            return true;
        }
    }
    return sim_tables_find(broker->tables, GENERATION_COMING) != 0;
}

static void send_to(struct sim_broker *broker, const struct sim_copy *copy, uint32_t queue)
{
    struct sim_core *core = broker->core;
    if (broker->account->copy_count == SIM_COPIES_MAX) {
        return;
    }
    const uint32_t number = add_copy(broker->account, copy, queue);
    int64_t until = held_until(broker, &broker->account->copies[number]);
    sim_note(core, EVENT_PUBLISHED, copy->publisher, number, copy->job);
    if (until == 0 && is_near_change(broker) && !copy->sorted &&
        copy->publisher < SIM_PUBLISHERS_MAX && sim_strikes(core, FAULT_HELD_BACK)) {
        const int64_t most = prng_below(&core->chance, 3) == 0 ? 4 * SIM_SECOND : 25 * SIM_SECOND;
        until = core->now + sim_between(core, SIM_MS, most);
    }
    if (broker->exchanges.late_count == SIM_LATE_MAX) {
        sim_exchange_flush(broker, queue);
        until = 0;
    }
    if (until != 0) {
        hold_back(broker, number, until);
    } else {
        arrive(broker, number);
    }
}

void sim_exchange_publish(struct sim_broker *broker, const struct sim_copy *copy)
{
    const struct sim_exchanges *exchanges = &broker->exchanges;
    struct sim_copy numbered = *copy;
    uint32_t sent = 0;
    if (numbered.sequence == 0) {
        numbered.sequence = ++broker->exchanges.sequence;
    }
    for (uint32_t i = 0; copy->key_size > 0 && i < SIM_GENERATIONS_MAX; i++) {
        if (!exchanges->led_to[i] || !exchanges->slots_bound[i]) {
            continue;
        }
        const uint32_t lanes = sim_tables_generation(broker->tables, i + 1)->lanes;
        const uint32_t queue = sim_queue_of(i + 1, slot_lane(copy->slot, lanes));
        if (broker->queues[queue].there) {
            numbered.astray = exchanges->unbound[i];
            send_to(broker, &numbered, queue);
            sent++;
        }
    }
    numbered.astray = false;
    if (sent == 0) {
        send_to(broker, &numbered, SIM_QUEUE_SORT);
    } else if (sent > 1) {
        SIM_MARK(broker->core->marks, MARK_BOTH_GENERATIONS);
    }
}

static void release_first(struct sim_broker *broker)
{
    struct sim_exchanges *exchanges = &broker->exchanges;
    const uint32_t copy = exchanges->late[0].copy;
    exchanges->late_count--;
    memmove(exchanges->late, exchanges->late + 1,
            exchanges->late_count * sizeof exchanges->late[0]);
    arrive(broker, copy);
}

void sim_exchange_late_turn(struct sim_broker *broker)
{
    struct sim_exchanges *exchanges = &broker->exchanges;
    while (exchanges->late_count > 0 && exchanges->late[0].at <= broker->core->now) {
        release_first(broker);
    }
    sim_timers_set(&broker->core->timers, ACTOR_LATE,
                   exchanges->late_count == 0 ? SIM_NEVER : exchanges->late[0].at);
}

void sim_exchange_flush(struct sim_broker *broker, uint32_t queue)
{
    struct sim_exchanges *exchanges = &broker->exchanges;
    uint32_t left = 0;
    for (uint32_t i = 0; i < exchanges->late_count; i++) {
        const struct sim_late late = exchanges->late[i];
        if (broker->account->copies[late.copy].lane == queue) {
            arrive(broker, late.copy);
        } else {
            exchanges->late[left++] = late;
        }
    }
    exchanges->late_count = left;
}

bool sim_exchange_is_late(const struct sim_broker *broker)
{
    return broker->exchanges.late_count > 0;
}

void sim_exchange_mark(struct sim_broker *broker, uint32_t queue, uint32_t coming)
{
    struct sim_account *account = broker->account;
    if (account->marked[queue] == 0) {
        account->marked[queue] = account->came[queue] + 1;
    } else {
        SIM_MARK(broker->core->marks, MARK_MARKED_AGAIN);
    }
    sim_broker_put(broker, queue, SIM_MARKER_FIRST + coming);
}
