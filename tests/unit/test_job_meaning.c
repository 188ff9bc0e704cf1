/* SPDX-License-Identifier: Apache-2.0
 *
 * Which jobs of one id are the same job. Each row is a pair; the digest must agree with the
 * comparison. The vectors pin the digest: it is stored, and must never change. */
#include "common/contract/job_meaning.h"

#include "common/contract/job_parse.h"
#include "tests/support/test.h"

#define CART      "\"customer\":\"c\",\"items\":[{\"sku\":\"A\",\"qty\":1}]"
#define CHECKOUT  "{\"id\":\"a\"," CART "}"
#define RESERVE   "{\"id\":\"a\",\"kind\":\"reserve\"," CART "}"
#define SET(x)    "{\"id\":\"a\",\"kind\":\"set\",\"items\":[{\"sku\":\"A\",\"qty\":1" x "}]}"
#define DEFINE(x) "{\"id\":\"a\",\"kind\":\"define\",\"sku\":\"A\"" x "}"
#define WITH(x)   "{\"id\":\"a\"," CART "," x "}"
#define HOLD(x)   "{\"id\":\"a\",\"kind\":\"commit\",\"hold\":\"h\"" x "}"
#define ITEMS(x)  "{\"id\":\"a\",\"customer\":\"c\",\"items\":[" x "]}"
#define A(n)      "{\"sku\":\"A\",\"qty\":" n "}"
#define B(n)      "{\"sku\":\"B\",\"qty\":" n "}"

static const struct meaning_case {
    const char *name;
    const char *one;
    const char *other;
    bool same;
} meaning_cases[] = {
    {"order of members", CHECKOUT, "{" CART ",\"id\":\"a\"}", true},
    {"white space", CHECKOUT, " { \"id\" : \"a\" , " CART " } ", true},
    {"escapes", CHECKOUT, "{\"\\u0069d\":\"a\",\"customer\":\"\\u0063\",\"items\":[" A("1") "]}",
     true},
    {"a kind by default", CHECKOUT, WITH("\"kind\":\"checkout\""), true},
    {"a store by default", CHECKOUT, WITH("\"store\":\"default\""), true},
    {"a ttl by default", RESERVE, WITH("\"kind\":\"reserve\",\"ttl\":900"), true},
    {"a pool by default", DEFINE(""), DEFINE(",\"pool\":\"main\""), true},
    {"lines of one SKU", ITEMS(A("3") "," B("1")), ITEMS(A("1") "," B("1") "," A("2")), true},
    {"meta", WITH("\"meta\":{}"), WITH("\"meta\":{\"a\":1}"), true},
    {"not_after", CHECKOUT, WITH("\"not_after\":\"2026-01-01T00:00:00Z\""), true},
    {"one time in two zones", DEFINE(",\"opens_at\":\"2026-01-01T00:00:00Z\""),
     DEFINE(",\"opens_at\":\"2026-01-01T01:00:00.000+01:00\""), true},

    {"kind", CHECKOUT, RESERVE, false},
    {"store", WITH("\"store\":\"s\""), WITH("\"store\":\"t\""), false},
    {"a store given to a commit", HOLD(""), HOLD(",\"store\":\"default\""), false},
    {"a customer given to a commit", HOLD(""), HOLD(",\"customer\":\"c\""), false},
    {"customer", HOLD(",\"customer\":\"b\""), HOLD(",\"customer\":\"c\""), false},
    {"pool", DEFINE(""), DEFINE(",\"pool\":\"p\""), false},
    {"qty", ITEMS(A("1")), ITEMS(A("2")), false},
    {"sku", ITEMS(A("1")), ITEMS(B("1")), false},
    {"one item more", ITEMS(A("1")), ITEMS(A("1") "," B("1")), false},
    {"order of items", ITEMS(A("1") "," B("1")), ITEMS(B("1") "," A("1")), false},
    {"if_version", SET(",\"if_version\":1"), SET(",\"if_version\":2"), false},
    {"an if_version of 0", SET(""), SET(",\"if_version\":0"), false},
    {"ttl", RESERVE, WITH("\"kind\":\"reserve\",\"ttl\":901"), false},
    {"hold", HOLD(""), "{\"id\":\"a\",\"kind\":\"commit\",\"hold\":\"i\"}", false},
    {"sale", "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"s\"}",
     "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"t\"}", false},
    {"a cancel of some", "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"s\"}",
     "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"s\",\"items\":[" A("1") "]}", false},
    {"replaces", RESERVE, WITH("\"kind\":\"reserve\",\"replaces\":\"h\""), false},
    {"ref", CHECKOUT, WITH("\"ref\":\"r\""), false},
    {"ref of one beginning", WITH("\"ref\":\"12345678\""), WITH("\"ref\":\"123456781\""), false},
    {"what stands in which field", WITH("\"ref\":\"x\",\"store\":\"y\""),
     WITH("\"ref\":\"y\",\"store\":\"x\""), false},
    {"null and absent: limit", DEFINE(""), DEFINE(",\"per_customer\":null"), false},
    {"null and absent: round", DEFINE(""), DEFINE(",\"round\":null"), false},
    {"null and absent: opens_at", DEFINE(""), DEFINE(",\"opens_at\":null"), false},
    {"null and absent: closes_at", DEFINE(""), DEFINE(",\"closes_at\":null"), false},
    {"limit", DEFINE(",\"per_customer\":1"), DEFINE(",\"per_customer\":2"), false},
    {"round", DEFINE(",\"round\":\"a\""), DEFINE(",\"round\":\"b\""), false},
    {"opens_at", DEFINE(",\"opens_at\":\"2026-01-01T00:00:00Z\""),
     DEFINE(",\"opens_at\":\"2026-01-01T00:00:00.000001Z\""), false},
    {"opens_at and closes_at", DEFINE(",\"opens_at\":\"2026-01-01T00:00:00Z\""),
     DEFINE(",\"closes_at\":\"2026-01-01T00:00:00Z\""), false},
};

