/* SPDX-License-Identifier: Apache-2.0
 *
 * The published contract says what the code does: every example is read as it is meant, and the
 * schemas list the words and fields that the code's tables list. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "common/base/limits.h"
#include "common/contract/job_field.h"
#include "common/contract/job_parse.h"
#include "common/contract/names.h"
#include "tests/support/test.h"
#include "till/event.h"
#include "till/job.h"

#define PATH_SIZE 512

#define POOL(name) \
    "{\"source\":\"/till\",\"id\":\"a\",\"type\":\"till.x.y\",\"data\":{\"pool\":\"" name "\"}}"

static void join(char *path, const char *folder, const char *name)
{
    struct text text;
    text_init(&text, path, PATH_SIZE);
    text_format(&text, "%s/%s%s%s", TILL_CONTRACT_FOLDER, folder, folder[0] == '\0' ? "" : "/",
                name);
    assert_false(text.full);
}

static struct json_object *load(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    join(path, folder, name);
    struct json_object *object = json_object_from_file(path);
    assert_non_null(object);
    return object;
}

static size_t read_file(const char *folder, const char *name, char *bytes, size_t capacity)
{
    char path[PATH_SIZE];
    join(path, folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, capacity, file);
    (void)fclose(file); /* it was only read */
    assert_true(size > 0 && size < capacity);
    return size;
}

/* Calls check for every file of the folder; returns how many. */
static size_t for_each(const char *folder, void (*check)(const char *folder, const char *name))
{
    char path[PATH_SIZE];
    size_t count = 0;
    join(path, folder, "");
    DIR *entries = opendir(path);
    assert_non_null(entries);
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (entry->d_name[0] != '.') {
            check(folder, entry->d_name);
            count++;
        }
    }
    (void)closedir(entries); /* it was only read */
    return count;
}

static void check_job(const char *folder, const char *name)
{
    static char body[JOB_SIZE_MAX];
    struct till_fault fault;
    const size_t size = read_file(folder, name, body, sizeof body);
    if (!till_job_check(body, size, &fault)) {
        fail_msg("%s: %s %s", name, fault.pointer, fault.text);
    }
}

static void check_event(const char *folder, const char *name)
{
    static char body[JOB_SIZE_MAX];
    static struct till_event event;
    const size_t size = read_file(folder, name, body, sizeof body);
    if (!till_event_read(body, size, &event)) {
        fail_msg("%s: not read", name);
    }
    assert_memory_equal(event.type, "till.", strlen("till."));
    assert_memory_equal(event.type + strlen("till."), name, strlen(event.type) - strlen("till."));
}

static void accepts_every_job_among_the_examples(void **state)
{
    (void)state;
    assert_true(for_each("examples/jobs", check_job) >= KIND_COUNT);
}

static void reads_every_event_among_the_examples(void **state)
{
    (void)state;
    assert_true(for_each("examples/events", check_event) >= OUTCOME_COUNT);
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);
    assert_true(json_object_is_type(value, json_type_string));
    return json_object_get_string(value);
}

static void refuses_what_the_examples_refuse(void **state)
{
    (void)state;
    struct json_object *list = load("examples", "refused.json");
    const size_t count = json_object_array_length(list);
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        struct json_object *example = json_object_array_get_idx(list, i);
        const char *body = text_of(example, "body");
        struct till_fault fault;
        if (till_job_check(body, strlen(body), &fault)) {
            fail_msg("accepted: %s", text_of(example, "name"));
        }
        assert_string_equal(fault.pointer, text_of(example, "pointer"));
        assert_int_equal(till_job_slot(body, strlen(body)), -1);
    }
    (void)json_object_put(list); /* it says whether it was the last reference */
}

/* Goes down by keys, up to a NULL. */
static struct json_object *within(struct json_object *object, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        if (!json_object_object_get_ex(object, *keys, &object)) {
            fail_msg("no member %s", *keys);
        }
    }
    return object;
}
#define WITHIN(object, ...) within(object, (const char *const[]){__VA_ARGS__, NULL})

static void assert_lists(struct json_object *list, uint32_t index, const char *word)
{
    struct json_object *found = json_object_array_get_idx(list, index);
    if (word == NULL) {
        assert_null(found);
    } else {
        assert_string_equal(json_object_get_string(found), word);
    }
}

