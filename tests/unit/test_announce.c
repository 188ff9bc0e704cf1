/* SPDX-License-Identifier: Apache-2.0
 *
 * What the world is told: to whom replies go, what answers and dead letters say, what is marked as
 * a copy, and that nothing is too large to be told. */
#include "worker/lane/announce.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/shop.h"
#include "tests/support/test.h"
#include "tests/support/world.h"

static struct world world;

static bool body_has(const struct message *message, const char *text)
{
    return memmem(message->body.bytes, message->body.size, text, strlen(text)) != NULL;
}

/* ---- Replies ---- */

/* Which names are allowed, test_address says. */
static void replies_where_it_may(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 1)->reply_to = SPAN_OF("till.reply.shop-1");
    world_adjust(&world, "po-2", 1)->reply_to = SPAN_OF("till.lane.g1.0000");
    world_adjust(&world, "po-3", 1);
    world_run(&world);
    world_check(&world);
    assert_int_equal(world_count(&world, MESSAGE_REPLY, NULL), 1);
    const struct message *event = world_message(&world, MESSAGE_EVENT, "adjust.stocked");
    const struct message *reply = world_message(&world, MESSAGE_REPLY, NULL);
    assert_true(span_equal(reply->routing_key, SPAN_OF("till.reply.shop-1")));
    assert_true(span_equal(reply->body, event->body));
}

static void an_answer_is_replied_too(void **state)
{
    (void)state;
    world_init(&world);
    world_add(&world, "m", FATE_PARKED, "{\"id\":\"m\"}")->reply_to = SPAN_OF("till.reply.1");
    world_run(&world);
    world_check(&world);
    assert_true(span_equal(world_message(&world, MESSAGE_REPLY, NULL)->body,
                           world_message(&world, MESSAGE_EVENT, "job.malformed")->body));
}

/* ---- Events ---- */

static void an_event_carries_the_jobs_correlation_and_trace(void **state)
{
    (void)state;
    world_init(&world);
    struct delivery *delivery = world_adjust(&world, "po-1", 1);
    delivery->correlation_id = SPAN_OF("mine");
    delivery->traceparent = SPAN_OF("00-1-2-01");
    world_adjust(&world, "po-2", 1);
    world_run(&world);
    const struct message *event = &world.broker.messages[0].message;
    assert_true(span_equal(event->correlation_id, SPAN_OF("mine")));
    assert_true(span_equal(event->traceparent, SPAN_OF("00-1-2-01")));
    assert_true(span_equal(world.broker.messages[1].message.correlation_id, SPAN_OF("po-2")));
    assert_false(event->repeat);
    assert_int_not_equal(event->time, INSTANT_NONE);
}

static void a_copy_says_that_it_may_be_one(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 1);
    world_add(&world, "m", FATE_PARKED, "{\"id\":\"m\"}");
    world.broker.confirm_losses = 1;
    world_run(&world);
    world_check(&world);
    uint32_t copies = 0;
    for (uint32_t i = 0; i < world.broker.message_count; i++) {
        const struct message *message = &world.broker.messages[i].message;
        const bool again = i >= world.broker.message_count / 2;
        assert_true(message->target == MESSAGE_DEAD || message->repeat == again);
        copies += message->repeat ? 1 : 0;
    }
    assert_int_equal(copies, 4); /* decision, answer, how the stock stands, and its edge */
}

static void a_probe_is_dropped(void **state)
{
    (void)state;
    world_init(&world);
    struct delivery *probe = world_add(&world, NULL, FATE_IGNORED, "{}");
    probe->exchange = SPAN_OF("till.lanes.g1");
    probe->type = SPAN_OF("till.probe");
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.broker.message_count, 0);
    assert_int_equal(world.database.loads, 0);
}

static void a_probe_that_a_stranger_sends_is_malformed(void **state)
{
    (void)state;
    world_init(&world);
    world_add(&world, NULL, FATE_PARKED, "{}")->type = SPAN_OF("till.probe");
    world_run(&world);
    world_check(&world);
}

