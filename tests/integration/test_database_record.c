/* SPDX-License-Identifier: Apache-2.0
 *
 * What was decided, recorded and read again makes the same event, byte for byte: of every outcome
 * and reason, with all that a decision can have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/contract/event.h"
#include "common/contract/names.h"
#include "tests/support/database_world.h"
#include "tests/support/test.h"

enum { JOBS_IN_SCRIPT_MAX = 16, EVENTS_MEMORY = 4 * 1024 * 1024 };

#define ITEM(sku, qty) "{\"sku\":\"" sku "\",\"qty\":" qty "}"
#define CART(items)    ",\"customer\":\"c-1\",\"items\":[" items "]}"
#define ODD            "\\\"quoted\\\" back\\\\slash \xf0\x9f\x8e\x81 it's"

/* SQL to run first, and the jobs of one batch. */
static const struct script {
    const char *sql;
    const char *bodies[JOBS_IN_SCRIPT_MAX];
} scripts[] = {
    {NULL,
     {"{\"id\":\"s1\",\"kind\":\"adjust\",\"items\":[" ITEM("A", "100") "," ITEM("B", "50") "]}",
      "{\"id\":\"s2\",\"kind\":\"set\",\"items\":[" ITEM(ODD, "7") "]}",
      "{\"id\":\"s3\",\"kind\":\"define\",\"sku\":\"L\",\"per_customer\":2,\"round\":\"r1\"}",
      "{\"id\":\"s4\",\"kind\":\"define\",\"sku\":\"W\",\"opens_at\":\"2099-01-01T00:00:00Z\","
      "\"closes_at\":\"2099-01-02T00:00:00.000001Z\"}",
      "{\"id\":\"s5\",\"kind\":\"adjust\",\"items\":[" ITEM("L", "10") "," ITEM("W", "10") "]}",
      "{\"id\":\"s6\",\"kind\":\"set\",\"items\":[{\"sku\":\"A\",\"qty\":1,\"if_version\":9}]}",
      "{\"id\":\"s7\",\"kind\":\"adjust\",\"items\":[" ITEM("never", "-1") "]}",
      "{\"id\":\"s8\",\"kind\":\"set\",\"pool\":\"other\",\"items\":[" ITEM("A", "1000000000") "]}",
      "{\"id\":\"s9\",\"kind\":\"adjust\",\"pool\":\"other\",\"items\":[" ITEM("A", "1") "]}",
      NULL}},
    {NULL,
     {"{\"id\":\"c1\",\"ref\":\"1001\",\"meta\":{ \"a\" :\n\t[1 , 2.50e1,\"\\u00e9\\\\\" ] }" CART(
          ITEM("A", "1")),
      "{\"id\":\"c2\",\"ref\":\"it's\"" CART(ITEM("A", "2") "," ITEM(ODD, "3") "," ITEM("L", "1")),
      "{\"id\":\"c3\"" CART(ITEM(ODD, "5")), /* sold out */
      "{\"id\":\"c4\"" CART(ITEM("nowhere", "1") "," ITEM(ODD, "1") "," ITEM("none", "2")),
      "{\"id\":\"c5\"" CART(ITEM("W", "1")), "{\"id\":\"c6\"" CART(ITEM("L", "2")),
      "{\"id\":\"c7\",\"store\":\"unknown\"" CART(ITEM("A", "1")),
      "{\"id\":\"c8\",\"not_after\":\"2001-01-01T00:00:00Z\"" CART(ITEM("A", "1")),
      "{\"id\":\"r1\",\"kind\":\"reserve\",\"ref\":\"1002\"" CART(ITEM("A", "3")),
      "{\"id\":\"r2\",\"kind\":\"reserve\"" CART(
          ITEM("A", "1") "," ITEM("L", "1") "," ITEM(ODD, "1")),
      "{\"id\":\"r3\",\"kind\":\"reserve\",\"ttl\":60" CART(ITEM("B", "1")),
      "{\"id\":\"r4\",\"kind\":\"reserve\"" CART(ITEM("B", "2")),
      "{\"id\":\"r5\",\"kind\":\"reserve\"" CART(ITEM("B", "3") "," ITEM("A", "1")), NULL}},
    /* The round changes under a hold: what is replaced is counted off the old one. */
    {NULL,
     {"{\"id\":\"s10\",\"kind\":\"define\",\"sku\":\"L\",\"round\":\"r2\"}",
      "{\"id\":\"r6\",\"kind\":\"reserve\",\"replaces\":\"r2\"" CART(
          ITEM("L", "2") "," ITEM("B", "1")),
      "{\"id\":\"r7\",\"kind\":\"reserve\",\"replaces\":\"nobody\"" CART(ITEM("A", "1")),
      "{\"id\":\"k1\",\"kind\":\"commit\",\"hold\":\"r1\",\"meta\":{}}",
      "{\"id\":\"k2\",\"kind\":\"commit\",\"hold\":\"r1\",\"ref\":\"again\"}",
      "{\"id\":\"k3\",\"kind\":\"commit\",\"hold\":\"k3\"}",
      "{\"id\":\"x1\",\"kind\":\"extend\",\"hold\":\"r3\",\"ttl\":7200}",
      "{\"id\":\"l1\",\"kind\":\"release\",\"hold\":\"r3\",\"customer\":\"c-1\"}",
      "{\"id\":\"k4\",\"kind\":\"commit\",\"hold\":\"r3\"}",
      "{\"id\":\"s11\",\"kind\":\"set\",\"items\":[" ITEM("B", "1") "]}", NULL}},
    {"UPDATE holds SET expires_at = '2020-01-01T00:00:00.5Z' WHERE id IN ('r4', 'r5')",
     {"{\"id\":\"till:expire:r4\",\"kind\":\"expire\",\"hold\":\"r4\"}",
      "{\"id\":\"till:expire:r5\",\"kind\":\"expire\",\"hold\":\"r5\"}",
      "{\"id\":\"x2\",\"kind\":\"extend\",\"hold\":\"r4\"}",
      "{\"id\":\"k5\",\"kind\":\"commit\",\"hold\":\"r5\"}", /* retaken */
      "{\"id\":\"b1\",\"kind\":\"cancel\",\"sale\":\"r1\"}",
      "{\"id\":\"b2\",\"kind\":\"cancel\",\"sale\":\"c2\",\"items\":[" ITEM(ODD, "2") "]}",
      "{\"id\":\"b3\",\"kind\":\"cancel\",\"sale\":\"c2\",\"items\":[" ITEM("B", "1") "]}",
      "{\"id\":\"b4\",\"kind\":\"cancel\",\"sale\":\"nothing\",\"items\":[" ITEM("A", "1") "]}",
      NULL}},
    {NULL,
     {"{\"id\":\"b5\",\"kind\":\"cancel\",\"sale\":\"k1\"}",
      "{\"id\":\"k6\",\"kind\":\"commit\",\"hold\":\"r1\"}",
      "{\"id\":\"b6\",\"kind\":\"cancel\",\"sale\":\"c2\"}",
      "{\"id\":\"b7\",\"kind\":\"cancel\",\"sale\":\"c3\"}",
      "{\"id\":\"b8\",\"kind\":\"cancel\",\"sale\":\"c2\"}",
      "{\"id\":\"r8\",\"kind\":\"reserve\",\"replaces\":\"r6\"" CART(ITEM("A", "1")),
      "{\"id\":\"k7\",\"kind\":\"commit\",\"hold\":\"r8\"}",
      "{\"id\":\"r9\",\"kind\":\"reserve\",\"replaces\":\"r8\"" CART(ITEM("A", "1")), NULL}},
};

