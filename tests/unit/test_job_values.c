/* SPDX-License-Identifier: Apache-2.0
 *
 * What a well-formed job comes to: defaults, sums, decoded texts; the bounds that need long bodies;
 * what can be known of a malformed one; and that a job written is the same job read again. */
#include "common/contract/job_parse.h"

#include "common/base/limits.h"
#include "common/contract/job_meaning.h"
#include "common/contract/job_write.h"
#include "tests/support/test.h"

static char arena_memory[4 * JOB_MEMORY_MAX];
static struct arena arena;
static struct job_fault fault;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, arena_memory, sizeof arena_memory);
    return 0;
}

static struct span span_of(const char *string)
{
    return (struct span){string, (uint32_t)strlen(string)};
}

static struct job parsed(const char *body)
{
    struct job job;
    if (!job_parse(span_of(body), SPAN_NONE, &arena, &job, &fault)) {
        fail_msg("%s: refused: %.*s %.*s", body, SPAN_ARGUMENTS(fault.pointer),
                 SPAN_ARGUMENTS(fault.text));
    }
    return job;
}

static void assert_refused(struct span body, const char *pointer)
{
    struct job job;
    assert_false(job_parse(body, SPAN_NONE, &arena, &job, &fault));
    assert_int_equal(fault.pointer.size, strlen(pointer));
    assert_memory_equal(fault.pointer.bytes, pointer, fault.pointer.size);
}

static void assert_text(struct span span, const char *expected)
{
    assert_true(span_equal(span, span_of(expected)));
}

static void fills_in_the_defaults(void **state)
{
    (void)state;
    const struct job reserve = parsed("{\"id\":\"a\",\"kind\":\"reserve\",\"customer\":\"c\","
                                      "\"items\":[{\"sku\":\"A\",\"qty\":1}]}");
    assert_text(reserve.store, "default");
    assert_int_equal(reserve.ttl, 900);
    assert_true(span_absent(reserve.pool));
    assert_true(span_absent(reserve.meta));
    assert_true(reserve.not_after == INSTANT_NONE);

    const struct job commit = parsed("{\"id\":\"a\",\"kind\":\"commit\",\"hold\":\"h\"}");
    assert_true(span_absent(commit.store));
    assert_true(span_absent(commit.customer));
    assert_int_equal(commit.ttl, 0);

    const struct job define = parsed("{\"id\":\"a\",\"kind\":\"define\",\"sku\":\"A\","
                                     "\"round\":null,\"per_customer\":2}");
    assert_text(define.pool, "main");
    assert_int_equal(define.item_count, 1);
    assert_text(define.items[0].sku, "A");
    assert_int_equal(define.items[0].qty, 0);
    assert_int_equal(define.definition.per_customer_change, CHANGE_SET);
    assert_int_equal(define.definition.per_customer, 2);
    assert_int_equal(define.definition.round_change, CHANGE_CLEAR);
    assert_int_equal(define.definition.opens_change, CHANGE_NONE);
    assert_int_equal(parsed("{\"id\":\"a\",\"customer\":\"c\",\"items\":[{\"sku\":\"A\","
                            "\"qty\":1}]}")
                         .kind,
                     KIND_CHECKOUT);
}

static void sums_lines_of_one_sku_where_it_came_first(void **state)
{
    (void)state;
    const struct job job =
        parsed("{\"id\":\"a\",\"customer\":\"c\",\"items\":[{\"sku\":\"B\",\"qty\":1},"
               "{\"sku\":\"A\",\"qty\":1000000},{\"sku\":\"\\u0042\",\"qty\":5},"
               "{\"sku\":\"A\",\"qty\":1000000}]}");
    assert_int_equal(job.item_count, 2);
    assert_text(job.items[0].sku, "B");
    assert_int_equal(job.items[0].qty, 6);
    assert_text(job.items[1].sku, "A");
    assert_int_equal(job.items[1].qty, 2000000);
}

