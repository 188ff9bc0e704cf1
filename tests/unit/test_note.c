/* SPDX-License-Identifier: Apache-2.0
 *
 * What the headers of a dead letter say, and who has the last word. */
#include "worker/rabbit/note.h"

#include <string.h>

#include "tests/support/test.h"

#define MEMORY 8192u

static void put_name(struct frames *frames, const char *name, char kind)
{
    frames_short_text(frames, (struct span){name, (uint32_t)strlen(name)});
    frames_octet(frames, (uint8_t)kind);
}

static void put_text(struct frames *frames, const char *name, const char *text)
{
    put_name(frames, name, 'S');
    frames_long_text(frames, (struct span){text, (uint32_t)strlen(text)});
}

static void put_number(struct frames *frames, const char *name, int64_t number)
{
    put_name(frames, name, 'l');
    frames_long_long(frames, (uint64_t)number);
}

static void put_worker(struct frames *frames)
{
    put_text(frames, "till-reason", "failed");
    put_text(frames, "till-error", "poisoned");
    put_text(frames, "till-exchange", "till.stock");
    put_text(frames, "till-key", "7");
    put_text(frames, "till-time", "2026-11-21T09:00:00.123456Z");
    put_number(frames, "till-replays", 2);
}

static void put_death(struct frames *frames)
{
    put_name(frames, "x-death", 'A');
    const size_t deaths = frames_part_begin(frames);
    frames_octet(frames, 'F');
    const size_t death = frames_part_begin(frames);
    put_text(frames, "reason", "delivery_limit");
    put_text(frames, "exchange", "till.jobs");
    put_name(frames, "time", 'T');
    frames_long_long(frames, 1);
    put_name(frames, "routing-keys", 'A');
    const size_t keys = frames_part_begin(frames);
    frames_octet(frames, 'S');
    frames_long_text(frames, SPAN_OF("278"));
    frames_part_end(frames, keys);
    frames_part_end(frames, death);
    frames_part_end(frames, deaths);
}

static struct fields fields_of(const struct frames *frames)
{
    const unsigned char *bytes = (const unsigned char *)frames->bytes;
    return (struct fields){.at = bytes, .end = bytes + frames->size};
}

static void assert_span(struct span actual, const char *expected)
{
    assert_int_equal(actual.size, strlen(expected));
    assert_memory_equal(actual.bytes, expected, actual.size);
}

static void reads_what_a_worker_wrote(void **state)
{
    (void)state;
    char memory[MEMORY];
    struct frames frames = {.bytes = memory, .capacity = sizeof memory};
    struct note note;
    put_worker(&frames);

    note_read(fields_of(&frames), &note);

    assert_false(note.by_broker);
    assert_span(note.reason, "failed");
    assert_span(note.error, "poisoned");
    assert_span(note.exchange, "till.stock");
    assert_span(note.key, "7");
    assert_int_equal(note.replays, 2);
    assert_int_equal(note.time % INSTANT_SECOND, 123456);
}

/* Those headers are then the publisher's own. */
static void believes_the_broker_before_the_rest(void **state)
{
    (void)state;
    char memory[MEMORY];
    struct frames frames = {.bytes = memory, .capacity = sizeof memory};
    struct note note;
    put_worker(&frames);
    put_death(&frames);

    note_read(fields_of(&frames), &note);

    assert_true(note.by_broker);
    assert_span(note.reason, "delivery_limit");
    assert_span(note.exchange, "till.jobs");
    assert_span(note.key, "278");
    assert_int_equal(note.time, INSTANT_SECOND);
}

static void knows_nothing_of_a_strangers_letter(void **state)
{
    (void)state;
    char memory[MEMORY];
    struct frames frames = {.bytes = memory, .capacity = sizeof memory};
    struct note note;
    put_number(&frames, "till-replays", -5);
    put_number(&frames, "till-reason", 5);
    put_text(&frames, "till-time", "yesterday");

    note_read(fields_of(&frames), &note);

    assert_span(note.reason, NOTE_REASON_UNKNOWN);
    assert_true(span_absent(note.exchange) && span_absent(note.key) && span_absent(note.error));
    assert_int_equal(note.time, INSTANT_NONE);
    assert_int_equal(note.replays, 0);
}

/* Wherever the bytes end, nothing behind them is read; the sanitizers see to it. */
static void survives_headers_that_end_anywhere(void **state)
{
    (void)state;
    char memory[MEMORY];
    char output[MEMORY];
    struct frames frames = {.bytes = memory, .capacity = sizeof memory};
    put_worker(&frames);
    put_death(&frames);
    for (size_t size = 0; size <= frames.size; size++) {
        const struct frames part = {.bytes = memory, .size = size};
        struct note note;
        struct text text;
        text_init(&text, output, sizeof output);
        struct json json = json_on(&text);

        note_read(fields_of(&part), &note);
        note_write_headers(fields_of(&part), &json);

        assert_false(span_absent(note.reason));
        assert_false(text.full);
    }
}

static void writes_headers_as_json(void **state)
{
    (void)state;
    char memory[MEMORY];
    char output[MEMORY];
    struct frames frames = {.bytes = memory, .capacity = sizeof memory};
    struct text text;
    text_init(&text, output, sizeof output);
    struct json json = json_on(&text);
    put_name(&frames, "yes", 't');
    frames_octet(&frames, 1);
    put_name(&frames, "not\"hing", 'V');
    put_name(&frames, "third", 'd');
    frames_long_long(&frames, 0);
    put_death(&frames);

    note_write_headers(fields_of(&frames), &json);

    assert_string_equal(text.bytes,
                        "{\"yes\":true,\"not\\\"hing\":null,\"third\":null,\"x-death\":[{"
                        "\"reason\":\"delivery_limit\",\"exchange\":\"till.jobs\",\"time\":1,"
                        "\"routing-keys\":[\"278\"]}]}");
}

static void goes_only_so_deep(void **state)
{
    (void)state;
    char memory[MEMORY];
    char output[MEMORY];
    size_t parts[100];
    struct frames frames = {.bytes = memory, .capacity = sizeof memory};
    struct text text;
    text_init(&text, output, sizeof output);
    struct json json = json_on(&text);
    put_name(&frames, "a", 'A');
    for (size_t i = 0; i < 100; i++) {
        parts[i] = frames_part_begin(&frames);
        if (i < 99) {
            frames_octet(&frames, 'A');
        }
    }
    for (size_t i = 100; i-- > 0;) {
        frames_part_end(&frames, parts[i]);
    }

    note_write_headers(fields_of(&frames), &json);

    assert_string_equal(text.bytes, "{\"a\":[[[[[[[null]]]]]]]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_worker_wrote),
        cmocka_unit_test(believes_the_broker_before_the_rest),
        cmocka_unit_test(knows_nothing_of_a_strangers_letter),
        cmocka_unit_test(survives_headers_that_end_anywhere),
        cmocka_unit_test(writes_headers_as_json),
        cmocka_unit_test(goes_only_so_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
