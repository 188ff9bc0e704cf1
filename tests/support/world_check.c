/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold when a lane has done its work, whatever went wrong on the way. */
#include <stdio.h>
#include <string.h>

#include "common/contract/event.h"
#include "tests/support/shop.h"
#include "tests/support/test.h"
#include "tests/support/world.h"

static char scratch[2 * EVENT_MEMORY_MAX];

/* An answer's id is the job's with a hash of its bytes. */
static bool is_about(const struct message *message, struct span job)
{
    if (message->target != MESSAGE_EVENT || span_absent(job)) {
        return false;
    }
    const struct span id = message->id;
    return span_equal(id, job) || (id.size > job.size && id.bytes[job.size] == '#' &&
                                   memcmp(id.bytes, job.bytes, job.size) == 0);
}

static bool is_answer(const struct message *message)
{
    return message->target == MESSAGE_EVENT && memcmp(message->type.bytes, "job.", 4) == 0;
}

/* The first message about a job, and how many there are that the broker has confirmed. */
struct told {
    uint32_t first;
    uint32_t decisions;
    uint32_t answers;
    uint32_t dead;
};

static struct told told_of(const struct world *world, uint32_t job)
{
    const struct fake_broker *broker = &world->broker;
    struct told told = {.first = UINT32_MAX};
    for (uint32_t i = 0; i < broker->message_count; i++) {
        const struct fake_message *published = &broker->messages[i];
        const struct message *message = &published->message;
        const bool dead = message->target == MESSAGE_DEAD &&
                          span_equal(message->body, broker->jobs[job].delivery.body);
        const bool about = is_about(message, world->jobs[job].id);
        if (!dead && !about) {
            continue;
        }
        told.first = told.first == UINT32_MAX ? i : told.first;
        if (published->confirmed) {
            told.dead += dead ? 1 : 0;
            told.answers += about && is_answer(message) ? 1 : 0;
            told.decisions += about && !is_answer(message) ? 1 : 0;
        }
    }
    return told;
}

static void check_fate(const struct world *world, uint32_t job, const struct told *told)
{
    const bool decided = fake_database_decision(&world->database, world->jobs[job].id) != NULL;
    const bool has_id = !span_absent(world->jobs[job].id);
    switch (world->jobs[job].fate) {
    case FATE_DECIDED:
        assert_true(decided && told->decisions > 0 && told->dead == 0);
        return;
    case FATE_ANSWERED:
        assert_true(told->answers > 0 && told->dead == 0);
        return;
    case FATE_PARKED:
        assert_true(!decided && told->decisions == 0 && told->dead > 0);
        assert_int_equal(told->answers > 0, has_id);
        return;
    case FATE_IGNORED:
        assert_true(!decided && told->first == UINT32_MAX);
        return;
    }
}

static bool is_first_of_its_id(const struct world *world, uint32_t job)
{
    for (uint32_t i = 0; i < job; i++) {
        if (span_equal(world->jobs[i].id, world->jobs[job].id)) {
            return false;
        }
    }
    return true;
}

/* Nothing is lost, and jobs are told of in the order in which they came. */
static void check_jobs(const struct world *world)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < world->broker.job_count; i++) {
        assert_true(world->broker.jobs[i].acknowledged);
        const struct told told = told_of(world, i);
        check_fate(world, i, &told);
        if (told.first != UINT32_MAX && is_first_of_its_id(world, i)) {
            assert_true(told.first >= last);
            last = told.first;
        }
    }
}

/* One decision an id; its event is what is recorded, in each copy. */
static void check_decisions(const struct world *world)
{
    const struct memory_database *memory = &world->database.memory;
    for (uint32_t i = 0; i < memory->decision_count; i++) {
        const struct decision *decision = &memory->decisions[i];
        struct arena arena;
        struct event event;
        assert_ptr_equal(fake_database_decision(&world->database, decision->job), decision);
        arena_init(&arena, scratch, sizeof scratch);
        assert_true(event_of_decision("till", decision, &arena, &event));
        for (uint32_t k = 0; k < world->broker.message_count; k++) {
            const struct message *message = &world->broker.messages[k].message;
            if (message->target != MESSAGE_DEAD && span_equal(message->id, decision->job)) {
                assert_true(span_equal(message->body, event.body));
                assert_true(message->target == MESSAGE_REPLY ||
                            span_equal(message->routing_key, event.routing_key));
            }
        }
    }
}

