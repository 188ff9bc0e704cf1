/* SPDX-License-Identifier: Apache-2.0
 *
 * Where jobs without a slot belong, by what they say. */
#include "worker/duty/sorting.h"

#include "tests/support/test.h"

#define JOBS  "till.jobs"
#define STOCK "till.stock"
#define LANES "till.lanes.g1"

static const struct sorting_case {
    const char *name;
    const char *exchange;
    const char *type;
    const char *body;
    enum sorting sorting;
    uint32_t slot;
    const char *other;
} sorting_cases[] = {
    {"a checkout goes by its first SKU", JOBS, NULL,
     "{\"id\":\"1\",\"customer\":\"c\",\"items\":[{\"sku\":\"PS5\",\"qty\":1},{\"sku\":\"a\","
     "\"qty\":1}]}",
     SORTING_SLOT, 278, NULL},
    {"a reserve too, whatever it replaces", JOBS, NULL,
     "{\"id\":\"1\",\"kind\":\"reserve\",\"customer\":\"c\",\"replaces\":\"0\",\"items\":[{\"sku\":"
     "\"a\",\"qty\":1}]}",
     SORTING_SLOT, 579, NULL},
    {"a define by its SKU", STOCK, NULL, "{\"id\":\"1\",\"kind\":\"define\",\"sku\":\"it's\"}",
     SORTING_SLOT, 506, NULL},
    {"an escaped SKU is decoded", STOCK, NULL,
     "{\"id\":\"1\",\"kind\":\"adjust\",\"items\":[{\"sku\":\"PS\\u0035\",\"qty\":1}]}",
     SORTING_SLOT, 278, NULL},
    {"a commit by its hold", JOBS, NULL, "{\"id\":\"2\",\"kind\":\"commit\",\"hold\":\"PS5\"}",
     SORTING_OTHER, 278, "PS5"},
    {"an expire by its hold", STOCK, NULL,
     "{\"id\":\"till:expire:a\",\"kind\":\"expire\",\"hold\":\"a\"}", SORTING_OTHER, 579, "a"},
    {"a cancel by its sale, not by the SKUs it names", JOBS, NULL,
     "{\"id\":\"2\",\"kind\":\"cancel\",\"sale\":\"PS\\u0035\",\"items\":[{\"sku\":\"a\",\"qty\":1}"
     "]}",
     SORTING_OTHER, 278, "PS5"},
    {"what cannot be read goes to slot 0", JOBS, NULL, "garbage", SORTING_SLOT, 0, NULL},
    {"so does a malformed job", JOBS, NULL,
     "{\"id\":\"1\",\"items\":[{\"sku\":\"PS5\",\"qty\":0}]}", SORTING_SLOT, 0, NULL},
    {"a probe is dropped", LANES, "till.probe", "", SORTING_PROBE, 0, NULL},
    {"but not what a front end calls one", JOBS, "till.probe", "", SORTING_SLOT, 0, NULL},
    {"nor a stock keeper", STOCK, "till.probe", "", SORTING_SLOT, 0, NULL},
};

static char scratch_memory[JOB_MEMORY_MAX + 64];
static char arena_memory[1024];
static const struct entries entries = {{JOBS}, {STOCK}};

static struct span text_of(const char *text)
{
    return text == NULL ? SPAN_NONE : (struct span){text, (uint32_t)strlen(text)};
}

static void sorts(void **state)
{
    const struct sorting_case *test = *state;
    struct arena scratch;
    struct arena arena;
    arena_init(&scratch, scratch_memory, sizeof scratch_memory);
    arena_init(&arena, arena_memory, sizeof arena_memory);
    const struct delivery delivery = {
        .size = strlen(test->body),
        .body = text_of(test->body),
        .exchange = text_of(test->exchange),
        .type = text_of(test->type),
    };

    const struct sorted sorted = sorting_of(&delivery, &entries, &scratch, &arena);

    assert_int_equal(sorted.sorting, test->sorting);
    assert_int_equal(sorted.slot, test->slot);
    assert_true(span_equal(sorted.other, text_of(test->other)));
    assert_int_equal(arena_mark(&scratch), 0);
    assert_int_equal(sorting_is_stock(&delivery, &entries), strcmp(test->exchange, STOCK) == 0);
}

static void what_was_cut_is_too_large(void **state)
{
    (void)state;
    const struct delivery delivery = {
        .size = 70000, .body = SPAN_OF("{}"), .exchange = SPAN_OF(JOBS)};
    const struct sorted sorted = sorting_of(&delivery, &entries, NULL, NULL);
    assert_int_equal(sorted.sorting, SORTING_TOO_LARGE);
}

static void a_job_with_its_slot_as_key_came_back(void **state)
{
    (void)state;
    struct delivery delivery = {.exchange = SPAN_OF(JOBS), .routing_key = SPAN_OF("278")};
    assert_true(sorting_came_back(&delivery, &entries, "278"));
    assert_false(sorting_came_back(&delivery, &entries, "27"));
    delivery.routing_key = SPAN_OF("0278");
    assert_false(sorting_came_back(&delivery, &entries, "278"));
    delivery.routing_key = SPAN_OF("");
    assert_false(sorting_came_back(&delivery, &entries, "0"));
}

int main(void)
{
    enum { CASES = sizeof sorting_cases / sizeof sorting_cases[0] };
    struct CMUnitTest tests[CASES + 2] = {
        [CASES] = cmocka_unit_test(what_was_cut_is_too_large),
        [CASES + 1] = cmocka_unit_test(a_job_with_its_slot_as_key_came_back),
    };
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = sorting_cases[i].name,
                                       .test_func = sorts,
                                       .initial_state = (void *)&sorting_cases[i]};
    }
    return cmocka_run_group_tests_name("sorting", tests, NULL, NULL);
}
