/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames in a stream of bytes: found, not all there, or no AMQP; and written into bounded memory.
 */
#include "worker/rabbit/frame.h"

#include "tests/support/test.h"

static const struct stream_case {
    const char *name;
    const char *bytes;
    size_t size;
    enum frame_answer answer;
} stream_cases[] = {
    {"nothing", "", 0, FRAME_INCOMPLETE},
    {"six bytes", "\1\0\1\0\0\0", 6, FRAME_INCOMPLETE},
    {"a heartbeat", "\10\0\0\0\0\0\0\316", 8, FRAME_FOUND},
    {"a heartbeat without its end", "\10\0\0\0\0\0\0", 7, FRAME_INCOMPLETE},
    {"another end", "\10\0\0\0\0\0\0\0", 8, FRAME_BROKEN},
    {"a method of 3 bytes", "\1\0\1\0\0\0\3\0\74\0\316", 11, FRAME_BROKEN},
    {"larger than agreed", "\3\0\1\0\0\37\371", 7, FRAME_BROKEN},
    {"the largest that was agreed", "\3\0\1\0\0\37\370", 7, FRAME_INCOMPLETE},
    {"the largest that can be said", "\3\0\1\377\377\377\377", 7, FRAME_BROKEN},
    {"another protocol", "HTTP/1.1 400 Bad Request", 24, FRAME_BROKEN},
};

static void finds_a_frame_or_says_why_not(void **state)
{
    const struct stream_case *test = *state;
    struct frame frame;
    size_t size = 0;
    assert_int_equal(frame_find(test->bytes, test->size, 8192, &frame, &size), test->answer);
}

static void what_does_not_fit_is_dropped_and_remembered(void **state)
{
    (void)state;
    char bytes[16];
    struct frames frames = {.bytes = bytes, .capacity = sizeof bytes};
    frames_begin_method(&frames, 1, METHOD_BASIC_ACK);
    frames_long_long(&frames, 1);
    frames_octet(&frames, 1);
    frames_end(&frames);
    assert_true(frames.full);
    assert_true(frames.size <= sizeof bytes);
}

static void a_name_is_never_longer_than_its_size_can_say(void **state)
{
    (void)state;
    char bytes[512];
    static char lengthy[SHORT_TEXT_MAX + 1];
    struct frames frames = {.bytes = bytes, .capacity = sizeof bytes};
    expect_assert_failure(frames_short_text(&frames, (struct span){lengthy, sizeof lengthy}));
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int main(void)
{
    struct CMUnitTest tests[2 + COUNT(stream_cases)] = {
        cmocka_unit_test(what_does_not_fit_is_dropped_and_remembered),
        cmocka_unit_test(a_name_is_never_longer_than_its_size_can_say),
    };
    for (size_t i = 0; i < COUNT(stream_cases); i++) {
        tests[2 + i] = (struct CMUnitTest){.name = stream_cases[i].name,
                                           .test_func = finds_a_frame_or_says_why_not,
                                           .initial_state = (void *)&stream_cases[i]};
    }
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