/* ---- Answers and dead letters ---- */

static void an_answer_carries_the_pointer(void **state)
{
    (void)state;
    world_init(&world);
    world_add(&world, "m", FATE_PARKED,
              "{\"id\":\"m\",\"customer\":\"c\",\"store\":\"eu\",\"items\":[{\"sku\":\"PS5\","
              "\"qty\":0}]}");
    world_run(&world);
    world_check(&world);
    const struct message *answer = world_message(&world, MESSAGE_EVENT, "job.malformed");
    assert_true(body_has(answer, "\"pointer\":\"/items/0/qty\""));
    assert_true(span_equal(answer->routing_key, SPAN_OF("job.malformed.eu")));
    assert_int_equal(answer->time, INSTANT_NONE);
    const struct message *dead = world_message(&world, MESSAGE_DEAD, NULL);
    assert_int_equal(dead->dead->reason, DEAD_MALFORMED);
    assert_true(dead->dead->error.size > 0);
}

static void a_stock_job_from_a_front_end_is_not_allowed(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 1)->exchange = SPAN_OF("till.jobs");
    world.jobs[0].fate = FATE_ANSWERED;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "job.not_allowed"), 1);
    const struct message *answer = world_message(&world, MESSAGE_EVENT, "job.not_allowed");
    assert_true(body_has(answer, "\"error\":{\"pointer\":\"/kind\",\"text\":"
                                 "\"a stock job must come through till.stock\"}"));
    assert_int_equal(world.database.memory.decision_count, 0);
}

static void a_reused_id_is_answered_and_the_first_decision_stands(void **state)
{
    (void)state;
    world_init(&world);
    world_adjust(&world, "po-1", 1);
    world_adjust(&world, "po-1", 2)->correlation_id = SPAN_OF("again");
    world.jobs[1].fate = FATE_ANSWERED;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world_unsold(&world), 1);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "job.id_reused"), 1);
    const struct message *answer = world_message(&world, MESSAGE_EVENT, "job.id_reused");
    assert_true(body_has(answer, "\"error\":{\"pointer\":\"/id\",\"text\":"
                                 "\"was the id of another job, whose decision stands\"}"));
}

/* ---- Size ---- */

static char large[JOB_SIZE_MAX + 1];

static void fill(char *text, size_t size)
{
    static const char head[] =
        "{\"id\":\"large\",\"kind\":\"adjust\",\"items\":[{\"sku\":\"PS5\",\"qty\":7}]";
    memset(text, ' ', size);
    memcpy(text, head, sizeof head - 1);
    text[size - 1] = '}';
}

static void a_job_of_64_kib_is_decided(void **state)
{
    (void)state;
    world_init(&world);
    fill(large, JOB_SIZE_MAX);
    world.jobs[0] = (struct world_job){SPAN_OF("large"), FATE_DECIDED};
    fake_broker_add(&world.broker, (struct span){large, JOB_SIZE_MAX})->exchange =
        SPAN_OF("till.stock");
    world_run(&world);
    world_check(&world);
    assert_int_equal(world_unsold(&world), 7);
}

static void of_a_larger_one_the_beginning_is_put_aside(void **state)
{
    (void)state;
    world_init(&world);
    fill(large, JOB_SIZE_MAX + 1);
    world.jobs[0] = (struct world_job){SPAN_NONE, FATE_PARKED};
    fake_broker_add(&world.broker, (struct span){large, JOB_SIZE_MAX})->size = JOB_SIZE_MAX + 1;
    world_run(&world);
    world_check(&world);
    assert_int_equal(world_message(&world, MESSAGE_DEAD, NULL)->dead->delivery->size,
                     JOB_SIZE_MAX + 1);
}