static void decodes_escapes_and_keeps_meta_as_sent(void **state)
{
    (void)state;
    const struct job job = parsed(
        "{\"id\":\"\\u0061\\/b\",\"kind\":\"release\",\"hold\":\"h\",\"ref\":\"\\ud83c\\udf81 "
        "\\u00e9 \\\"\",\"meta\" : { \"\\u0061\":1.50 , \"b\":\"\\u00e9\"}  }");
    assert_text(job.id, "a/b");
    assert_text(job.ref, "\xf0\x9f\x8e\x81 \xc3\xa9 \"");
    assert_text(job.meta, "{ \"\\u0061\":1.50 , \"b\":\"\\u00e9\"}");
}

static void takes_100_lines_and_refuses_101(void **state)
{
    (void)state;
    char memory[8192];
    for (uint32_t count = 100; count <= 101; count++) {
        struct text text;
        text_init(&text, memory, sizeof memory);
        text_put(&text, "{\"id\":\"a\",\"customer\":\"c\",\"items\":[");
        for (uint32_t i = 0; i < count; i++) {
            text_format(&text, "%s{\"sku\":\"%u\",\"qty\":1}", i == 0 ? "" : ",", i);
        }
        text_put(&text, "]}");
        assert_false(text.full);
        if (count == 100) {
            assert_int_equal(parsed(text.bytes).item_count, 100);
        } else {
            assert_refused(span_of(text.bytes), "/items");
        }
    }
}

/* A release whose meta is so many bytes long. */
static struct span with_meta(char *memory, size_t capacity, uint32_t meta_size, size_t pad)
{
    struct text text;
    text_init(&text, memory, capacity);
    text_put(&text, "{\"id\":\"a\",\"kind\":\"release\",\"hold\":\"h\",\"meta\":{\"x\":\"");
    for (uint32_t i = (uint32_t)strlen("{\"x\":\"\"}"); i < meta_size; i++) {
        text_put(&text, "m");
    }
    text_put(&text, "\"}}");
    while (text.size < pad) {
        text_put(&text, " ");
    }
    assert_false(text.full);
    return (struct span){text.bytes, (uint32_t)text.size};
}

static void takes_a_meta_of_8_kib_and_no_byte_more(void **state)
{
    (void)state;
    static char memory[2 * JOB_META_MAX];
    struct job job;
    struct span body = with_meta(memory, sizeof memory, JOB_META_MAX, 0);
    assert_true(job_parse(body, SPAN_NONE, &arena, &job, &fault));
    assert_int_equal(job.meta.size, JOB_META_MAX);
    assert_refused(with_meta(memory, sizeof memory, JOB_META_MAX + 1, 0), "/meta");
}

static void takes_a_body_of_64_kib_and_no_byte_more(void **state)
{
    (void)state;
    static char memory[JOB_SIZE_MAX + 2];
    struct job job;
    struct span body = with_meta(memory, sizeof memory, 16, JOB_SIZE_MAX);
    assert_true(job_parse(body, SPAN_NONE, &arena, &job, &fault));
    assert_refused(with_meta(memory, sizeof memory, 16, JOB_SIZE_MAX + 1), "");
}

static void finds_a_duplicate_among_a_thousand_keys(void **state)
{
    (void)state;
    static char memory[2 * JOB_META_MAX];
    for (uint32_t last = 0; last < 2; last++) {
        struct text text;
        text_init(&text, memory, sizeof memory);
        text_put(&text, "{\"id\":\"a\",\"kind\":\"release\",\"hold\":\"h\",\"meta\":{");
        for (uint32_t i = 0; i < 900; i++) {
            text_format(&text, "\"%x\":1,", i);
        }
        text_put(&text, last == 0 ? "\"\":1}}" : "\"2a\":1}}");
        assert_false(text.full);
        if (last == 0) {
            (void)parsed(text.bytes);
        } else {
            assert_refused(span_of(text.bytes), "/meta/2a");
        }
    }
}

/* meta holding so many arrays within each other, or objects where objects is set. */
static struct span nested(char *memory, size_t capacity, uint32_t levels, bool objects)
{
    struct text text;
    text_init(&text, memory, capacity);
    text_put(&text, "{\"id\":\"a\",\"kind\":\"release\",\"hold\":\"h\",\"meta\":{\"x\":");
    for (uint32_t i = 0; i < levels; i++) {
        text_put(&text, objects ? "{\"a\":" : "[");
    }
    text_put(&text, objects ? "1" : "");
    for (uint32_t i = 0; i < levels; i++) {
        text_put(&text, objects ? "}" : "]");
    }
    text_put(&text, "}}");
    assert_false(text.full);
    return (struct span){text.bytes, (uint32_t)text.size};
}