static const struct vector {
    const char *body;
    uint64_t digest;
} vectors[] = {
    {CHECKOUT, UINT64_C(0x06efc3e9960ab5a3)},
    {HOLD(""), UINT64_C(0xa0d14dd953b99031)},
    {"{\"id\":\"a\",\"kind\":\"reserve\",\"ref\":\"1001\",\"customer\":\"c-981\",\"store\":"
     "\"eu-web\",\"items\":[{\"sku\":\"PS5\",\"qty\":1},{\"sku\":\"VINTAGE-DRESS-1920\","
     "\"qty\":2}],\"ttl\":60,\"replaces\":\"1000.1\"}",
     UINT64_C(0xc6de3d8304bb49d0)},
    {SET(",\"if_version\":4711"), UINT64_C(0xd53751732ac7baa5)},
    {DEFINE(",\"per_customer\":2,\"round\":null,\"opens_at\":\"2026-11-21T09:00:00Z\""),
     UINT64_C(0x1562cde49bd57b3a)},
    {"{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"s\"}", UINT64_C(0x1937a9f419964284)},
};

static char memory[2 * JOB_MEMORY_MAX];
static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, memory, sizeof memory);
    return 0;
}

static struct job parsed(const char *body)
{
    struct job job;
    struct job_fault fault;
    const struct span span = {body, (uint32_t)strlen(body)};
    if (!job_parse(span, SPAN_NONE, &arena, &job, &fault)) {
        fail_msg("%s: %.*s %.*s", body, SPAN_ARGUMENTS(fault.pointer), SPAN_ARGUMENTS(fault.text));
    }
    return job;
}

static void means_the_same_or_not(void **state)
{
    const struct meaning_case *test = *state;
    const struct job one = parsed(test->one);
    const struct job other = parsed(test->other);
    assert_int_equal(job_same(&one, &other), test->same);
    assert_int_equal(job_same(&other, &one), test->same);
    assert_int_equal(job_digest(&one) == job_digest(&other), test->same);
}

static void the_digest_never_changes(void **state)
{
    const struct vector *vector = *state;
    const struct job job = parsed(vector->body);
    if (job_digest(&job) != vector->digest) {
        fail_msg("0x%016llx", (unsigned long long)job_digest(&job));
    }
}

int main(void)
{
    enum {
        PAIRS = sizeof meaning_cases / sizeof meaning_cases[0],
        VECTORS = sizeof vectors / sizeof vectors[0],
    };
    struct CMUnitTest tests[PAIRS + VECTORS];
    for (size_t i = 0; i < PAIRS; i++) {
        tests[i] = (struct CMUnitTest){.name = meaning_cases[i].name,
                                       .test_func = means_the_same_or_not,
                                       .setup_func = begin,
                                       .initial_state = (void *)&meaning_cases[i]};
    }
    for (size_t i = 0; i < VECTORS; i++) {
        tests[PAIRS + i] = (struct CMUnitTest){.name = vectors[i].body,
                                               .test_func = the_digest_never_changes,
                                               .setup_func = begin,
                                               .initial_state = (void *)&vectors[i]};
    }
    return cmocka_run_group_tests_name("job_meaning", tests, NULL, NULL);
}