static void schemas_list_the_words_of_the_code(void **state)
{
    (void)state;
    struct json_object *job = load("", "job.schema.json");
    struct json_object *event = load("", "event.schema.json");
    struct json_object *data =
        WITHIN(event, "$defs", "decision", "properties", "data", "properties");
    struct json_object *kinds = WITHIN(job, "properties", "kind", "enum");
    struct json_object *decided = WITHIN(data, "kind", "enum");
    assert_int_equal(json_object_array_length(kinds), KIND_COUNT);
    assert_int_equal(json_object_array_length(decided), KIND_COUNT);
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        assert_lists(kinds, i, kind_text((enum kind)i));
        assert_lists(decided, i, kind_text((enum kind)i));
    }
    struct json_object *outcomes = WITHIN(data, "outcome", "enum");
    assert_int_equal(json_object_array_length(outcomes), OUTCOME_COUNT);
    for (uint32_t i = 0; i < OUTCOME_COUNT; i++) {
        assert_lists(outcomes, i, outcome_text((enum outcome)i));
    }
    /* A decision's reason is null instead of sold_out, which only a fault has. */
    struct json_object *reasons = WITHIN(data, "reason", "enum");
    struct json_object *faults = WITHIN(event, "$defs", "fault", "properties", "reason", "enum");
    assert_int_equal(json_object_array_length(reasons), REASON_COUNT - 1);
    assert_int_equal(json_object_array_length(faults), REASON_COUNT - 1);
    for (uint32_t i = 1; i < REASON_COUNT; i++) {
        assert_lists(reasons, i - 1, i == REASON_SOLD_OUT ? NULL : reason_text((enum reason)i));
        assert_lists(faults, i - 1, reason_text((enum reason)i));
    }
    struct json_object *answers =
        WITHIN(event, "$defs", "answer", "properties", "data", "properties", "reason", "enum");
    assert_int_equal(json_object_array_length(answers), ANSWER_REASON_COUNT);
    for (uint32_t i = 0; i < ANSWER_REASON_COUNT; i++) {
        assert_lists(answers, i, answer_reason_text((enum answer_reason)i));
    }
    (void)json_object_put(job); /* it says whether it was the last reference */
    (void)json_object_put(event);
}

/* The set of fields that a schema names, as keys or in an array. */
static uint32_t fields_of(struct json_object *schema)
{
    uint32_t fields = 0;
    enum field field;
    if (json_object_is_type(schema, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(schema); i++) {
            const char *name = json_object_get_string(json_object_array_get_idx(schema, i));
            assert_true(field_of((struct span){name, (uint32_t)strlen(name)}, &field));
            fields |= 1u << field;
        }
        return fields;
    }
    struct json_object_iterator at = json_object_iter_begin(schema);
    const struct json_object_iterator end = json_object_iter_end(schema);
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        const char *name = json_object_iter_peek_name(&at);
        assert_true(field_of((struct span){name, (uint32_t)strlen(name)}, &field));
        fields |= 1u << field;
    }
    return fields;
}

static void schema_lists_the_fields_of_each_kind(void **state)
{
    (void)state;
    struct json_object *job = load("", "job.schema.json");
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        const enum kind kind = (enum kind)i;
        struct json_object *rules = WITHIN(job, "$defs", kind_text(kind));
        assert_int_equal(fields_of(WITHIN(rules, "properties")), fields_listed(kind));
        assert_int_equal(fields_of(WITHIN(rules, "required")), fields_required(kind));
        assert_false(json_object_get_boolean(WITHIN(rules, "additionalProperties")));
    }
    (void)json_object_put(job); /* it says whether it was the last reference */
}

static void finds_the_slot_of_a_job(void **state)
{
    (void)state;
    static const char checkout[] = "{\"id\":\"a\",\"customer\":\"c\","
                                   "\"items\":[{\"sku\":\"PS5\",\"qty\":1}]}";
    static const char commit[] = "{\"id\":\"a\",\"kind\":\"commit\",\"hold\":\"h\"}";
    assert_int_equal(till_job_slot(checkout, strlen(checkout)), 278);
    static const char cancel[] = "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"s\","
                                 "\"items\":[{\"sku\":\"PS5\",\"qty\":1}]}";
    assert_int_equal(till_job_slot(commit, strlen(commit)), -1);
    assert_int_equal(till_job_slot(cancel, strlen(cancel)), -1);
}

static void refuses_a_job_of_any_size(void **state)
{
    (void)state;
    static char body[16 * 1024 * 1024];
    struct till_fault fault;
    memset(body, '[', sizeof body);
    assert_false(till_job_check(body, sizeof body, &fault));
    assert_string_equal(fault.pointer, "");
    assert_string_equal(fault.text, "must not be larger than 64 KiB");
}