static void takes_32_levels_and_refuses_the_33rd(void **state)
{
    (void)state;
    static char memory[1024];
    struct job job;
    for (uint32_t objects = 0; objects < 2; objects++) {
        struct span body = nested(memory, sizeof memory, 30, objects);
        assert_true(job_parse(body, SPAN_NONE, &arena, &job, &fault));
        body = nested(memory, sizeof memory, 31, objects);
        assert_false(job_parse(body, SPAN_NONE, &arena, &job, &fault));
        assert_memory_equal(fault.pointer.bytes, objects ? "/meta/x/a/a" : "/meta/x/0/0", 11);
        assert_int_equal(fault.pointer.size, strlen("/meta/x") + 30 * strlen("/a"));
    }
}

static void message_id_must_equal_the_id(void **state)
{
    (void)state;
    struct job job;
    const struct span body = span_of("{\"id\":\"a\",\"kind\":\"release\",\"hold\":\"h\"}");
    assert_true(job_parse(body, SPAN_OF("a"), &arena, &job, &fault));
    assert_false(job_parse(body, SPAN_OF("b"), &arena, &job, &fault));
    assert_text(fault.pointer, "/id");
    assert_false(job_parse(body, SPAN_OF(""), &arena, &job, &fault));
}

static void a_long_pointer_is_cut_after_a_whole_step(void **state)
{
    (void)state;
    static char memory[4096];
    struct text text;
    text_init(&text, memory, sizeof memory);
    text_put(&text, "{\"id\":\"a\",\"kind\":\"release\",\"hold\":\"h\",\"meta\":{\"k\":{\"");
    for (uint32_t i = 0; i < 2 * JOB_POINTER_MAX; i++) {
        text_put(&text, "/");
    }
    text_put(&text, "\":NaN}}}");
    assert_false(text.full);
    assert_refused(span_of(text.bytes), "/meta/k");
}

static void a_malformed_job_leaves_only_its_fault_in_the_arena(void **state)
{
    (void)state;
    assert_refused(span_of("{\"id\":\"\\u0061\",\"meta\":{\"\\u0061\":1},\"hold\":1}"), "/hold");
    assert_true(arena.used < 64);
}

static const struct glimpse_case {
    const char *name;
    const char *body;
    const char *id; /* NULL: cannot be answered */
    const char *kind;
    const char *store;
} glimpse_cases[] = {
    {"an unknown field", "{\"id\":\"a\",\"store\":\"s\",\"x\":[{}]}", "a", "checkout", "s"},
    {"U+0000 elsewhere", "{\"id\":\"a\",\"customer\":\"\\u0000\"}", "a", "checkout", NULL},
    {"a lone surrogate elsewhere", "{\"a\":\"\\ud800\",\"id\":\"a\"}", "a", "checkout", NULL},
    {"a key twice elsewhere", "{\"x\":1,\"x\":2,\"id\":\"a\",\"kind\":\"set\"}", "a", "set", NULL},
    {"an id written with escapes", "{\"\\u0069d\":\"\\u0061\"}", "a", "checkout", NULL},
    {"an unknown kind", "{\"id\":\"a\",\"kind\":\"buy\"}", "a", NULL, NULL},
    {"a kind that is a number", "{\"id\":\"a\",\"kind\":1}", "a", NULL, NULL},
    {"two kinds", "{\"id\":\"a\",\"kind\":\"set\",\"kind\":\"set\"}", "a", NULL, NULL},
    {"a store that is none", "{\"id\":\"a\",\"store\":\"a b\"}", "a", "checkout", NULL},
    {"two stores", "{\"id\":\"a\",\"store\":\"s\",\"store\":\"s\"}", "a", "checkout", NULL},
    {"an id within meta too", "{\"id\":\"a\",\"meta\":{\"id\":\"b\"}}", "a", "checkout", NULL},
    {"an expire of another hold", "{\"id\":\"till:expire:h\",\"kind\":\"expire\",\"hold\":\"g\"}",
     "till:expire:h", "expire", NULL},
    {"two ids", "{\"id\":\"a\",\"id\":\"a\"}", NULL, NULL, NULL},
    {"two ids, one escaped", "{\"id\":\"a\",\"\\u0069\\u0064\":\"a\"}", NULL, NULL, NULL},
    {"two ids, one a number", "{\"id\":\"a\",\"id\":1}", NULL, NULL, NULL},
    {"an id that is a number", "{\"id\":1}", NULL, NULL, NULL},
    {"an id with a space", "{\"id\":\"a b\"}", NULL, NULL, NULL},
    {"an expire's id of another kind", "{\"id\":\"till:expire:h\"}", NULL, NULL, NULL},
    {"no id", "{\"hold\":\"h\"}", NULL, NULL, NULL},
    {"an array", "[{\"id\":\"a\"}]", NULL, NULL, NULL},
    {"no JSON", "{\"id\":\"a\",}", NULL, NULL, NULL},
    {"NaN", "{\"id\":\"a\",\"x\":NaN}", NULL, NULL, NULL},
    {"bytes after the object", "{\"id\":\"a\"} x", NULL, NULL, NULL},
    {"not UTF-8", "{\"id\":\"a\",\"x\":\"\xff\"}", NULL, NULL, NULL},
    {"nothing", "", NULL, NULL, NULL},
};

