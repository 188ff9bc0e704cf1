/* SPDX-License-Identifier: Apache-2.0
 *
 * What is loaded: holds and sales by every name they have, pools of stores, customers' counts, and
 * how often a job was begun alone. */
#include <stdlib.h>

#include "tests/support/database_world.h"
#include "tests/support/test.h"

#define ITEM(sku, qty) "{\"sku\":\"" sku "\",\"qty\":" qty "}"

static struct world world;
static struct world_lane lane;
static struct world_batch batch;

static void says(const char *body, enum outcome outcome)
{
    world_say(&lane, &batch, WORLD_ONE(body));
    assert_int_equal(batch.results[0].kind, RESULT_DECISION);
    if (batch.results[0].decision.outcome != outcome) {
        fail_msg("outcome %d: %s", (int)batch.results[0].decision.outcome, body);
    }
}

static void is(struct span span, const char *text)
{
    if (!span_equal(span, (struct span){text, (uint32_t)strlen(text)})) {
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARGUMENTS(span), text);
    }
}

static void looks_for(const char *body)
{
    world_batch_speak(&batch, WORLD_ONE(body));
    assert_int_equal(world_look(&lane, &batch), PORT_DONE);
}

/* A hold of two SKUs, sold by its commit "k", with one unit back. */
static void sell_a_hold(void)
{
    says("{\"id\":\"r\",\"kind\":\"reserve\",\"customer\":\"c\",\"ref\":\"1001\",\"items\":[" ITEM(
             "A", "2") "," ITEM("B\\\"", "3") "]}",
         OUTCOME_HELD);
    says("{\"id\":\"k\",\"kind\":\"commit\",\"hold\":\"r\",\"ref\":\"1002\"}", OUTCOME_CONFIRMED);
    says("{\"id\":\"b\",\"kind\":\"cancel\",\"sale\":\"k\",\"items\":[" ITEM("B\\\"", "1") "]}",
         OUTCOME_CANCELLED);
}

static void a_sale_of_a_hold_is_found_by_both_ids(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"id\":\"x\",\"kind\":\"cancel\",\"sale\":\"r\"}",
                                         "{\"id\":\"x\",\"kind\":\"cancel\",\"sale\":\"k\"}"};
    sell_a_hold();
    for (int i = 0; i < 2; i++) {
        looks_for(bodies[i]);
        assert_int_equal(batch.found.sale_count, 1);
        assert_int_equal(batch.found.hold_count, 1);
        const struct sale *sale = &batch.found.sales[0];
        const struct hold *hold = &batch.found.holds[0];
        is(sale->id, "k");
        is(sale->hold, "r");
        is(sale->ref, "1002");
        assert_int_equal(sale->line_count, 2);
        is(sale->lines[0].sku, "A");
        assert_int_equal(sale->lines[0].returned, 0);
        is(sale->lines[1].sku, "B\"");
        assert_int_equal(sale->lines[1].qty, 3);
        assert_int_equal(sale->lines[1].returned, 1);
        is(sale->lines[1].returned_by, "b");
        assert_true(span_absent(sale->ended_by));
        assert_int_equal(hold->state, HOLD_COMMITTED);
        is(hold->sale, "k");
        is(hold->ended_by, "k");
        is(hold->ref, "1001");
    }
}

static void a_sale_that_is_named_in_two_ways_is_one(void **state)
{
    (void)state;
    sell_a_hold();
    world_say(
        &lane, &batch,
        (const char *const[]){
            "{\"id\":\"x1\",\"kind\":\"cancel\",\"sale\":\"r\",\"items\":[" ITEM("A", "1") "]}",
            "{\"id\":\"x2\",\"kind\":\"cancel\",\"sale\":\"k\"}", NULL});
    assert_int_equal(batch.state.sale_count, 1);
    assert_int_equal(batch.results[1].decision.outcome, OUTCOME_CANCELLED);
    looks_for("{\"id\":\"y\",\"kind\":\"cancel\",\"sale\":\"r\"}");
    is(batch.found.sales[0].ended_by, "x2");
    is(batch.found.holds[0].ended_by, "x2");
    is(batch.found.holds[0].sale, "k");
    assert_int_equal(batch.found.holds[0].state, HOLD_CANCELLED);
    says("{\"id\":\"y\",\"kind\":\"cancel\",\"sale\":\"r\"}", OUTCOME_REJECTED);
    is(batch.results[0].decision.by, "x2");
}