/* Copies of an answer are the same, too. */
static void check_answers(const struct world *world)
{
    for (uint32_t i = 0; i < world->broker.message_count; i++) {
        const struct message *message = &world->broker.messages[i].message;
        for (uint32_t k = 0; is_answer(message) && k < i; k++) {
            const struct message *other = &world->broker.messages[k].message;
            if (is_answer(other) && span_equal(other->id, message->id)) {
                assert_true(span_equal(other->body, message->body));
            }
        }
    }
}

static uint32_t confirmed_of(const struct world *world, const char *id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->broker.message_count; i++) {
        const struct fake_message *published = &world->broker.messages[i];
        count += published->confirmed && span_equal(published->message.id, span_of(id)) ? 1 : 0;
    }
    return count;
}

static void check_edge(const struct world *world, const struct decision *decision,
                       const struct decision_item *item)
{
    const bool out = item->edge == EDGE_OUT;
    const bool back = item->edge == EDGE_BACK;
    char id[512];
    if (!item->moved || (!out && !back)) {
        return;
    }
    (void)snprintf(id, sizeof id, "%.*s/%.*s@%lld/%s", SPAN_ARGUMENTS(decision->pool),
                   SPAN_ARGUMENTS(item->sku), (long long)item->version, out ? "out" : "back");
    assert_true(confirmed_of(world, id) > 0);
}

/* Versions of a SKU are 1, 2, 3 ... in the order of decisions; each edge was announced. */
static void check_item(const struct world *world, const struct decision *decision,
                       const struct decision_item *item, int64_t *versions)
{
    const struct memory_database *memory = &world->database.memory;
    check_edge(world, decision, item);
    for (uint32_t i = 0; item->moved && i < memory->stock_count; i++) {
        if (span_equal(memory->stocks[i].sku, item->sku) &&
            span_equal(memory->stocks[i].pool, decision->pool)) {
            assert_int_equal(item->version, ++versions[i]);
        }
    }
}

static void check_stock(const struct world *world)
{
    const struct memory_database *memory = &world->database.memory;
    int64_t versions[MEMORY_STOCKS_MAX] = {0};
    for (uint32_t i = 0; i < memory->decision_count; i++) {
        const struct decision *decision = &memory->decisions[i];
        for (uint32_t k = 0; k < decision->item_count; k++) {
            check_item(world, decision, &decision->items[k], versions);
        }
        for (uint32_t k = 0; k < decision->released_count; k++) {
            check_item(world, decision, &decision->released_items[k], versions);
        }
    }
    for (uint32_t i = 0; i < memory->stock_count; i++) {
        const struct stock *stock = &memory->stocks[i];
        char id[512];
        (void)snprintf(id, sizeof id, "%.*s/%.*s@%lld", SPAN_ARGUMENTS(stock->pool),
                       SPAN_ARGUMENTS(stock->sku), (long long)stock->version);
        assert_int_equal(stock->version, versions[i]);
        assert_true(stock->version == 0 || confirmed_of(world, id) > 0);
    }
}

static bool is_change(const struct fake_message *published)
{
    return published->message.target == MESSAGE_EVENT &&
           span_equal(published->message.type, SPAN_OF("stock.changed"));
}

/* stock.changed is told of once a SKU and part. */
static void check_changes(const struct world *world)
{
    for (uint32_t i = 0; i < world->broker.message_count; i++) {
        const struct fake_message *published = &world->broker.messages[i];
        for (uint32_t k = 0; is_change(published) && k < i; k++) {
            const struct fake_message *other = &world->broker.messages[k];
            assert_false(is_change(other) && other->save == published->save &&
                         span_equal(other->message.id, published->message.id));
        }
    }
}

void world_check(struct world *world)
{
    assert_int_equal(world->broker.taken, 0);
    assert_false(world->database.open);
    check_jobs(world);
    check_decisions(world);
    check_answers(world);
    check_stock(world);
    check_changes(world);
}