static void knows_what_an_answer_needs(void **state)
{
    const struct glimpse_case *test = *state;
    struct job_glimpse glimpse;
    const bool answerable = job_glimpse(span_of(test->body), &arena, &glimpse);
    assert_int_equal(answerable, test->id != NULL);
    if (test->id == NULL) {
        assert_int_equal(arena.used, 0);
        return;
    }
    assert_text(glimpse.id, test->id);
    assert_int_equal(span_absent(glimpse.kind), test->kind == NULL);
    assert_int_equal(span_absent(glimpse.store), test->store == NULL);
    if (test->kind != NULL) {
        assert_text(glimpse.kind, test->kind);
    }
    if (test->store != NULL) {
        assert_text(glimpse.store, test->store);
    }
}

static void answers_a_job_that_is_nested_a_thousand_times(void **state)
{
    (void)state;
    static char memory[4096];
    struct job_glimpse glimpse;
    assert_true(job_glimpse(nested(memory, sizeof memory, 1000, false), &arena, &glimpse));
    assert_text(glimpse.id, "a");
}

static void answers_a_job_that_is_too_large(void **state)
{
    (void)state;
    static char memory[2 * JOB_SIZE_MAX];
    struct job_glimpse glimpse;
    const struct span body = with_meta(memory, sizeof memory, JOB_SIZE_MAX + 100, 0);
    assert_refused(body, "");
    assert_true(job_glimpse(body, &arena, &glimpse));
    assert_text(glimpse.id, "a");
    assert_text(glimpse.kind, "release");
}

static const char *const written_cases[] = {
    "{\"id\":\"a\",\"customer\":\"c\",\"items\":[{\"sku\":\"A\",\"qty\":1}]}",
    "{\"id\":\"a\",\"kind\":\"reserve\",\"ref\":\"r\\\"\\\\\",\"customer\":\"c\",\"store\":\"s\","
    "\"items\":[{\"sku\":\"B\",\"qty\":1000000},{\"sku\":\"A\",\"qty\":1},{\"sku\":\"B\",\"qty\":"
    "1000000},{\"sku\":\"B\",\"qty\":7}],\"ttl\":5,\"replaces\":\"h\","
    "\"not_after\":\"2026-11-21T09:00:00.5+01:00\",\"meta\":{ \"a\" : 1e400 }}",
    "{\"id\":\"a\",\"kind\":\"commit\",\"hold\":\"h\",\"customer\":\"c\",\"store\":\"s\"}",
    "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"s\",\"items\":[{\"sku\":\"A\",\"qty\":1}]}",
    "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"s\"}",
    "{\"id\":\"a\",\"kind\":\"adjust\",\"pool\":\"p\",\"items\":[{\"sku\":\"A\",\"qty\":-1000000},"
    "{\"sku\":\"A\",\"qty\":-1000000},{\"sku\":\"B\",\"qty\":5},{\"sku\":\"B\",\"qty\":-5}]}",
    "{\"id\":\"a\",\"kind\":\"set\",\"items\":[{\"sku\":\"A\",\"qty\":1000000000,\"if_version\":0},"
    "{\"sku\":\"B\",\"qty\":0}]}",
    "{\"id\":\"a\",\"kind\":\"define\",\"sku\":\"A\",\"per_customer\":2,\"round\":\"r\","
    "\"opens_at\":\"2026-11-21T09:00:00Z\",\"closes_at\":null}",
    "{\"id\":\"till:expire:h\",\"kind\":\"expire\",\"hold\":\"h\",\"pool\":\"p\"}",
};