static void a_checkouts_sale_knows_who_took_the_last_of_it(void **state)
{
    (void)state;
    says("{\"id\":\"c\",\"customer\":\"c\",\"items\":[" ITEM("A", "1") "," ITEM("B\\\"", "1") "]}",
         OUTCOME_CONFIRMED);
    world_say(
        &lane, &batch,
        (const char *const[]){
            "{\"id\":\"z\",\"kind\":\"cancel\",\"sale\":\"c\",\"items\":[" ITEM("A", "1") "]}",
            "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"c\"}", NULL});
    looks_for("{\"id\":\"y\",\"kind\":\"cancel\",\"sale\":\"c\"}");
    assert_int_equal(batch.found.hold_count, 0);
    is(batch.found.sales[0].ended_by, "a");
}

static void nothing_is_found_of_what_is_not_there(void **state)
{
    (void)state;
    looks_for("{\"id\":\"y\",\"kind\":\"cancel\",\"sale\":\"nobody's\"}");
    assert_int_equal(batch.found.sale_count + batch.found.hold_count, 0);
}

/* The lane sees by demand_covers that it has to lock more, and loads again. */
static void a_hold_that_came_up_after_the_look_is_loaded(void **state)
{
    (void)state;
    struct world_lane other;
    struct world_batch reserve;
    looks_for("{\"id\":\"k\",\"kind\":\"commit\",\"hold\":\"r\"}");
    assert_int_equal(batch.found.hold_count, 0);

    world_batch_init(&reserve);
    world_lane_open(&other, &world, 1);
    world_say(&other, &reserve,
              WORLD_ONE("{\"id\":\"r\",\"kind\":\"reserve\",\"customer\":\"c\",\"items\":[" ITEM(
                  "A", "2") "]}"));
    world_lane_close(&other);
    world_batch_free(&reserve);

    assert_int_equal(world_load(&lane, &batch), PORT_DONE);
    assert_int_equal(batch.state.hold_count, 1);
    assert_int_equal(batch.state.stock_count, 0);
    assert_false(demand_covers(&batch.demand, batch.state.holds, batch.state.hold_count,
                               batch.state.sales, batch.state.sale_count));
    lane.port.ops->abandon(lane.port.self);
    assert_true(demand_add_found(&batch.demand, batch.state.holds, batch.state.hold_count,
                                 batch.state.sales, batch.state.sale_count, &batch.arena));
    assert_int_equal(world_load(&lane, &batch), PORT_DONE);
    assert_true(demand_covers(&batch.demand, batch.state.holds, batch.state.hold_count,
                              batch.state.sales, batch.state.sale_count));
    assert_int_equal(batch.state.stock_count, 1);
    lane.port.ops->abandon(lane.port.self);
}

#define BUY(id, store)                                                                             \
    "{\"id\":\"" id "\",\"customer\":\"c\",\"store\":\"" store "\",\"items\":[" ITEM("A", "1") "]" \
                                                                                               "}"

static void stores_sell_from_the_pools_they_are_assigned_to(void **state)
{
    (void)state;
    world_run(&world, "INSERT INTO stock (pool, sku, unsold, version, known)"
                      " VALUES ('second', 'A', 5, 1, true), ('third', 'A', 5, 1, true)");
    says(BUY("d1", "default"), OUTCOME_CONFIRMED);
    is(batch.results[0].decision.pool, "main");
    says(BUY("w1", "web"), OUTCOME_REJECTED);
    assert_int_equal(batch.results[0].decision.reason, REASON_UNKNOWN_STORE);
    world_run(&world, "INSERT INTO store_pools VALUES ('web', 'second'), ('', 'third')");
    world_say(&lane, &batch,
              (const char *const[]){BUY("w2", "web"), BUY("d2", "default"), BUY("f2", "far"),
                                    BUY("a2", "another"), NULL});
    is(batch.results[0].decision.pool, "second");
    is(batch.results[1].decision.pool, "main");
    is(batch.results[2].decision.pool, "third");
    is(batch.results[3].decision.pool, "third");
    world_run(&world, "INSERT INTO store_pools VALUES ('default', 'second')");
    says(BUY("d3", "default"), OUTCOME_CONFIRMED);
    is(batch.results[0].decision.pool, "second");
    assert_int_equal(world_number(&world, "SELECT sum(unsold) FROM stock WHERE sku = 'A'"), 104);
}

static int64_t counted(const char *customer)
{
    return world_number(&world,
                        "SELECT coalesce(sum(taken), 0) FROM customer_counts"
                        " WHERE customer = '%s' AND sku = 'A'",
                        customer);
}