struct seen {
    bool kinds[KIND_COUNT];
    bool outcomes[OUTCOME_COUNT];
    bool reasons[REASON_COUNT];
};

static struct world world;
static struct world_lane lane;
static struct world_batch batch;

/* Of a decision, when it was made. */
struct told {
    struct event event;
    uint32_t edges;
};

static void remember(struct seen *seen, const struct decision *decision)
{
    seen->kinds[decision->kind] = true;
    seen->outcomes[decision->outcome] = true;
    seen->reasons[decision->reason] = true;
}

/* What a decision's lines were for those who watch what can be bought; not in the event. */
static uint32_t edges_of(const struct decision *decision)
{
    uint32_t edges = 0;
    for (uint32_t i = 0; i < decision->item_count; i++) {
        edges = edges * 3 + decision->items[i].edge;
    }
    for (uint32_t i = 0; i < decision->released_count; i++) {
        edges = edges * 3 + decision->released_items[i].edge;
    }
    return edges;
}

static void write_decided(uint32_t script, struct arena *arena, struct seen *seen,
                          struct told *told)
{
    for (uint32_t i = 0; i < batch.count; i++) {
        if (batch.results[i].kind != RESULT_DECISION) {
            fail_msg("no decision: %s", scripts[script].bodies[i]);
        }
        remember(seen, &batch.results[i].decision);
        assert_true(
            event_of_decision(world.namespace, &batch.results[i].decision, arena, &told[i].event));
        told[i].edges = edges_of(&batch.results[i].decision);
    }
}

static void compare_repeated(struct arena *arena, const struct told *told)
{
    for (uint32_t i = 0; i < batch.count; i++) {
        const struct event *event = &told[i].event;
        struct event again;
        assert_int_equal(batch.results[i].kind, RESULT_REPEAT);
        assert_true(event_of_decision(world.namespace, batch.results[i].repeat, arena, &again));
        if (!span_equal(event->body, again.body) ||
            !span_equal(event->routing_key, again.routing_key)) {
            fail_msg("%.*s\n%.*s", SPAN_ARGUMENTS(event->body), SPAN_ARGUMENTS(again.body));
        }
        assert_int_equal(edges_of(batch.results[i].repeat), told[i].edges);
    }
}