static void a_job_written_is_the_same_job(void **state)
{
    const char *const *body = *state;
    char memory[2048];
    struct text text;
    text_init(&text, memory, sizeof memory);
    const struct job before = parsed(*body);
    job_write(&before, &text);
    assert_false(text.full);
    const struct job after = parsed(text.bytes);
    assert_true(job_same(&before, &after));
    assert_true(span_equal(before.id, after.id));
    assert_true(span_equal(before.meta, after.meta));
    assert_true(before.not_after == after.not_after);
}

static void writes_the_members_in_one_order(void **state)
{
    (void)state;
    char memory[512];
    struct text text;
    text_init(&text, memory, sizeof memory);
    const struct job job = parsed("{\"meta\":{},\"items\":[{\"qty\":2,\"sku\":\"A\"}],"
                                  "\"customer\":\"c\",\"ref\":\"r\",\"id\":\"a\"}");
    job_write(&job, &text);
    assert_string_equal(text.bytes,
                        "{\"id\":\"a\",\"kind\":\"checkout\",\"ref\":\"r\",\"customer\":\"c\","
                        "\"store\":\"default\",\"items\":[{\"sku\":\"A\",\"qty\":2}],\"meta\":{}}");
}

int main(void)
{
    enum {
        GLIMPSES = sizeof glimpse_cases / sizeof glimpse_cases[0],
        WRITTEN = sizeof written_cases / sizeof written_cases[0],
    };
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test_setup(fills_in_the_defaults, begin),
        cmocka_unit_test_setup(sums_lines_of_one_sku_where_it_came_first, begin),
        cmocka_unit_test_setup(decodes_escapes_and_keeps_meta_as_sent, begin),
        cmocka_unit_test_setup(takes_100_lines_and_refuses_101, begin),
        cmocka_unit_test_setup(takes_a_meta_of_8_kib_and_no_byte_more, begin),
        cmocka_unit_test_setup(takes_a_body_of_64_kib_and_no_byte_more, begin),
        cmocka_unit_test_setup(finds_a_duplicate_among_a_thousand_keys, begin),
        cmocka_unit_test_setup(takes_32_levels_and_refuses_the_33rd, begin),
        cmocka_unit_test_setup(message_id_must_equal_the_id, begin),
        cmocka_unit_test_setup(a_long_pointer_is_cut_after_a_whole_step, begin),
        cmocka_unit_test_setup(a_malformed_job_leaves_only_its_fault_in_the_arena, begin),
        cmocka_unit_test_setup(answers_a_job_that_is_nested_a_thousand_times, begin),
        cmocka_unit_test_setup(answers_a_job_that_is_too_large, begin),
        cmocka_unit_test_setup(writes_the_members_in_one_order, begin),
    };
    enum { FIXED = sizeof fixed / sizeof fixed[0] };
    struct CMUnitTest tests[FIXED + GLIMPSES + WRITTEN];
    memcpy(tests, fixed, sizeof fixed);
    for (size_t i = 0; i < GLIMPSES; i++) {
        tests[FIXED + i] = (struct CMUnitTest){.name = glimpse_cases[i].name,
                                               .test_func = knows_what_an_answer_needs,
                                               .setup_func = begin,
                                               .initial_state = (void *)&glimpse_cases[i]};
    }
    for (size_t i = 0; i < WRITTEN; i++) {
        tests[FIXED + GLIMPSES + i] =
            (struct CMUnitTest){.name = written_cases[i],
                                .test_func = a_job_written_is_the_same_job,
                                .setup_func = begin,
                                .initial_state = (void *)&written_cases[i]};
    }
    return cmocka_run_group_tests_name("job_values", tests, NULL, NULL);
}