/* So many SKUs, named after a letter and so long. */
static void add_stock(char letter, uint32_t skus, int size)
{
    static char items[32 * 1024];
    const char id[] = {letter, '\0'};
    size_t used = 0;
    for (uint32_t i = 0; i < skus; i++) {
        used +=
            (size_t)snprintf(items + used, sizeof items - used, "%s{\"sku\":\"%c%0*u\",\"qty\":1}",
                             i == 0 ? "" : ",", letter, size - 1, i);
    }
    world_add(&world, id, FATE_DECIDED, "{\"id\":\"%s\",\"kind\":\"adjust\",\"items\":[%s]}", id,
              items);
}

static void more_news_than_messages_are_told_in_turns(void **state)
{
    (void)state;
    world_init(&world);
    world.jobs_max = 8;
    for (const char *letter = "ABCDEFGH"; *letter != '\0'; letter++) {
        add_stock(*letter, JOB_ITEMS_MAX, 4);
    }
    world_adjust(&world, "po-1", 1);
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.database.commits, 2);
    assert_int_equal(world.broker.publishes, 3);
    assert_int_equal(world.broker.acks, 2);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "stock.back"), 8 * JOB_ITEMS_MAX + 1);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "stock.changed"), 8 * JOB_ITEMS_MAX + 1);
}

static void news_that_fill_the_arena_are_told_in_turns(void **state)
{
    (void)state;
    world_init(&world);
    add_stock('A', JOB_ITEMS_MAX, JOB_TEXT_MAX);
    world_run_to(&world, BATCH_SAVED);
    struct batch *batch = world_front(&world);
    assert_non_null(
        arena_take(&batch->arena, arena_room(&batch->arena) - ANNOUNCE_MEMORY_MAX - 64));
    batch->mark_saved = arena_mark(&batch->arena);
    assert_true(announce_has_memory(batch));
    world_run(&world);
    world_check(&world);
    assert_int_equal(world.database.commits, 1);
    assert_true(world.broker.publishes > 1);
    assert_int_equal(world_count(&world, MESSAGE_EVENT, "stock.back"), JOB_ITEMS_MAX);
}

/* ... and nothing fails, nor is put aside. */
static void an_arena_that_is_too_small_makes_smaller_parts(void **state)
{
    (void)state;
    world_init(&world);
    world.jobs_max = 200;
    world.batch_memory = ANNOUNCE_MEMORY_MAX + JOB_MEMORY_MAX + 64 * 1024;
    world_adjust(&world, "po-1", 100);
    for (int i = 1; i < 200; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "job-%d", i);
        world_checkout(&world, id, 1);
    }
    world_run(&world);
    world_check(&world);
    assert_true(world.database.largest < 200 && world.database.largest > 10);
    assert_int_equal(world.failures, 0);
    assert_int_equal(world.broker.give_backs, 0);
    assert_int_equal(world_unsold(&world), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_where_it_may),
        cmocka_unit_test(an_answer_is_replied_too),
        cmocka_unit_test(an_event_carries_the_jobs_correlation_and_trace),
        cmocka_unit_test(a_copy_says_that_it_may_be_one),
        cmocka_unit_test(a_probe_is_dropped),
        cmocka_unit_test(a_probe_that_a_stranger_sends_is_malformed),
        cmocka_unit_test(an_answer_carries_the_pointer),
        cmocka_unit_test(a_stock_job_from_a_front_end_is_not_allowed),
        cmocka_unit_test(a_reused_id_is_answered_and_the_first_decision_stands),
        cmocka_unit_test(a_job_of_64_kib_is_decided),
        cmocka_unit_test(of_a_larger_one_the_beginning_is_put_aside),
        cmocka_unit_test(more_news_than_messages_are_told_in_turns),
        cmocka_unit_test(news_that_fill_the_arena_are_told_in_turns),
        cmocka_unit_test(an_arena_that_is_too_small_makes_smaller_parts),
    };
    return cmocka_run_group_tests_name("announce", tests, NULL, NULL);
}