static void counts_are_summed_and_bound_what_a_customer_gets(void **state)
{
    (void)state;
    says("{\"id\":\"l\",\"kind\":\"define\",\"sku\":\"A\",\"per_customer\":3}", OUTCOME_STOCKED);
    world_say(&lane, &batch, (const char *const[]){BUY("1", "default"), BUY("2", "default"), NULL});
    assert_int_equal(counted("c"), 2);
    says("{\"id\":\"3\",\"customer\":\"c\",\"items\":[" ITEM("A", "2") "]}", OUTCOME_REJECTED);
    assert_int_equal(batch.results[0].decision.faults[0].taken, 2);
    says("{\"id\":\"4\",\"kind\":\"cancel\",\"sale\":\"1\"}", OUTCOME_CANCELLED);
    assert_int_equal(counted("c"), 1);
    says("{\"id\":\"5\",\"customer\":\"c\",\"items\":[" ITEM("A", "2") "]}", OUTCOME_CONFIRMED);
    assert_int_equal(counted("c"), 3);
    /* Without a limit nothing is counted any more, but what was comes off. */
    says("{\"id\":\"6\",\"kind\":\"define\",\"sku\":\"A\",\"per_customer\":null}", OUTCOME_STOCKED);
    says(BUY("7", "default"), OUTCOME_CONFIRMED);
    says("{\"id\":\"8\",\"kind\":\"cancel\",\"sale\":\"5\"}", OUTCOME_CANCELLED);
    assert_int_equal(counted("c"), 1);
}

static void begun_alone_is_counted_until_it_is_decided(void **state)
{
    (void)state;
    struct error error = {0};
    uint32_t begun = 0;
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(world_count_lonely(&lane, SPAN_OF("1"), &begun, &error), PORT_DONE);
        assert_int_equal(begun, i);
    }
    assert_int_equal(world_count_lonely(&lane, SPAN_OF("other"), &begun, &error), PORT_DONE);
    assert_int_equal(begun, 1);
    says(BUY("1", "default"), OUTCOME_CONFIRMED);
    assert_string_equal(world_ask(&world, "SELECT string_agg(job, ' ') FROM lonely_beginnings"),
                        "other");
    batch.lonely = SPAN_OF("other"); /* it has no message_id */
    says(BUY("3", "default"), OUTCOME_CONFIRMED);
    assert_int_equal(world_number(&world, "SELECT count(*) FROM lonely_beginnings"), 0);
    assert_int_equal(world_count_lonely(&lane, SPAN_OF("\xff"), &begun, &error), PORT_FAILED);
    assert_int_equal(error.kind, ERROR_JOB);
    says(BUY("2", "default"), OUTCOME_CONFIRMED);
}

static void a_lanes_decisions_are_numbered_as_they_came(void **state)
{
    (void)state;
    world_say(
        &lane, &batch,
        (const char *const[]){BUY("z", "default"), BUY("y", "default"), BUY("z", "default"), NULL});
    says(BUY("a", "default"), OUTCOME_CONFIRMED);
    assert_string_equal(
        world_ask(&world, "SELECT string_agg(id, ' ' ORDER BY n) FROM decision WHERE lane = 0"),
        "z y a");
    assert_int_equal(world_number(&world, "SELECT max(n) FROM decision"), 3);
}

static int begin_test(void **state)
{
    (void)state;
    world_run(&world, "DELETE FROM decisions; DELETE FROM holds; DELETE FROM returns;"
                      "DELETE FROM stock; DELETE FROM customer_counts; DELETE FROM store_pools;"
                      "DELETE FROM lonely_beginnings; UPDATE lanes SET decided = 0;"
                      "INSERT INTO stock (pool, sku, unsold, version, known)"
                      " VALUES ('main', 'A', 100, 1, true), ('main', 'B\"', 100, 1, true)");
    world_lane_open(&lane, &world, 0);
    return 0;
}

static int end_test(void **state)
{
    (void)state;
    world_lane_close(&lane);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    world_open(&world, "load");
    world_batch_init(&batch);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_batch_free(&batch);
    world_close(&world);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sale_of_a_hold_is_found_by_both_ids),
        TEST(a_sale_that_is_named_in_two_ways_is_one),
        TEST(a_checkouts_sale_knows_who_took_the_last_of_it),
        TEST(nothing_is_found_of_what_is_not_there),
        TEST(a_hold_that_came_up_after_the_look_is_loaded),
        TEST(stores_sell_from_the_pools_they_are_assigned_to),
        TEST(counts_are_summed_and_bound_what_a_customer_gets),
        TEST(begun_alone_is_counted_until_it_is_decided),
        TEST(a_lanes_decisions_are_numbered_as_they_came),
    };
    return cmocka_run_group_tests_name("database, load", tests, set_up, tear_down);
}