static void each_script_is_the_same_again(struct arena *arena, struct seen *seen)
{
    for (uint32_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct told told[JOBS_IN_SCRIPT_MAX];
        if (scripts[i].sql != NULL) {
            world_run(&world, "%s", scripts[i].sql);
        }
        world_say(&lane, &batch, scripts[i].bodies);
        write_decided(i, arena, seen, told);
        world_say(&lane, &batch, scripts[i].bodies);
        compare_repeated(arena, told);
    }
}

static void every_event_comes_out_byte_for_byte_the_same(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct arena arena;
    void *memory = malloc(EVENTS_MEMORY);
    arena_init(&arena, memory, EVENTS_MEMORY);
    each_script_is_the_same_again(&arena, &seen);
    free(memory);
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        assert_true(seen.kinds[i]);
    }
    for (uint32_t i = 0; i < OUTCOME_COUNT; i++) {
        assert_true(seen.outcomes[i]);
    }
    for (uint32_t i = REASON_UNKNOWN_STORE; i <= REASON_OVER_CAPACITY; i++) {
        if (!seen.reasons[i]) {
            fail_msg("no decision with the reason %s", reason_text((enum reason)i));
        }
    }
}

/* Past what one statement's memory holds. */
static void large_batches_are_recorded_in_pieces(void **state)
{
    (void)state;
    enum { JOBS = 300, BODY_MAX = 9000 };
    char *memory = malloc((size_t)JOBS * BODY_MAX);
    const char *bodies[JOBS + 1] = {NULL};
    for (int i = 0; i < JOBS; i++) {
        char *body = memory + (size_t)i * BODY_MAX;
        int size = snprintf(body, BODY_MAX, "{\"id\":\"big-%d\",\"meta\":{\"text\":\"", i);
        memset(body + size, 'x', 8000);
        (void)snprintf(body + size + 8000, (size_t)(BODY_MAX - size - 8000), "\"}" CART("%s"),
                       ITEM("A", "1"));
        bodies[i] = body;
    }
    world_run(&world, "INSERT INTO stock (pool, sku, unsold, version, known)"
                      " VALUES ('main', 'A', 1000, 1, true) ON CONFLICT (pool, sku) DO UPDATE"
                      " SET unsold = 1000");
    world_say(&lane, &batch, bodies);
    assert_int_equal(world_number(&world, "SELECT count(*) FROM decisions WHERE id LIKE 'big-%%'"
                                          " AND octet_length(meta::text) = 8011 AND outcome = 0"),
                     JOBS);
    world_say(&lane, &batch, bodies);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(batch.results[i].kind, RESULT_REPEAT);
    }
    free(memory);
}

static void a_cart_of_a_hundred_lines_is_recorded(void **state)
{
    (void)state;
    enum { BODY_MAX = 32768 };
    char *body = malloc(BODY_MAX);
    char *stock = malloc(BODY_MAX);
    int size = snprintf(body, BODY_MAX, "{\"id\":\"hundred\",\"customer\":\"c\",\"items\":[");
    int stock_size = snprintf(stock, BODY_MAX, "{\"id\":\"sh\",\"kind\":\"set\",\"items\":[");
    for (int i = 0; i < 100; i++) {
        const char *comma = i == 0 ? "" : ",";
        size += snprintf(body + size, (size_t)(BODY_MAX - size),
                         "%s{\"sku\":\"\\\"%d %0100d\",\"qty\":1}", comma, i, 0);
        stock_size += snprintf(stock + stock_size, (size_t)(BODY_MAX - stock_size),
                               "%s{\"sku\":\"\\\"%d %0100d\",\"qty\":5}", comma, i, 0);
    }
    (void)snprintf(body + size, (size_t)(BODY_MAX - size), "]}");
    (void)snprintf(stock + stock_size, (size_t)(BODY_MAX - stock_size), "]}");
    world_say(&lane, &batch, WORLD_ONE(stock));
    world_say(&lane, &batch, WORLD_ONE(body));
    assert_int_equal(batch.results[0].decision.outcome, OUTCOME_CONFIRMED);
    world_say(&lane, &batch, WORLD_ONE(body));
    assert_int_equal(batch.results[0].kind, RESULT_REPEAT);
    assert_int_equal(batch.results[0].repeat->item_count, 100);
    assert_int_equal(world_number(&world, "SELECT count(*) FROM movement WHERE job = 'hundred'"),
                     100);
    free(body);
    free(stock);
}

static int set_up(void **state)
{
    (void)state;
    world_open(&world, "record");
    world_lane_open(&lane, &world, 0);
    world_batch_init(&batch);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_batch_free(&batch);
    world_lane_close(&lane);
    world_close(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_comes_out_byte_for_byte_the_same),
        cmocka_unit_test(large_batches_are_recorded_in_pieces),
        cmocka_unit_test(a_cart_of_a_hundred_lines_is_recorded),
    };
    return cmocka_run_group_tests_name("database, record", tests, set_up, tear_down);
}