static void reads_what_an_event_says(void **state)
{
    (void)state;
    static struct till_event event;
    static char body[JOB_SIZE_MAX];
    size_t size = read_file("examples/events", "checkout.sold_out.json", body, sizeof body);
    assert_true(till_event_read(body, size, &event));
    assert_string_equal(event.source, "/till");
    assert_string_equal(event.id, "1004.1");
    assert_string_equal(event.outcome, "sold_out");
    assert_string_equal(event.reason, "");
    assert_string_equal(event.customer, "c-981");
    assert_string_equal(event.routing_key, "278");
    assert_int_equal(event.item_count, 2);
    assert_string_equal(event.items[1].sku, "PAD");
    assert_int_equal(event.items[1].version, 0);
    assert_int_equal(event.fault_count, 1);
    assert_string_equal(event.faults[0].reason, "sold_out");
    assert_int_equal(event.faults[0].available, 0);
    assert_int_equal(event.faults[0].limit, -1);

    size = read_file("examples/events", "reserve.rejected.over_limit.json", body, sizeof body);
    assert_true(till_event_read(body, size, &event));
    assert_int_equal(event.faults[0].available, -1);
    assert_int_equal(event.faults[0].limit, 2);
    assert_int_equal(event.faults[0].taken, 1);

    size = read_file("examples/events", "checkout.rejected.not_on_sale.json", body, sizeof body);
    assert_true(till_event_read(body, size, &event));
    assert_string_equal(event.faults[0].opens_at, "2026-11-21T09:01:00.123456Z");
    assert_string_equal(event.faults[0].closes_at, "2026-11-21T09:02:00.123456Z");

    size = read_file("examples/events", "set.rejected.version_changed.json", body, sizeof body);
    assert_true(till_event_read(body, size, &event));
    assert_int_equal(event.faults[0].version, 4717);

    size =
        read_file("examples/events", "commit.rejected.already_committed.json", body, sizeof body);
    assert_true(till_event_read(body, size, &event));
    assert_string_equal(event.by, "1001.1.commit");

    size = read_file("examples/events", "stock.changed.json", body, sizeof body);
    assert_true(till_event_read(body, size, &event));
    assert_string_equal(event.job, "");
    assert_string_equal(event.items[0].sku, "PS5");
    assert_int_equal(event.items[0].version, 4711);
    assert_int_equal(event.items[0].available, 3);

    size = read_file("examples/events", "job.malformed.json", body, sizeof body);
    assert_true(till_event_read(body, size, &event));
    assert_string_equal(event.reason, "malformed");
    assert_string_equal(event.pointer, "/items/0/qty");
}

static void reads_nothing_that_is_no_event(void **state)
{
    (void)state;
    static const char too_long[] =
        POOL("01234567890123456789012345678901234567890123456789012345678901234");
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"source\":\"/till\",\"id\":\"a\",\"type\":\"till.x.y\"}",
        "{\"source\":\"/till\",\"id\":\"a\",\"type\":\"other.x.y\",\"data\":{}}",
        "{\"source\":\"/till\",\"id\":1,\"type\":\"till.x.y\",\"data\":{}}",
        "{\"source\":\"/till\",\"id\":\"a\",\"type\":\"till.x.y\",\"data\":{\"items\":{}}}",
        "{\"source\":\"/till\",\"id\":\"a\",\"type\":\"till.x.y\",\"data\":{\"items\":[1]}}",
        too_long,
    };
    static struct till_event event;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_false(till_event_read(bodies[i], strlen(bodies[i]), &event));
    }
    static const char future[] = "{\"source\":\"/till\",\"id\":\"a\",\"type\":\"till.x.y\","
                                 "\"new\":1,\"data\":{\"new\":[]}}";
    assert_true(till_event_read(future, strlen(future), &event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_every_job_among_the_examples),
        cmocka_unit_test(reads_every_event_among_the_examples),
        cmocka_unit_test(refuses_what_the_examples_refuse),
        cmocka_unit_test(schemas_list_the_words_of_the_code),
        cmocka_unit_test(schema_lists_the_fields_of_each_kind),
        cmocka_unit_test(finds_the_slot_of_a_job),
        cmocka_unit_test(refuses_a_job_of_any_size),
        cmocka_unit_test(reads_what_an_event_says),
        cmocka_unit_test(reads_nothing_that_is_no_event),
    };
    return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
